"""Runs many functions in the sandbox against the tests of all tasks, a batch a process.

A batch that fails is halved until the function at fault is alone.
"""

import ast
import dataclasses
import importlib.resources
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from codelm_jax.sandbox.pool import Sandbox
from codelm_jax.sandbox.verdict import Job
from codelm_jax.text.problems import Problem
from codelm_jax.text.task_index import solution_functions

# Processor seconds for a batch: about ten times what one takes.
BATCH_SECONDS = 30.0

Item = TypeVar("Item")


@dataclasses.dataclass(frozen=True)
class TaskProgram:
    """The tests of one task as programs, and how many arguments its function takes."""

    id: str
    setup: str
    check: str
    entry_point: str
    fewest: int
    most: int


def task_programs(problems: Sequence[Problem]) -> list[TaskProgram]:
    """The tasks that have tests."""
    programs: list[TaskProgram] = []
    for problem in problems:
        if problem.tests:
            is_function = "def check(" in problem.tests[0]
            setup = problem.prompt if is_function else problem.setup
            check = problem.tests[0] if is_function else "\n".join(problem.tests)
            programs.append(TaskProgram(problem.id, setup, check, problem.entry_point, *_arity(problem)))
    return programs


def examining_job(
    functions: Sequence[Sequence[object]],
    tasks: Sequence[TaskProgram],
    arguments: Mapping[str, list[list[object]]],
) -> Job:
    """A call of `inside.examine`, which says what its arguments are; the answer is its value."""
    inside = importlib.resources.files("codelm_jax.exercises").joinpath("inside.py").read_text()
    rows = [list(dataclasses.astuple(task)) for task in tasks]
    call = f"__answer__ = examine({list(map(list, functions))!r}, {rows!r}, {dict(arguments)!r})"
    return Job(program=inside, check=call, entry_point="examine")


def examined(
    sandbox: Sandbox, items: Sequence[Item], at_once: int, job: Callable[[Sequence[Item]], Job]
) -> Iterator[tuple[Item, Any, str]]:
    """Yields each item with its part of the answer and "", or with None and the outcome of a job of its own.

    Raises:
        SandboxError: the sandbox failed.
    """
    batches = [items[i : i + at_once] for i in range(0, len(items), at_once)]
    while batches:
        verdicts = sandbox.judge_all(job(batch) for batch in batches)
        halves: list[Sequence[Item]] = []
        for batch, verdict in zip(batches, verdicts, strict=True):
            if verdict.passed:
                for item, answer in zip(batch, verdict.answer, strict=True):
                    yield item, answer, ""
            elif len(batch) == 1:
                yield batch[0], None, verdict.outcome
            else:
                middle = len(batch) // 2
                halves += [batch[:middle], batch[middle:]]
        batches = halves


def _arity(problem: Problem) -> tuple[int, int]:
    """Fewest and most arguments of a task's function; what is not known is no limit."""
    for function in solution_functions(problem):
        if function.name == problem.entry_point:
            return _parameters(function.args)
    return 0, 6


def _parameters(arguments: ast.arguments) -> tuple[int, int]:
    most = len(arguments.args)
    return most - len(arguments.defaults), most
