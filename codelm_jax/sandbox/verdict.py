"""The sandbox's input and output: a job, a verdict, and the outcomes."""

import dataclasses
from typing import Any, Literal, get_args

Outcome = Literal[
    "passed",
    "syntax error",  # the program does not compile
    "no entry point",  # it ran, but defines nothing callable under that name
    "runtime error",  # it raised, while loading or in a call; `exception` names the builtin class
    "wrong answer",  # the check rejected what was returned
    "timeout",
    "resource limit",  # memory, disk, or a value too large to hand over
    "crashed",  # the process ended by itself, or wrote over the channel to the judge
    "broken check",  # the trusted check failed on its own, or passed without calling the candidate
]
Rung = Literal["nothing", "parses", "defines", "runs", "passes"]

RUNGS: tuple[str, ...] = get_args(Rung)


class SandboxError(Exception):
    """The sandbox itself cannot be trusted or used; the message names what is missing and what to do."""


@dataclasses.dataclass(frozen=True)
class Job:
    """One sample to judge.

    Attributes:
        program: untrusted source, the prompt with its completion.
        check: trusted source. It may define `check(candidate)`, which is then called; otherwise running it is the
            check (a list of asserts that call the entry point by name, after their setup code). What it binds to
            `__answer__` comes back with the verdict.
        entry_point: the function's name.
        prompt: trusted source run before the check, for the helpers that checks call (HumanEval 32, 38, 50).
    """

    program: str
    check: str
    entry_point: str
    prompt: str = ""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The result of one job.

    Attributes:
        outcome: the class of the first failure, or `passed`.
        rung: the highest rung of the validity ladder (parses, defines the entry point, runs, passes).
        exception: the builtin exception class behind the outcome; empty where there is none.
        calls: calls of the candidate that were answered.
        seconds: wall-clock time from handing the program over to the outcome.
        layers: the layers of the jail that held, in the order in which they were put on.
        answer: what a check that passed bound to `__answer__`, as plain values; else None.
    """

    outcome: Outcome
    rung: Rung
    exception: str
    calls: int
    seconds: float
    layers: tuple[str, ...]
    answer: Any = None

    @property
    def passed(self) -> bool:
        """The check returned, the candidate was called, and the deadline was met."""
        return self.outcome == "passed"

    def reached(self, rung: Rung) -> bool:
        """Whether the sample reached this rung of the validity ladder."""
        return RUNGS.index(self.rung) >= RUNGS.index(rung)
