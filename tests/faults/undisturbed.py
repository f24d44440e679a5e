"""A small run that nothing disturbed, and the comparison of a disturbed one with it."""

import resource
from pathlib import Path

from faults.training_command import small_training, train

from codelm_jax.checkpoint.comparison import differences
from codelm_jax.checkpoint.inspection import verify
from codelm_jax.checkpoint.saved_step import SavedStep


class UndisturbedRun:
    """A run of `steps` steps that saves every few of them.

    Attributes:
        flags: its command line, without `--workdir`.
        end: its last step.
    """

    def __init__(self, directory: Path, steps: int, checkpoint_every: int = 3):
        self.flags = [
            *small_training(directory),
            f"--config.max_steps={steps}",
            f"--config.checkpoint_every={checkpoint_every}",
            f"--config.eval_every={steps}",
            "--config.monitor_every=0",
        ]
        done = train(*self.flags)
        assert done.returncode == 0, done.stderr
        self.end = SavedStep(directory / "run" / "checkpoints" / str(steps))

    def life(self, workdir: Path) -> float:
        """Seconds that a run computes from its start to its end, once data and compiled programs are there."""
        before = _computed_by_children()
        self.finish(workdir)
        return _computed_by_children() - before

    def assert_same_end(self, workdir: Path) -> None:
        """Asserts that the run in `workdir` is done, whole, and bitwise where the undisturbed one ended."""
        assert not differences(self.end, SavedStep(workdir / "checkpoints" / self.end.directory.name))
        assert_nothing_left(workdir)

    def finish(self, workdir: Path) -> None:
        """Lets the run in `workdir` go on to its end, and asserts that it is the same."""
        done = train(*self.flags, f"--workdir={workdir}")
        assert done.returncode == 0, done.stderr
        self.assert_same_end(workdir)


def assert_nothing_left(workdir: Path) -> None:
    """Asserts that all steps are sound, none was ever set aside, and no temporary file or directory is left."""
    checkpoints = workdir / "checkpoints"
    assert not [path for path in workdir.rglob("*") if "tmp" in path.name]
    assert all(path.name.isdecimal() for path in checkpoints.iterdir()), list(checkpoints.iterdir())
    assert all(finding.damage is None for finding in verify(workdir))


def _computed_by_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
