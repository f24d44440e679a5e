"""Attacks: none does harm, forges a pass or outlives its sample. The short form runs by default, the whole is marked `slow`.

    python -m pytest tests/sandbox -m slow

runs every attack against a bare harness and against the sandbox, as root (where the tests run as root) and as an ordinary
user, with namespaces and without, waits 15 seconds, looks for survivors, and prints the table of docs/sandbox.md; with
CODELM_ATTACK_TABLE=docs/sandbox.md it puts the table there.
"""

import concurrent.futures
import json
import os
import pathlib
import secrets
import time

import circumstances
import pytest
from attacks import catalogue, world

pytestmark = pytest.mark.faults

SURVIVAL_SECONDS = 15
TABLE_BEGINS, TABLE_ENDS = "<!-- attacks: begin -->", "<!-- attacks: end -->"
NEEDS_NO_TIME = [
    attack.name for kind in catalogue.KINDS if kind != "hangs" for attack in catalogue.read(kind)
]
SHORT = [
    *(name for name in NEEDS_NO_TIME if name != "memory in pieces"),
    "swallowed time-outs",
    "value that hangs the check",
    "endless __eq__ and __str__",
]
# One attack of each kind.
WITNESSES = [
    "object equal to everything",
    "daemon",
    "overwriting a file",
    "TCP connection",
    "a block of memory",
    "swallowed time-outs",
]


class Run:
    """One run of the driver by a user, in a new directory, with a new token."""

    def __init__(self, user, mode, isolation, timeout=2.0, names=()):
        token = f"attack-{secrets.token_hex(8)}"
        self.place = circumstances.Place(user, token)
        output = self.place.directory / "report.json"
        said = self.place.run("attacks.driver", output, mode, isolation, str(timeout), token, *names)
        assert output.exists(), said
        self.report = json.loads(output.read_text())
        self.attacks = self.report["attacks"]

    def survivors(self):
        """Living processes that hold the run's directory or one of its numbers on their command line."""
        marks = [str(self.place.directory), *self.report["sleeps"]]
        return [pid for mark in marks for pid in world.processes_with(mark)]

    def close(self):
        self.place.close()


def test_there_are_attacks_of_every_kind_and_no_name_is_used_twice():
    attacks = catalogue.read_all()
    assert len(attacks) >= 50
    assert len({attack.name for attack in attacks}) == len(attacks)
    assert all(len(catalogue.read(kind)) >= 10 for kind in catalogue.KINDS)


@pytest.mark.parametrize(
    ("isolation", "names"),
    [("auto", SHORT), ("none", WITNESSES), pytest.param("none", SHORT, marks=pytest.mark.slow)],
    ids=["auto", "none", "none-all"],
)
def test_attacks_achieve_nothing(isolation, names):
    run = Run(os.geteuid(), "sandbox", isolation, timeout=1.0, names=names)
    try:
        assert len(run.attacks) == len(names)
        assert {name: result["harm"] for name, result in run.attacks.items() if result["harm"]} == {}
        assert run.report["still_judges"]
        assert run.survivors() == []
    finally:
        run.close()


def test_the_bare_harness_falls_to_an_attack_of_each_kind():
    run = Run(os.geteuid(), "bare", "none", names=WITNESSES)
    try:
        harmed = {name: bool(result["harm"]) for name, result in run.attacks.items()}
        assert harmed == dict.fromkeys(WITNESSES, True)
    finally:
        run.close()


def columns_of_the_table():
    """All runs of the table: its column, and what `Run` takes."""
    found = []
    for user in circumstances.users():
        name = circumstances.name_of(user)
        found.append((f"bare exec, {name}", user, "bare", "none"))
        found += [(f"{name}, {kind}", user, "sandbox", kind) for kind in circumstances.isolations(user)]
    return found


@pytest.mark.slow
def test_every_attack_under_all_circumstances(capsys):
    if any(circumstances.interpreter(user) is None for user in circumstances.users()):
        pytest.skip("no Python that an ordinary user may run")
    asked = columns_of_the_table()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = list(pool.map(lambda column: Run(*column[1:]), asked))
    try:
        columns = {name: run for (name, *_), run in zip(asked, runs, strict=True)}
        time.sleep(SURVIVAL_SECONDS)
        survivors = {name: run.survivors() for name, run in columns.items()}
        with capsys.disabled():
            print(table(columns))
        if "CODELM_ATTACK_TABLE" in os.environ:
            write_table(pathlib.Path(os.environ["CODELM_ATTACK_TABLE"]), columns)
        for column, run in columns.items():
            assert len(run.attacks) == len(catalogue.read_all())
            harm = {name: result["harm"] for name, result in run.attacks.items() if result["harm"]}
            if column.startswith("bare exec"):
                assert [name for name in run.attacks if name not in harm] == [], column
            else:
                assert harm == {}, column
                assert run.report["still_judges"], column
        assert survivors == {name: [] for name in columns}
    finally:
        for run in runs:
            run.close()


def table(columns):
    """The result as Markdown: what each attack achieved, or how it ended."""
    lines = ["", f"| kind | attack | {' | '.join(columns)} |", "|---|---|" + "---|" * len(columns)]
    for attack in catalogue.read_all():
        cells = []
        for run in columns.values():
            result = run.attacks[attack.name]
            cells.append(f"**{', '.join(result['harm'])}**" if result["harm"] else result["outcome"])
        lines.append(f"| {attack.kind} | {attack.name} | {' | '.join(cells)} |")
    layers = [
        f"- {name}: {', '.join(run.report['layers'])}"
        for name, run in columns.items()
        if "layers" in run.report
    ]
    return "\n".join([*lines, "", "Layers that held:", "", *layers, ""])


def write_table(path, columns):
    """Puts the table between its two marks in a document."""
    before, _, rest = path.read_text().partition(TABLE_BEGINS)
    _, _, after = rest.partition(TABLE_ENDS)
    path.write_text(f"{before}{TABLE_BEGINS}\n{table(columns)}\n{TABLE_ENDS}{after}")
