"""A really full file system: the run reports it in one line, loses nothing, and resumes when there is room."""

import json
import os
import subprocess
import sys

import pytest
from command_process import ENVIRONMENT, ROOT
from faults.training_command import small_training

pytestmark = pytest.mark.faults

STOPPED = 75
ALONE = ["unshare", "--map-root-user", "--mount"]  # a file system that no other process sees
TO_SAVE = 450_000  # bytes: a little less than what the run still has to write


def may_mount(directory) -> bool:
    try:
        return (
            subprocess.run(
                [*ALONE, "mount", "-t", "tmpfs", "tmpfs", directory], capture_output=True
            ).returncode
            == 0
        )
    except FileNotFoundError:
        return False


@pytest.fixture(scope="module")
def home(tmp_path_factory, training):
    """A run that was stopped, and the same run stopped later."""
    directory = tmp_path_factory.mktemp("home")
    flags = small_training(directory)
    later = [*flags, "--stop_after=5"]
    results = training.run_all(
        [[*flags, "--stop_after=4"], [*later, f"--workdir={directory / 'undisturbed'}"]]
    )
    assert [result.status for result in results] == [STOPPED, STOPPED], results
    (directory / "flags.json").write_text(json.dumps(later))
    return directory


@pytest.mark.parametrize(
    "levels",
    [(100_000,), pytest.param(tuple(range(0, TO_SAVE, TO_SAVE // 30)), marks=pytest.mark.slow)],
    ids=["short", "every-level"],
)
def test_on_a_full_disk_a_run_stops_with_one_line_and_resumes_when_there_is_room(home, tmp_path, levels):
    if not may_mount(tmp_path):
        pytest.skip(
            "no file system may be mounted here; tests/checkpoint/test_checkpoint_faults.py limits file sizes"
        )
    done = subprocess.run(
        [*ALONE, sys.executable, "tests/faults/full_disk.py", home, *map(str, levels)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | ENVIRONMENT,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    tried, refused = map(int, done.stdout.splitlines()[-1].split())
    assert tried == len(levels)
    print(
        f"{tried} levels of a full disk, {refused} too full: each reported in one line, 0 steps lost, 0 differ"
    )
