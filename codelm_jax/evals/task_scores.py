"""What the verdicts on a set of tasks add up to: pass@k, the validity ladder, and the failures."""

import collections
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import pydantic.dataclasses

from codelm_jax.evals.judging import TaskSample
from codelm_jax.evals.statistics import (
    ClusteredRate,
    clustered_interval,
    clustered_rate,
    pass_at_k,
    wilson_interval,
)
from codelm_jax.evals.suite import READABLE, SuiteResult
from codelm_jax.sandbox.verdict import RUNGS

PASS_AT = (1, 10, 100)


@pydantic.dataclasses.dataclass(frozen=True, config=READABLE)
class Score:
    """A pass@k with its interval, a bootstrap over tasks."""

    value: float
    low: float
    high: float


@pydantic.dataclasses.dataclass(frozen=True, config=READABLE)
class TaskCount:
    """Samples of a task, and how many passed."""

    passed: int
    samples: int


@pydantic.dataclasses.dataclass(frozen=True, kw_only=True, config=READABLE)
class TaskResult(SuiteResult):
    """Verdicts on the samples of every task.

    Attributes:
        seed: of the samples.
        sampling: from `Sampling.as_json`.
        context_length: of the model.
        layers: of the sandbox that held.
        tasks: number of them.
        samples_per_task: samples of each.
        answerable: tasks that fit the context with their solution.
        score, answerable_score: `pass@k` -> score, for every k up to the number of samples.
        ladder: rung -> rate of samples that reached it.
        failures: class of failure -> samples, most frequent first.
        by_task: counts of each.
        samples: all of them.
        overflowing: tasks whose prompt leaves no room in the context.
        unseen: tasks that no function of the training data solves; None where that was not searched.
        unseen_score: as `score`, of these.
    """

    seed: int
    sampling: Mapping[str, Any]
    context_length: int
    layers: tuple[str, ...]
    tasks: int
    samples_per_task: int
    answerable: int
    score: Mapping[str, Score]
    answerable_score: Mapping[str, Score]
    ladder: Mapping[str, ClusteredRate]
    failures: Mapping[str, int]
    by_task: Mapping[str, TaskCount]
    samples: tuple[TaskSample, ...]
    overflowing: int
    unseen: int | None = None
    unseen_score: Mapping[str, Score] = dataclasses.field(default_factory=dict)


def score_tasks(
    done: Mapping[str, Sequence[TaskSample]],
    answerable: Sequence[str],
    unseen: Sequence[str] | None,
    samples_per_task: int,
    seed: int,
) -> dict[str, Any]:
    """The fields of `TaskResult` that follow from the samples of each task.

    Args:
        done: task -> its samples; none where the prompt overflows the context.
        answerable: tasks that fit the context with their solution.
        unseen: tasks that no function of the training data solves; None where that was not searched.
        samples_per_task: that were asked for.
        seed: of the bootstrap.
    """
    passed = {task: sum(sample.failure is None for sample in samples) for task, samples in done.items()}
    judged = {task: samples for task, samples in done.items() if samples}
    samples = [sample for of_task in judged.values() for sample in of_task]
    failures = collections.Counter(sample.failure for sample in samples if sample.failure is not None)
    return {
        "layers": tuple(sorted({layer for sample in samples for layer in sample.layers})),
        "tasks": len(done),
        "samples_per_task": samples_per_task,
        "answerable": len(answerable),
        "score": _score(passed, samples_per_task, seed),
        "answerable_score": _score({task: passed[task] for task in answerable}, samples_per_task, seed),
        "unseen": None if unseen is None else len(unseen),
        "unseen_score": _score({task: passed[task] for task in unseen or ()}, samples_per_task, seed),
        "ladder": {
            rung: clustered_rate(
                {task: [s.reached(rung) for s in of_task] for task, of_task in judged.items()}, seed
            )
            for rung in RUNGS[1:]
        },
        "failures": dict(failures.most_common()),
        "by_task": {task: TaskCount(passed[task], len(of_task)) for task, of_task in done.items()},
        "samples": tuple(samples),
    }


def _score(passed: Mapping[str, int], samples_per_task: int, seed: int) -> dict[str, Score]:
    """Mean pass@k over tasks; one without samples has passed none of its own."""
    scores = {}
    for k in PASS_AT:
        if k > samples_per_task or not passed:
            continue
        values = [pass_at_k(samples_per_task, correct, k) for correct in passed.values()]
        value = sum(values) / len(values)
        low, high = clustered_interval([[value] for value in values], seed)
        if value in (0.0, 1.0):
            # Where all tasks agree, a bootstrap has nothing to draw and would claim certainty.
            low, high = wilson_interval(round(value * len(values)), len(values))
        scores[f"pass@{k}"] = Score(value, low, high)
    return scores
