"""The project's own twenty tasks, or tasks of the user's own, after two worked examples."""

import dataclasses
import importlib.resources
from pathlib import Path

from codelm_jax.errors import UserError
from codelm_jax.evals import reference, tasks
from codelm_jax.evals.choices import Choices, Option
from codelm_jax.evals.interfaces import Sampling
from codelm_jax.evals.judging import Task
from codelm_jax.evals.tasks import TaskSuite
from codelm_jax.text.parsing import parse
from codelm_jax.text.problems import Problem, read_tasks

# Text after the function has nothing to do with the task.
STOP = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")
SAMPLING = dataclasses.replace(tasks.SAMPLING, max_new_tokens=100, stop=STOP)
REFERENCE_PROTOCOL = Sampling(n=1, temperature=0.8, top_k=40, top_p=1.0, max_new_tokens=100, stop=STOP)


def own_problems() -> list[Problem]:
    """The twenty tasks that ship with the package, each with a solution and two wrong ones."""
    with importlib.resources.as_file(
        importlib.resources.files("codelm_jax.evals") / "mini_benchmark.jsonl"
    ) as path:
        return read_tasks(path)


def mini_benchmark_tasks(prefix: str, path: str | Path | None = None) -> list[Task]:
    """Returns the tasks of a JSONL file of `{"id", "prompt", "tests"}`, the package's own without a path.

    Args:
        prefix: worked examples that go before each prompt.
        path: the file.

    Raises:
        UserError: the file is not what it should be, or a task that nothing could pass.
    """
    problems = own_problems() if path is None else read_tasks(path)
    for problem in problems:
        _refuse_if_impossible(problem, path)
    return [
        Task(
            id=problem.id,
            prompt=prefix + problem.prompt,
            source=problem.prompt,
            entry_point=problem.entry_point,
            check=_check(problem),
            solution=problem.solution,
        )
        for problem in problems
    ]


def _check(problem: Problem) -> str:
    return "\n".join([problem.setup, *problem.tests])


def _refuse_if_impossible(problem: Problem, path: str | Path | None) -> None:
    task = f"{path}, task {problem.id!r}"
    if not problem.entry_point:
        raise UserError(
            f'{task}: its prompt defines no function or class; name what the tests call as "entry_point"'
        )
    if not problem.tests:
        raise UserError(f'{task}: "tests" is empty; give at least one assert')
    if parse(_check(problem)) is None:
        raise UserError(f"{task}: its setup and tests are not Python; correct them")


class MiniBenchmark(TaskSuite):
    """The project's own tasks, or those of `--tasks`."""

    name = "mini_benchmark"
    title = "Small tasks"
    headlines = ("Small tasks solved",)
    options = (Option("tasks", "Tasks of your own for mini_benchmark (JSON Lines)."),)
    sampling = SAMPLING
    reference_sampling = REFERENCE_PROTOCOL
    compared = f" The reference: {reference.TASKS_PASSED.count} of {reference.TASKS_PASSED.n}."

    def tasks(self, choices: Choices) -> list[Task]:
        """After the worked examples of the templates."""
        return mini_benchmark_tasks(choices.templates.tasks.prefix, choices.options.get("tasks"))


MINI_BENCHMARK = MiniBenchmark()
