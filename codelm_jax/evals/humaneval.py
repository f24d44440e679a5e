"""HumanEval (Chen et al. 2021), from the public file, judged by the rule of its own harness.

Apart from the stop strings nothing of a completion is cut: one that repeats the signature, or defines a helper after the
function, is a whole program.
"""

from pathlib import Path

from codelm_jax.evals.tasks import Task, TaskSampling
from codelm_jax.text.problems import read_humaneval

# The Codex paper's.
STOP = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")
SAMPLING = TaskSampling(stop=STOP)


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
