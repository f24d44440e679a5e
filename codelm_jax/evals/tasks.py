"""Tasks that run: samples for each task, judged in the sandbox; validity ladder, failures and pass@k.

A task whose prompt leaves no room in the context is never truncated: it counts as failed in the full score, and a
second score covers the answerable subset, the tasks whose prompt fits together with its canonical solution.
"""

import collections
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from codelm_jax.evals.interfaces import Codec, Completion, Generate, Report, no_report
from codelm_jax.evals.samples import sample_record
from codelm_jax.evals.statistics import clustered_interval, clustered_rate, pass_at_k, wilson_interval
from codelm_jax.sandbox.verdict import RUNGS, Job, Verdict
from codelm_jax.text.definitions import end_of_definition
from codelm_jax.text.parsing import adds_statement, parse, parses

JudgeAll = Callable[[Sequence[Job]], Sequence[Verdict]]
Records = list[dict[str, Any]]
PASS_AT = (1, 10, 100)
# Enough to fill the rows that are decoded at once; few enough that an interruption costs little.
_SAMPLES_AT_ONCE = 320


@dataclasses.dataclass(frozen=True)
class Task:
    """One task, ready to be put to a model.

    Attributes:
        id: its name.
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


@dataclasses.dataclass(frozen=True)
class TaskSampling:
    """How to sample; the defaults are the Codex paper's for pass@1."""

    samples_per_task: int = 20
    temperature: float = 0.2
    top_k: int = 0
    top_p: float = 0.95
    max_new_tokens: int = 256
    stop: tuple[str, ...] = ()


def evaluate_tasks(
    suite: str,
    tasks: Sequence[Task],
    generate: Generate,
    judge_all: JudgeAll,
    codec: Codec,
    band: Mapping[str, Any],
    *,
    sampling: TaskSampling,
    context_length: int,
    seed: int,
    finished: Mapping[str, Records] | None = None,
    on_task: Callable[[str, Records], None] | None = None,
    report: Report = no_report,
) -> dict[str, Any]:
    """Samples, judges and scores every task.

    Args:
        suite: name of the set of tasks.
        tasks: what to do.
        generate: the model.
        judge_all: the sandbox.
        codec: the tokenizer.
        band: the human band, for samples that collapsed.
        sampling: how to sample.
        context_length: tokens that prompt, the `<|endoftext|>` before it and completion may have together.
        seed: of the sampling.
        finished: tasks that an interrupted run has done already, as `on_task` was given them. The rest comes out as if
            there had been no interruption.
        on_task: told each task's samples as they are judged, to save them.
        report: told how many tasks are done.

    Returns:
        `{"suite", "seed", "sampling", "context_length", "layers", "tasks", "samples_per_task", "overflowing",
        "answerable", "score", "answerable_score", "ladder", "failures", "by_task", "samples"}`. Scores hold `pass@k`
        with `value, low, high` (bootstrap over tasks), for every k up to the number of samples.
    """
    limits = {task.id: _room(task, codec, sampling, context_length) for task in tasks}
    done: dict[str, Records] = {task.id: list((finished or {}).get(task.id, [])) for task in tasks}
    possible = [task for task in tasks if limits[task.id] > 0]
    report(sum(bool(done[task.id]) for task in possible), len(possible))
    for number, batch in enumerate(_batches(possible, sampling.samples_per_task)):
        if all(done[task.id] for task in batch):
            continue
        completions = generate(
            [task.prompt for task in batch],
            sampling.samples_per_task,
            temperature=sampling.temperature,
            top_k=sampling.top_k,
            top_p=sampling.top_p,
            max_new_tokens=[limits[task.id] for task in batch],
            stop=sampling.stop,
            seed=(seed + number) % 2**32,
        )
        fresh = _judge(batch, completions, judge_all, codec, band)
        for task_id, records in fresh.items():
            done[task_id] = records
            if on_task is not None:
                on_task(task_id, records)
        report(sum(bool(done[task.id]) for task in possible), len(possible))
    answerable = [task.id for task in tasks if _is_answerable(task, codec, context_length)]
    return {
        "suite": suite,
        "seed": seed,
        "sampling": dataclasses.asdict(sampling),
        "context_length": context_length,
        **_results(done, answerable, sampling.samples_per_task, seed),
        "overflowing": len(tasks) - len(possible),
    }


def _room(task: Task, codec: Codec, sampling: TaskSampling, context_length: int) -> int:
    """New tokens the task may have; 0 or less where the prompt fills the context."""
    return min(sampling.max_new_tokens, context_length - 1 - len(codec.encode(task.prompt)))


def _is_answerable(task: Task, codec: Codec, context_length: int) -> bool:
    return 1 + len(codec.encode(task.prompt + task.solution)) <= context_length


def _batches(tasks: Sequence[Task], samples_per_task: int) -> Iterator[Sequence[Task]]:
    """Tasks that are sampled together; it depends on nothing but what is asked."""
    size = max(1, _SAMPLES_AT_ONCE // samples_per_task)
    for begin in range(0, len(tasks), size):
        yield tasks[begin : begin + size]


def _judge(
    batch: Sequence[Task],
    completions: Sequence[Sequence[Completion]],
    judge_all: JudgeAll,
    codec: Codec,
    band: Mapping[str, Any],
) -> dict[str, Records]:
    pairs = [(task, completion) for task, row in zip(batch, completions, strict=True) for completion in row]
    verdicts = judge_all([_job(task, completion.text) for task, completion in pairs])
    records: dict[str, Records] = {task.id: [] for task in batch}
    for (task, completion), verdict in zip(pairs, verdicts, strict=True):
        record = sample_record(task.id, task.prompt, completion, codec, band)
        # After a prompt that ends in a docstring, nothing at all is a program that runs.
        wrote = verdict.passed or _wrote(task, completion.text)
        records[task.id].append(
            {
                **record,
                "outcome": verdict.outcome,
                "exception": verdict.exception,
                "rung": verdict.rung if wrote else RUNGS[0],
                "failure": _failure(verdict, record["collapsed"], wrote),
                "seconds": round(verdict.seconds, 4),
                "layers": list(verdict.layers),
            }
        )
    return records


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


def _results(
    done: Mapping[str, Records], answerable: Sequence[str], samples_per_task: int, seed: int
) -> dict[str, Any]:
    passed = {task_id: sum(r["failure"] is None for r in records) for task_id, records in done.items()}
    judged = {task_id: records for task_id, records in done.items() if records}
    samples = [record for records in judged.values() for record in records]
    failures = collections.Counter(r["failure"] for r in samples if r["failure"] is not None)
    return {
        "layers": sorted({layer for record in samples for layer in record["layers"]}),
        "tasks": len(done),
        "samples_per_task": samples_per_task,
        "answerable": len(answerable),
        "score": _score(passed, samples_per_task, seed),
        "answerable_score": _score(
            {task_id: passed[task_id] for task_id in answerable}, samples_per_task, seed
        ),
        "ladder": {
            rung: clustered_rate(
                {
                    key: [RUNGS.index(r["rung"]) >= RUNGS.index(rung) for r in records]
                    for key, records in judged.items()
                },
                seed,
            )
            for rung in RUNGS[1:]
        },
        "failures": dict(failures.most_common()),
        "by_task": {key: {"passed": passed[key], "samples": len(records)} for key, records in done.items()},
        "samples": samples,
    }


def _score(passed: Mapping[str, int], samples_per_task: int, seed: int) -> dict[str, Any]:
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
        scores[f"pass@{k}"] = {"value": value, "low": low, "high": high}
    return scores
