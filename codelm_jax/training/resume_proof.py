"""`--prove_resume`: checks with the user's config and machine that a stop and a restart change no bit of a run."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from codelm_jax.checkpoint.comparison import differences
from codelm_jax.checkpoint.locate import CHECKPOINTS
from codelm_jax.checkpoint.saved_step import SavedStep
from codelm_jax.errors import UserError
from codelm_jax.run_files import read_metrics
from codelm_jax.training.config import TrainConfig
from codelm_jax.training.interrupt import EXIT_INTERRUPTED

# Figures that may differ; all others must be equal, those of evaluations and samples too.
_NOT_THE_RUNS_DOING = frozenset({"step", "time", "train/tokens_per_second", "train/mfu"})

EXIT_DIFFERS = 1


def prove_resume(command: Sequence[str], steps: int, config: TrainConfig, workdir: Path) -> int:
    """Compares two runs next to `workdir`, prints what differs, and returns the exit status; equal runs are removed.

    Raises:
        UserError: the number of steps is not possible, an earlier proof was left there, or a run failed.
    """
    if not 2 <= steps < config.max_steps:
        raise UserError(
            f"--prove_resume={steps}: must be at least 2 and below config.max_steps = {config.max_steps}"
        )
    workdir = Path(os.path.realpath(workdir))  # `.` and `..` have no name to derive another from
    directory = workdir.with_name(f"{workdir.name}.prove_resume")
    if directory.exists():
        raise UserError(f"--prove_resume: {directory} is left from an earlier proof; remove it")
    found = resume_differences(command, steps, directory)
    if found:
        print(f"a stop and a restart change the run; both are kept in {directory}:", *found, sep="\n  ")
        if not config.deterministic:
            print("on a GPU, only --config.deterministic gives the same bits at every try")
        return EXIT_DIFFERS
    shutil.rmtree(directory)
    print(
        f"{steps} steps straight and with a restart after {steps // 2}: parameters, optimizer state, data position and "
        "the figures of every step are bitwise equal"
    )
    return 0


def resume_differences(command: Sequence[str], steps: int, directory: Path) -> list[str]:
    """Trains `steps` steps straight, and again half of them, a stop, and the rest in a fresh process.

    Args:
        command: a training command whose run has more than `steps` steps; flags added at its end override its own.
        steps: at least 2.
        directory: created for the two runs, which stay there.

    Returns:
        Differences in parameters, optimizer state, data position and the figures of each step.

    Raises:
        UserError: one of the runs failed.
    """
    straight, resumed = directory / "straight", directory / "resumed"
    for workdir, stop_after in ((straight, steps), (resumed, steps // 2), (resumed, steps)):
        done = subprocess.run(
            [
                sys.executable,
                *command,
                f"--workdir={workdir}",
                f"--stop_after={stop_after}",
                "--config.log_every=1",
            ]
        )
        if done.returncode != EXIT_INTERRUPTED:
            raise UserError(
                f"--prove_resume: the run in {workdir} ended with status {done.returncode} before step {stop_after}; "
                "its own message is above"
            )
    found = differences(*(SavedStep(run / CHECKPOINTS / str(steps)) for run in (straight, resumed)))
    return found + _different_figures(straight, resumed)


def _different_figures(straight: Path, resumed: Path) -> list[str]:
    first, second = (_figures(run) for run in (straight, resumed))
    return [
        f"{name} of step {step}: {first.get((step, name))} and {second.get((step, name))}"
        for step, name in sorted(first.keys() | second.keys())
        if first.get((step, name)) != second.get((step, name))
    ]


def _figures(run: Path) -> dict[tuple[int, str], float]:
    return {
        (line["step"], name): value
        for line in read_metrics(run / "metrics.jsonl")
        for name, value in line.items()
        if name not in _NOT_THE_RUNS_DOING
    }
