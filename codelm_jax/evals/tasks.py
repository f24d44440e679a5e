"""Suites of tasks: samples for each task, run in the sandbox; validity ladder, failures and pass@k.

A task whose prompt leaves no room in the context is never truncated: it counts as failed in the full score, and a
second score covers the answerable subset, the tasks whose prompt fits together with its canonical solution.
"""

import dataclasses
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from codelm_jax.errors import UserError
from codelm_jax.evals import reference
from codelm_jax.evals.choices import Choices
from codelm_jax.evals.interfaces import Codec, Sampling
from codelm_jax.evals.judging import Task, TaskSample, judge
from codelm_jax.evals.results import digest
from codelm_jax.evals.samples import shown_sample
from codelm_jax.evals.statistics import cluster_bounds
from codelm_jax.evals.suite import Parts, Suite, SuiteInputs
from codelm_jax.evals.task_scores import Score, TaskResult, score_tasks
from codelm_jax.evals.view import Bars, Headline, PageSection, Table, View
from codelm_jax.evals.wording import bounds, capitalised, interval, number, percent, sampling_in_words

# The Codex paper's settings for pass@1.
SAMPLING = Sampling(n=20, temperature=0.2, top_k=0, top_p=0.95, max_new_tokens=256)
TASKS = PageSection(
    "tasks",
    "Programs that run",
    "Each task is a signature with a description; what the model writes is run, in a sandbox, against tests it has not "
    "seen. pass@k is the chance that at least one of k samples passes. The 2025 reference solved "
    f"{interval(reference.TASKS_PASSED)} of twenty simple tasks of its own.",
)
# Enough to fill the rows that are decoded at once; few enough that an interruption costs little.
_SAMPLES_AT_ONCE = 320
_RUNG_NAMES = {"parses": "is valid Python", "defines": "defines it", "runs": "runs", "passes": "passes"}


def evaluate_tasks(
    suite: str, tasks: Sequence[Task], sampling: Sampling, inputs: SuiteInputs, parts: Parts
) -> TaskResult:
    """Samples, judges and scores every task.

    Args:
        suite: name of the set of tasks.
        tasks: the tasks.
        sampling: how to sample; no task gets more new tokens than the context leaves.
        inputs: model and sandbox.
        parts: the samples of each finished task. After an interruption the result is the same as without.
    """
    codec, length = inputs.model.codec, inputs.model.context_length
    possible = [task for task in tasks if _room(task, codec, length) > 0]
    done: dict[str, list[TaskSample]] = {
        task.id: [TaskSample(**sample) for sample in parts.done.get(task.id, [])] for task in tasks
    }

    def report() -> None:
        inputs.report(suite, sum(bool(done[task.id]) for task in possible), len(possible))

    report()
    for number_of, batch in enumerate(_batches(possible, sampling.n)):
        if all(done[task.id] for task in batch):
            continue
        most = sampling.max_new_tokens
        assert isinstance(most, int)  # of all tasks
        asked = dataclasses.replace(
            sampling,
            max_new_tokens=tuple(min(most, _room(task, codec, length)) for task in batch),
            seed=(sampling.seed + number_of) % 2**32,
        )
        sampled = inputs.model.generate([task.prompt for task in batch], asked)
        for task_id, samples in judge(batch, sampled, inputs.judge_all, codec, inputs.model.band).items():
            done[task_id] = samples
            parts.add(task_id, [dataclasses.asdict(sample) for sample in samples])
        report()
    answerable = [task.id for task in tasks if _is_answerable(task, codec, length)]
    return TaskResult(
        suite=suite,
        seed=sampling.seed,
        sampling=sampling.as_json("task"),
        context_length=length,
        **score_tasks(done, answerable, _unseen(tasks, inputs), sampling.n, sampling.seed),
        overflowing=len(tasks) - len(possible),
    )


