"""Tasks whose samples are run: the program of a sample, and what its verdict means."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import pydantic.dataclasses

from codelm_jax.evals.interfaces import Codec, JudgeAll, SampledText
from codelm_jax.evals.samples import Sample, sample_of
from codelm_jax.evals.suite import READABLE
from codelm_jax.sandbox.verdict import RUNGS, Job, Verdict
from codelm_jax.text.definitions import end_of_definition
from codelm_jax.text.parsing import adds_statement, parse, parses


@dataclasses.dataclass(frozen=True)
class Task:
    """One task.

    Attributes:
        id: name.
        prompt: what the model continues.
        source: the trusted end of the prompt that its completion completes to a program; "" where the completion is
            the whole program.
        entry_point: what the check calls.
        check: trusted source, as `sandbox.verdict.Job` takes it.
        solution: the canonical completion; "" where none is known.
        cut: whether a completion ends for the judge where the definition ends that `source` begins. If not, all of it
            is judged, as the benchmark's own harness does.
    """

    id: str
    prompt: str
    source: str
    entry_point: str
    check: str
    solution: str
    cut: bool = True


@pydantic.dataclasses.dataclass(frozen=True, kw_only=True, config=READABLE)
class TaskSample(Sample):
    """A sample and its verdict.

    Attributes:
        outcome: of the sandbox.
        exception: the builtin exception class behind it; "" where there is none.
        rung: the highest rung of the validity ladder.
        failure: class of the first thing that went wrong; None where it passed.
        seconds: wall time in the sandbox.
        layers: of the sandbox that held.
    """

    outcome: str
    exception: str
    rung: str
    failure: str | None
    seconds: float
    layers: tuple[str, ...]

    def reached(self, rung: str) -> bool:
        """Whether the sample got to this rung of the ladder, or a higher one."""
        return RUNGS.index(self.rung) >= RUNGS.index(rung)


def judge(
    tasks: Sequence[Task],
    sampled: Sequence[Sequence[SampledText]],
    judge_all: JudgeAll,
    codec: Codec,
    band: Mapping[str, Any],
) -> dict[str, list[TaskSample]]:
    """Runs the samples of some tasks, a row a task; returns them by the task's id."""
    pairs = [(task, text) for task, row in zip(tasks, sampled, strict=True) for text in row]
    verdicts = judge_all([_job(task, text.text) for task, text in pairs])
    judged: dict[str, list[TaskSample]] = {task.id: [] for task in tasks}
    for (task, text), verdict in zip(pairs, verdicts, strict=True):
        # After a prompt that ends in a docstring, an empty completion is a program that runs.
        wrote = verdict.passed or _wrote(task, text.text)
        sample = sample_of(
            TaskSample,
            task.id,
            task.prompt,
            text,
            codec,
            band,
            outcome=verdict.outcome,
            exception=verdict.exception,
            rung=verdict.rung if wrote else RUNGS[0],
            failure=None,
            seconds=round(verdict.seconds, 4),
            layers=verdict.layers,
        )
        failure = _failure(verdict, sample.collapsed, wrote)
        judged[task.id].append(dataclasses.replace(sample, failure=failure))
    return judged


def _wrote(task: Task, completion: str) -> bool:
    """Whether a completion adds a statement to its prompt."""
    if task.cut:
        return parses(task.source, completion, hit_limit=False)
    program = parse(task.source + completion)
    return program is not None and adds_statement(program, task.source)


def _failure(verdict: Verdict, collapsed: bool, wrote: bool) -> str | None:
    """The class of the first thing that went wrong."""
    if verdict.passed:
        return None
    if collapsed:
        return "collapse"
    if not wrote and verdict.rung != RUNGS[0]:
        return "no statement"
    return (
        f"{verdict.outcome}: {verdict.exception}" if verdict.outcome == "runtime error" else verdict.outcome
    )


def _job(task: Task, completion: str) -> Job:
    """The program of one sample."""
    if not task.cut:
        # In the harness a newline and the check follow, so a backslash at the end is no error before an empty line.
        completion += "\n" * (1 + len(task.check) - len(task.check.lstrip("\n")))
    elif task.source:
        completion = completion[: end_of_definition(task.source, completion)]
    helpers = task.source if parse(task.source) is not None else ""
    return Job(
        program=task.source + completion, check=task.check, entry_point=task.entry_point, prompt=helpers
    )
