"""Two training commands want one run directory at the same time: one trains, the other names it."""

import re
import signal
import subprocess
import time

import pytest
from faults.training_command import finished_steps, small_training, start
from faults.undisturbed import assert_nothing_left

# The lock itself has a short form in tests/checkpoint/test_run_lock.py.
pytestmark = [pytest.mark.faults, pytest.mark.slow]

STOPPED = 75


@pytest.mark.parametrize("races", [50])
def test_of_two_commands_for_one_directory_one_trains_and_the_other_says_so(tmp_path, races):
    flags = [*small_training(tmp_path), "--config.max_steps=100000000", "--config.monitor_every=0"]
    for race in range(races):
        workdir = tmp_path / f"run_{race}"
        # The data is prepared by the two of them, too: they take turns.
        both = [start(*flags, f"--workdir={workdir}", stderr=subprocess.PIPE) for _ in range(2)]
        while all(process.poll() is None for process in both):
            time.sleep(0.05)
        loser, winner = sorted(both, key=lambda process: process.poll() is None)
        errors = loser.stderr.read()
        assert loser.returncode == 2, errors
        assert re.fullmatch(
            rf"error: {workdir}: in use by pid {winner.pid} on \S+ since \S+; .*\n", errors
        ), errors
        while winner.poll() is None and not finished_steps(workdir):
            time.sleep(0.05)
        winner.send_signal(signal.SIGTERM)
        errors = winner.stderr.read()
        assert winner.wait() == STOPPED, errors
        assert_nothing_left(workdir)
        for process in both:
            process.stderr.close()
    print(
        f"{races} races of two training commands for one directory: one winner each, which was named to the other"
    )