class TaskSuite(Suite[TaskResult]):
    """A set of tasks.

    Attributes:
        sampling: by default.
        reference_sampling: under the reference's protocol; None where the reference had none.
        compared: what the reference reached, for the headline.
    """

    section = TASKS
    result_type = TaskResult
    runs_code = True
    shows_every_setting = True
    sampling: ClassVar[Sampling]
    reference_sampling: ClassVar[Sampling | None] = None
    compared: ClassVar[str] = ""

    @abstractmethod
    def tasks(self, choices: Choices) -> list[Task]:
        """Reads the tasks.

        Raises:
            UserError: the file is missing or damaged.
        """

    def check(self, choices: Choices) -> None:
        """Reads the tasks."""
        self.tasks(choices)

    def depends_on(self, inputs: SuiteInputs) -> Mapping[str, Any]:
        """Sampling and tasks, and which of them training functions solve, where that is known."""
        tasks = self.tasks(inputs.choices)
        unseen = _unseen(tasks, inputs)
        return {
            "sampling": self._sampling_of(inputs.choices).as_json("task"),
            "tasks_sha256": digest([dataclasses.asdict(task) for task in tasks]),
            **({} if unseen is None else {"unseen_sha256": digest(unseen)}),
        }

    def run(self, inputs: SuiteInputs, parts: Parts) -> TaskResult:
        """Samples and judges; a task is a part."""
        sampling = self._sampling_of(inputs.choices)
        return evaluate_tasks(self.name, self.tasks(inputs.choices), sampling, inputs, parts)

    def view(self, result: TaskResult) -> View:
        """Scores, ladder and failures."""
        drawn = sampling_in_words(result.sampling)
        return View(
            self.title,
            tables=[
                Table(
                    self.title,
                    ["", "share and 95 % interval"],
                    _rows(result),
                    f"{capitalised(drawn)}. {_decontaminated(result)}",
                )
            ],
            headlines=[
                _headline(title, result, self.compared)
                for title in self.headlines
                if "pass@1" in result.score
            ],
            charts=[self._chart(result)],
            samples=[
                shown_sample(
                    sample,
                    "",
                    fine=sample.failure is None,
                    words="passed its tests" if sample.failure is None else f"failed: {sample.failure}",
                )
                for sample in result.samples
            ],
            verdicts={
                "good": "did not collapse and pass their tests",
                "other": "did not collapse and fail their tests",
                "collapsed": "collapsed",
            },
            scores={measure: score.value for measure, score in result.score.items()},
        )

    def unmeasured(self) -> str:
        """Nothing is known of its programs."""
        return f"Whether its programs work was not measured with {self.title}."

    def _sampling_of(self, choices: Choices) -> Sampling:
        return choices.sampling_of(self.sampling, self.reference_sampling)

    def _chart(self, result: TaskResult) -> Bars:
        rates = {name: result.ladder[rung] for rung, name in _RUNG_NAMES.items()}
        return Bars(
            name=f"ladder_{self.name}",
            title=f"{self.title}: how far its programs get",
            caption="Each rung demands more than the one above it; the thin lines are 95 % intervals.",
            about="Share of samples on each rung.",
            words=", ".join(f"{percent(found.rate)} {name}" for name, found in rates.items()),
            rates=rates,
        )


def required_file(suite: str, choices: Choices) -> str | Path:
    """The public file of a benchmark, from the flag of the suite's name.

    Raises:
        UserError: the flag is missing.
    """
    path = choices.options.get(suite)
    if path is None:
        raise UserError(
            f"--suite={suite} needs --{suite}=FILE, the public file (docs/evaluation.md says where it is)"
        )
    return path


def _rows(result: TaskResult) -> list[list[str]]:
    rows = [
        [f"{measure}, {which} {count} tasks", estimate(found)]
        for scores, which, count in (
            (result.score, "all", result.tasks),
            (
                result.answerable_score,
                "those that fit the context with their solution, all",
                result.answerable,
            ),
            (result.unseen_score, "those that no training function solves, all", result.unseen),
        )
        for measure, found in scores.items()
    ]
    if result.unseen is not None:
        rows.append(["tasks that a training function solves", number(result.tasks - result.unseen)])
    rows.append(["tasks whose prompt overflows the context, failed", number(result.overflowing)])
    rows += [[_RUNG_NAMES[rung], interval(found)] for rung, found in result.ladder.items()]
    return rows + [[f"failed: {reason}", number(count)] for reason, count in result.failures.items()]


def estimate(found: Score) -> str:
    """A score with its interval; without, where all tasks came out alike and a bootstrap had nothing to draw from."""
    known = cluster_bounds(found.low, found.high)
    return f"{percent(found.value)} {bounds(*known)}" if known else percent(found.value)


def _decontaminated(result: TaskResult) -> str:
    benchmarks = result.settings.get("decontaminated")
    if not benchmarks:
        return "These problems may be in the training data: it was not decontaminated."
    return f"Training files that share code with {', '.join(benchmarks)} were left out."


def _headline(title: str, result: TaskResult, compared: str) -> Headline:
    found = result.score["pass@1"]
    # Where all tasks came out alike the bootstrap has no interval; the samples' own has.
    passes = result.ladder["passes"]
    low, high = cluster_bounds(found.low, found.high) or (passes.low, passes.high)
    said = f"pass@1 over {result.tasks} tasks, 95 % interval {bounds(low, high)}.{compared}"
    return Headline(title, percent(found.value), said)


def _unseen(tasks: Sequence[Task], inputs: SuiteInputs) -> list[str] | None:
    """Tasks that no function of the training data solves; None unless all of them were searched."""
    is_known = inputs.data.is_known if inputs.data else {}
    if any(task.id not in is_known for task in tasks):
        return None
    return [task.id for task in tasks if not is_known[task.id]]


def _room(task: Task, codec: Codec, context_length: int) -> int:
    """New tokens that the context leaves; 0 or less where the prompt fills it."""
    return context_length - 1 - len(codec.encode(task.prompt))


def _is_answerable(task: Task, codec: Codec, context_length: int) -> bool:
    return 1 + len(codec.encode(task.prompt + task.solution)) <= context_length


def _batches(tasks: Sequence[Task], samples_per_task: int) -> Iterator[Sequence[Task]]:
    """Tasks that are sampled together; they depend on nothing but the request."""
    size = max(1, _SAMPLES_AT_ONCE // samples_per_task)
    for begin in range(0, len(tasks), size):
        yield tasks[begin : begin + size]
