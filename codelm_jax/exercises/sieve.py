"""What becomes of a draft: it is run in the sandbox, and dropped if it fails there or is a benchmark's task in disguise.

Decontamination, levels 2 and 3: a function goes if its name is a task's entry point, its wording is a task's wording, its
alpha-normal form is that of a task's solution (level 2), or it passes a task's tests under whatever name (level 3).

Every distinct body is run once.
"""

import collections
import dataclasses
import hashlib
from collections.abc import Iterable, Sequence

from codelm_jax.exercises import probes
from codelm_jax.exercises.behaviour import examined, examining_job, task_programs
from codelm_jax.exercises.filling import Draft
from codelm_jax.exercises.wording import signature, with_imports
from codelm_jax.sandbox.pool import Sandbox
from codelm_jax.sandbox.verdict import Job
from codelm_jax.text.normal import normal_form
from codelm_jax.text.problems import Problem
from codelm_jax.text.task_index import task_index

_BATCH = 500
# Findings that are kept. A body that was forgotten is run again, with the same result.
_REMEMBERED = 30_000
_FEWEST_CASES = 4
_MOST_TESTS = 8
# One behaviour in 16 is held out.
_HELD_OUT = "0"


@dataclasses.dataclass(frozen=True)
class Finding:
    """What a run showed of one body.

    Attributes:
        tests: (arguments, value) as source.
        split: "train", "heldout", or "" where a list of anything behaves in both ways.
        fault: why the body is dropped; "" where it is not.
        tasks: ids of the tasks that it passes.
        digests: of its values on the probes.
    """

    tests: tuple[tuple[str, str], ...]
    split: str
    fault: str
    tasks: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()


class Sieve:
    """Runs drafts and says which ones may be used; remembers the latest bodies.

    Args:
        sandbox: where they run, opened with `timeout_seconds=BATCH_SECONDS`.
        problems: all benchmark tasks against which to decontaminate.
        remembered: how many bodies' findings to keep.

    Attributes:
        dropped: how many drafts went, by reason.
    """

    def __init__(self, sandbox: Sandbox, problems: Iterable[Problem], *, remembered: int = _REMEMBERED):
        self._sandbox = sandbox
        self._remembered = remembered
        self._findings: dict[bytes, Finding] = {}
        listed = list(problems)
        self._tasks = task_programs(listed)
        self._index = task_index(listed)
        self.dropped: collections.Counter[str] = collections.Counter()

    @property
    def findings(self) -> dict[bytes, Finding]:
        """What is known of the latest bodies, by a digest of kinds and alpha-normal form."""
        return self._findings

    def finding(self, draft: Draft) -> Finding:
        """What a run showed of a draft that was given to `passed`, dropped or not."""
        return self._findings[_short(_key(draft))]

    def passed(self, drafts: Sequence[Draft]) -> list[Finding | None]:
        """Returns each draft's finding, or None where it is dropped.

        Raises:
            SandboxError: the sandbox failed.
        """
        keys = [_key(draft) for draft in drafts]
        known = self._findings
        fresh = {key: draft for key, draft in zip(keys, drafts, strict=True) if _short(key) not in known}
        waiting = [(key, draft) for key, draft in fresh.items() if _form(key) not in self._index.forms]
        self._run(waiting)
        judged = [self._judged(draft, key) for draft, key in zip(drafts, keys, strict=True)]
        for short in list(known)[: max(0, len(known) - self._remembered)]:
            del known[short]
        return judged

    def _judged(self, draft: Draft, key: str) -> Finding | None:
        ask = draft.ask.removeprefix("? ").removeprefix("! ")
        match = self._index.match(draft.name, [ask], _form(key))
        fault = f"level 2: {match.reason}" if match else self._findings[_short(key)].fault
        if fault:
            self.dropped[fault] += 1
            return None
        return self._findings[_short(key)]

    def _run(self, waiting: Sequence[tuple[str, Draft]]) -> None:
        for (key, draft), answer, outcome in examined(self._sandbox, waiting, _BATCH, self._job):
            if outcome:
                self._findings[_short(key)] = Finding((), "", f"does not run: {outcome}")
            else:
                self._findings[_short(key)] = _finding(key, draft, *answer)

    def _job(self, batch: Sequence[tuple[str, Draft]]) -> Job:
        functions: list[list[object]] = []
        sets: set[str] = set()
        for key, draft in batch:
            kinds = [kind for _, kind in draft.params]
            names = probes.probe_sets(kinds)
            sets.update(names)
            functions.append([source_of(draft), draft.name, len(kinds), probes.cases(kinds, key), names])
        arguments = {name: probes.probe_arguments(name) for name in sorted(sets)}
        return examining_job(functions, self._tasks, arguments)


def source_of(draft: Draft) -> str:
    """The draft as a program, without hints and docstring."""
    body = "\n".join("    " + line for line in draft.body.split("\n"))
    return with_imports(f"{signature(draft, 'none')}\n{body}\n")


def _key(draft: Draft) -> str:
    """Kinds of the parameters, which say what it is run on, and normal form."""
    return f"{','.join(kind for _, kind in draft.params)}|{normal_form(source_of(draft), draft.name)}"


def _form(key: str) -> str:
    return key.partition("|")[2]


def _short(key: str) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=16).digest()


def _finding(key: str, draft: Draft, values: list[str], digests: list[str], tasks: list[str]) -> Finding:
    cases = probes.cases([kind for _, kind in draft.params], key)
    tests: dict[str, str] = {}
    for arguments, value in zip(cases, values, strict=True):
        if not value.startswith("!") and " at 0x" not in value:
            tests.setdefault(", ".join(map(repr, arguments)), value)
    held = [digest.startswith(_HELD_OUT) for digest in digests]
    split = "heldout" if all(held) else "" if any(held) else "train"
    fault = ""
    if len(tests) < _FEWEST_CASES:
        fault = "raises on most inputs"
    elif len(set(tests.values())) == 1:
        fault = "has one value for all inputs"
    elif tasks:
        fault = "level 3: passes a task's tests"
    return Finding(tuple(tests.items())[:_MOST_TESTS], split, fault, tuple(tasks), tuple(digests))
