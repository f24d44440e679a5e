"""Where steps lie on disk: runs, their checkpoints, single steps."""

import os
from pathlib import Path

from codelm_jax.errors import UserError

CHECKPOINTS = "checkpoints"
QUARANTINE = "quarantine"
# orbax writes a step under this name and renames it when it is complete.
UNFINISHED = "*.orbax-checkpoint-tmp*"


def saved_steps(directory: Path) -> list[int]:
    """Returns the numbers of the steps in a checkpoints directory, ascending, whether they are sound or not."""
    if not directory.is_dir():
        return []
    names = [entry.name for entry in os.scandir(directory) if entry.is_dir()]
    return sorted(int(name) for name in names if name.isdecimal() and name == str(int(name)))


def locate(path: str | os.PathLike[str]) -> tuple[Path, list[int] | None]:
    """Finds the steps at `path`.

    Args:
        path: a run directory, its checkpoints directory, or the directory of one step.

    Returns:
        The checkpoints directory and its steps, ascending; or the directory of one step and None.

    Raises:
        UserError: there is no checkpoint at `path`.
    """
    given = Path(os.path.realpath(path))
    for directory in (given / CHECKPOINTS, given):
        if steps := saved_steps(directory):
            return directory, steps
    if (given / "state").is_dir() or (given / "digests").is_dir():
        return given, None
    if not given.exists():
        raise UserError(f"{path}: no such directory; give a run directory, its checkpoints, or one step")
    for directory in (given / CHECKPOINTS, given):
        if aside := saved_steps(directory / QUARANTINE):
            raise UserError(
                f"{path}: holds no sound checkpoint; damaged ones (step {', '.join(map(str, aside))}) were set "
                f"aside in {directory / QUARANTINE}, each with its reason"
            )
        if unfinished := sorted(directory.glob(UNFINISHED)):
            raise UserError(
                f"{path}: holds no checkpoint, only a save that was interrupted ({unfinished[0]}); the run's own "
                "command starts it over and removes that"
            )
    raise UserError(f"{path}: holds no checkpoint; give a run directory, its checkpoints, or one step")


def run_directory(path: str | os.PathLike[str]) -> Path:
    """Returns the run of `path`; a checkpoints directory outside a run counts as a run.

    Raises:
        UserError: there is no checkpoint at `path`.
    """
    directory, steps = locate(path)
    checkpoints = directory.parent if steps is None else directory
    return checkpoints.parent if checkpoints.name == CHECKPOINTS else checkpoints
