"""The project's own twenty tasks, or anybody's, after two worked examples."""

import importlib.resources
from pathlib import Path

from codelm_jax.evals.tasks import Task, TaskSampling
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
        UserError: the file is not what it should be.
    """
    problems = own_problems() if path is None else read_tasks(path)
    return [
        Task(
            id=problem.id,
            prompt=prefix + problem.prompt,
            source=problem.prompt,
            entry_point=problem.entry_point,
            check="\n".join([problem.setup, *problem.tests]),
            solution=problem.solution,
        )
        for problem in problems
    ]
