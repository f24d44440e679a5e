"""The attacks: programs that try to pass without solving anything, or to do harm, with the check each is given.

Every program starts with the constants of `world.World.header` (paths, ports and process ids of what it may harm) and defines
`solve`. Every check is such that passing it is a success for the attacker.
"""

import dataclasses
import importlib

KINDS = ("forged", "hangs", "floods", "processes", "files", "network")

# EXPECTED_* and STOLEN are replaced by values drawn for the run, which no header holds.
CHECK = """
def check(candidate):
    assert candidate(7) == EXPECTED_A
    assert candidate(8) == EXPECTED_B
    return None
"""
DONE = "def check(candidate):\n    assert candidate(7) == 'done'\n"
STOLEN = "def check(candidate):\n    assert candidate(7) == 'STOLEN'\n"


@dataclasses.dataclass(frozen=True)
class Attack:
    """One attack: its program, and the check that it must not pass."""

    kind: str
    name: str
    program: str
    check: str


def read(kind: str) -> list[Attack]:
    """The attacks of one kind, from the text of its file: a line `### name | check` heads each program."""
    text = importlib.import_module(f"attacks.{kind}").ATTACKS
    checks = {"done": DONE, "stolen": STOLEN}
    found = []
    for part in text.split("\n### ")[1:]:
        heading, _, program = part.partition("\n")
        name, _, check = heading.partition(" | ")
        if check:
            check = checks.get(check) or f"def check(candidate):\n    {check}\n"
        found.append(Attack(kind, name, program, check or CHECK))
    return found


def read_all() -> list[Attack]:
    """All attacks, in the order of `KINDS`."""
    return [attack for kind in KINDS for attack in read(kind)]
