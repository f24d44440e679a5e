"""Trains on a file system of a few megabytes that is full to a given level; what must hold is asserted here.

    unshare --map-root-user --mount python tests/faults/full_disk.py HOME FREE_BYTES ...

HOME holds prepared data, a stopped `run/`, an `undisturbed/` one that was stopped later, and in `flags.json` the command
of the latter. The file system is seen by this process alone and is gone with it.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from command_process import result_of
from faults.undisturbed import assert_nothing_left

from codelm_jax.checkpoint.comparison import differences
from codelm_jax.checkpoint.inspection import verify
from codelm_jax.checkpoint.locate import saved_steps
from codelm_jax.checkpoint.saved_step import SavedStep
from codelm_jax.commands import train

SIZE = 8_000_000
STOPPED = 75


def free_bytes(disk: Path) -> int:
    status = os.statvfs(disk)
    return status.f_bavail * status.f_bsize


def fill(disk: Path, leave: int) -> None:
    with (disk / "filler").open("wb", buffering=0) as file:
        while free_bytes(disk) > leave:
            file.write(b"\0" * min(4096, free_bytes(disk) - leave))


def main(home: Path, levels: list[int]) -> None:
    """Prints how many runs did not fit; raises where one lost anything or said too little."""
    disk = home / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", disk], check=True)
    flags = json.loads((home / "flags.json").read_text())
    *_, end = saved_steps(home / "undisturbed" / "checkpoints")
    refused = 0
    for level in levels:
        run = disk / "run"
        shutil.copytree(home / "run", run)
        before = saved_steps(run / "checkpoints")
        fill(disk, level)
        result = result_of(train, os.getcwd(), [*flags, f"--workdir={run}"])
        errors = result.errors.splitlines()
        # TensorBoard is no reason to stop: it is dropped with a word.
        if errors and errors[0].startswith("WARNING: ") and "TensorBoard" in errors[0]:
            errors.pop(0)
        if result.status == 2:
            refused += 1
            assert len(errors) == 1, (level, result)
            assert errors[0].startswith("error: "), (level, result)
            assert "No space left" in errors[0] or "RESOURCE_EXHAUSTED" in errors[0], (level, result)
        else:
            assert (result.status, errors) == (STOPPED, []), (level, result)
        assert before[-1] in saved_steps(run / "checkpoints"), level
        assert all(finding.damage is None for finding in verify(run)), level
        (disk / "filler").unlink()
        result = result_of(train, os.getcwd(), [*flags, f"--workdir={run}"])
        assert result.status == STOPPED, (level, result)
        found = differences(
            *(SavedStep(place / "checkpoints" / str(end)) for place in (run, home / "undisturbed"))
        )
        assert not found, (level, found)
        assert_nothing_left(run)
        shutil.rmtree(run)
    print(f"{len(levels)} {refused}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(level) for level in sys.argv[2:]])
