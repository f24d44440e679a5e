"""HumanEval (Chen et al. 2021), from the public file, judged by the rule of its own harness.

Apart from the stop strings nothing of a completion is cut: one that repeats the signature, or defines a helper after the
function, is a whole program.
"""

import dataclasses
from pathlib import Path

from codelm_jax.evals import tasks
from codelm_jax.evals.choices import Choices, Option
from codelm_jax.evals.judging import Task
from codelm_jax.evals.tasks import TaskSuite, required_file
from codelm_jax.text.problems import read_humaneval

# The Codex paper's.
STOP = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")
SAMPLING = dataclasses.replace(tasks.SAMPLING, stop=STOP)


def humaneval_tasks(path: str | Path) -> list[Task]:
    """Returns the 164 tasks of `HumanEval.jsonl` or `.jsonl.gz`.

    Raises:
        UserError: the file is not what it should be.
    """
    return [
        Task(
            id=problem.id,
            prompt=problem.prompt,
            source=problem.prompt,
            entry_point=problem.entry_point,
            check=problem.tests[0],
            solution=problem.solution,
            cut=False,
        )
        for problem in read_humaneval(path)
    ]


class HumanEval(TaskSuite):
    """The public benchmark, from `--humaneval`."""

    name = "humaneval"
    title = "HumanEval"
    file_name = "HumanEval.jsonl.gz"
    options = (Option("humaneval", "HumanEval.jsonl or .jsonl.gz."),)
    sampling = SAMPLING

    def tasks(self, choices: Choices) -> list[Task]:
        """All 164."""
        return humaneval_tasks(required_file(self.name, choices))


HUMANEVAL = HumanEval()
