import os
import signal
import subprocess
import sys

import pytest

from codelm_jax.checkpoint.lock import HOLDER_FILE, RunLock
from codelm_jax.errors import UserError

pytestmark = pytest.mark.faults

HOLD = """
import sys
from codelm_jax.checkpoint.lock import RunLock
from codelm_jax.errors import UserError
print("ready", flush=True)
sys.stdin.readline()
try:
    with RunLock(sys.argv[1]):
        print("held", flush=True)
        sys.stdin.readline()
except UserError as error:
    print(error, flush=True)
"""


def start(directory):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert heard(process) == "ready\n"
    return process


def heard(process):
    return process.stdout.readline()


def tell(process):
    process.stdin.write("\n")
    process.stdin.flush()


def finish(process):
    process.communicate(timeout=30)


def test_a_second_process_is_refused_and_the_message_names_the_holder(tmp_path):
    holder = start(tmp_path / "run")
    tell(holder)
    assert heard(holder) == "held\n"
    with pytest.raises(UserError, match=rf"run: in use by pid {holder.pid} on \S+ since \d{{4}}-\d\d-\d\dT"):
        RunLock(tmp_path / "run").acquire()
    finish(holder)
    with RunLock(tmp_path / "run"):
        pass


def test_a_killed_holder_leaves_the_directory_free(tmp_path):
    holder = start(tmp_path)
    tell(holder)
    assert heard(holder) == "held\n"
    os.kill(holder.pid, signal.SIGKILL)
    finish(holder)
    with RunLock(tmp_path):
        assert str(os.getpid()) in (tmp_path / HOLDER_FILE).read_text()
    assert not (tmp_path / HOLDER_FILE).exists()


def race(directory, runners=5):
    processes = [start(directory) for _ in range(runners)]
    for process in processes:
        tell(process)
    answers = [heard(process) for process in processes]
    for process in processes:
        finish(process)
    return answers


@pytest.mark.parametrize("races", [1, pytest.param(50, marks=pytest.mark.slow)])
def test_every_race_has_one_winner(tmp_path, races):
    answers = []
    for index in range(races):
        answers = race(tmp_path / str(index))
        assert answers.count("held\n") == 1
        assert sum("in use by" in answer for answer in answers) == len(answers) - 1
    print(f"{races} races of {len(answers)} processes for one lock: one winner each")


def test_a_lock_can_be_released_twice_and_acquired_again(tmp_path):
    lock = RunLock(tmp_path)
    for _ in range(2):
        lock.acquire()
        lock.release()
        lock.release()


def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file/run: cannot be locked \(Not a directory\)"):
        RunLock(tmp_path / "file" / "run").acquire()
