"""What interrupted and failed saves leave in a checkpoints directory."""

import shutil
import time
from pathlib import Path

from codelm_jax.checkpoint.locate import UNFINISHED

# Old steps are renamed into here before they are removed, so that a kill never leaves half of one under its number.
REMOVED = "removed"


def remove_leftovers(directory: Path) -> list[str]:
    """Removes unfinished saves and half-removed steps from a checkpoints directory; returns their names."""
    leftovers = [*directory.glob(UNFINISHED), *directory.glob(REMOVED)]
    for leftover in leftovers:
        shutil.rmtree(leftover, ignore_errors=True)
    return sorted(leftover.name for leftover in leftovers)


def remove_failed_save(directory: Path) -> None:
    """Removes what a failed save left, also what its other writes still create."""
    # They continue for a moment and create the directory again.
    quiet, deadline = 0, time.monotonic() + 5
    while quiet < 3 and time.monotonic() < deadline:
        quiet = 0 if remove_leftovers(directory) else quiet + 1
        time.sleep(0.05)
