"""Moves damaged steps to a directory that no reader considers, and keeps them for inspection."""

import contextlib
import logging
from pathlib import Path

from codelm_jax.checkpoint.digest import Damaged
from codelm_jax.checkpoint.locate import QUARANTINE
from codelm_jax.errors import UserError

_log = logging.getLogger(__name__)


def quarantine(step_directory: Path, damage: Damaged) -> Path:
    """Moves a step to `quarantine/` in the same directory, with the reason in a text file, and warns.

    Returns:
        Its new path.

    Raises:
        UserError: it cannot be moved.
    """
    room = step_directory.parent / QUARANTINE
    try:
        room.mkdir(exist_ok=True)
        target, copy = room / step_directory.name, 1
        while target.exists():
            copy += 1
            target = room / f"{step_directory.name}.{copy}"
        step_directory.rename(target)
    except OSError as error:
        raise UserError(f"{damage}; and it cannot be moved to {room} ({error.strerror})") from error
    # Optional: on a full disk the step is moved without its reason.
    with contextlib.suppress(OSError):
        target.with_name(f"{target.name}.reason.txt").write_text(f"{damage}\n", encoding="utf-8")
    _log.warning("%s; moved to %s", damage, target)
    return target
