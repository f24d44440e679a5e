"""MBPP (Austin et al. 2021), from the public file: tasks 11 to 510, zero-shot or after the paper's three shots."""

import dataclasses
from pathlib import Path

from codelm_jax.errors import UserError
from codelm_jax.evals import tasks
from codelm_jax.evals.choices import Choices, Option
from codelm_jax.evals.judging import Task
from codelm_jax.evals.tasks import TaskSuite, required_file
from codelm_jax.text.problems import Problem, read_mbpp

# The completion is a whole program, helpers and imports included, so a new function does not end it.
STOP = ("\nassert", '\n"""', "\nclass", "\nif", "\nprint", "\n#")
SAMPLING = dataclasses.replace(tasks.SAMPLING, stop=STOP)
_TEST_IDS = range(11, 511)
_SHOT_IDS = ("2", "3", "4")


def mbpp_tasks(path: str | Path, *, shots: int = 0) -> list[Task]:
    """Returns the 500 test tasks of `mbpp.jsonl`.

    Args:
        path: the public file.
        shots: 0, or up to 3: worked tasks 2, 3 and 4 before each prompt, 577 tokens for all three.

    Raises:
        UserError: the file is not what it should be.
    """
    if not 0 <= shots <= len(_SHOT_IDS):
        raise UserError(f"shots = {shots}: MBPP has 0 to {len(_SHOT_IDS)}")
    problems = {problem.id: problem for problem in read_mbpp(path)}
    chosen = [problems[key] for key in map(str, _TEST_IDS) if key in problems]
    missing = [key for key in _SHOT_IDS[:shots] if key not in problems]
    if not chosen or missing:
        raise UserError(
            f"{path}: needs tasks 11 to 510{' and ' + ', '.join(missing) if missing else ''}; use the whole file"
        )
    prefix = "".join(
        _describe(problems[key]) + problems[key].solution.rstrip() + "\n\n\n" for key in _SHOT_IDS[:shots]
    )
    return [
        Task(
            id=problem.id,
            prompt=prefix + _describe(problem),
            source="",
            entry_point=problem.entry_point,
            check="\n".join([problem.setup, *problem.tests]),
            solution=problem.solution,
        )
        for problem in chosen
    ]


def _describe(problem: Problem) -> str:
    """The task as a docstring with its tests, from which alone the function's name can be known."""
    tests = "\n".join(problem.tests)
    return f'"""\n{problem.prompt}\n{tests}\n"""\n'


class Mbpp(TaskSuite):
    """The public benchmark, from `--mbpp`."""

    name = "mbpp"
    title = "MBPP"
    file_name = "mbpp.jsonl"
    options = (
        Option("mbpp", f"{file_name}."),
        Option("mbpp_shots", "Worked MBPP tasks before each prompt, up to 3.", default=0),
    )
    sampling = SAMPLING

    def tasks(self, choices: Choices) -> list[Task]:
        """All 500 of the test split."""
        return mbpp_tasks(required_file(self.name, choices), shots=choices.options.get("mbpp_shots", 0))


MBPP = Mbpp()
