"""The project's own twenty tasks, or anybody's, after two worked examples."""

import importlib.resources
from pathlib import Path

from codelm_jax.errors import UserError
from codelm_jax.evals.tasks import Task, TaskSampling
from codelm_jax.text.parsing import parse
from codelm_jax.text.problems import Problem, read_tasks

# Past the function: what a model writes next has nothing to do with the task.
STOP = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")
SAMPLING = TaskSampling(max_new_tokens=100, stop=STOP)
REFERENCE_PROTOCOL = TaskSampling(
    samples_per_task=1, temperature=0.8, top_k=40, top_p=1.0, max_new_tokens=100, stop=STOP
)


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
