"""One long run under random kills and signals, with a quiet stretch in which its memory is watched."""

import collections
import json
import random
import signal
import statistics
import subprocess
import time
from pathlib import Path

import pytest
from faults.training_command import finished_steps, let_compute, small_training, start
from faults.undisturbed import assert_nothing_left

from codelm_jax.checkpoint.comparison import differences
from codelm_jax.checkpoint.locate import saved_steps
from codelm_jax.checkpoint.saved_step import SavedStep

pytestmark = pytest.mark.faults

STOPPED = 75
LONGEST_LIFE = 20.0  # seconds that a process computes at most before something happens to it
QUIET_PART = 0.25  # of the whole time nothing happens at a stretch
SAMPLES_A_SECOND = 2
PATIENCE = 120.0  # seconds until a signal that came before the run began is sent again
FAULTS = ["SIGKILL", "SIGTERM", "SIGINT", "SIGTERM twice"]


class Soak:
    """A run that never ends by itself, and what happened to it."""

    def __init__(self, flags: list[str], workdir: Path):
        self.flags, self.workdir, self.rng = flags, workdir, random.Random(2)
        self.to_come: list[str] = []
        self.faults = collections.Counter()
        self.unfinished_saves = self.swallowed = 0
        self.unexpected: list[tuple[str, int]] = []

    def start(self):
        return start(*self.flags, f"--workdir={self.workdir}")

    def disturb_for(self, seconds: float) -> None:
        """Runs, and is disturbed at random times, until the time is over; at least once in each way."""
        ends = time.monotonic() + seconds
        while self.faults.total() < len(FAULTS) or time.monotonic() < ends:
            process = self.start()
            let_compute(process, self.rng.uniform(0.0, min(LONGEST_LIFE, seconds / 2)))
            self.disturb(process)

    def memory_growth(self, seconds: float) -> float:
        """How much more memory one process holds at the end of a stretch of training than after its first fifth."""
        process = self.start()
        assert self.trains(process)
        samples = []
        for _ in range(int(seconds * SAMPLES_A_SECOND)):
            samples.append(resident_bytes(process.pid))
            time.sleep(1 / SAMPLES_A_SECOND)
        assert self.stop(process) == STOPPED
        tenth = max(1, len(samples) // 10)
        early, late = samples[2 * tenth : 3 * tenth], samples[-tenth:]
        return statistics.median(late) / statistics.median(early) - 1

    def resume_with(self, training) -> None:
        """Resumes the run, stops it a few steps later, and so ends it properly."""
        steps = saved_steps(self.checkpoints) if self.checkpoints.exists() else []
        stop_after = max(steps, default=0) + 3
        done = training.run(*self.flags, f"--workdir={self.workdir}", f"--stop_after={stop_after}")
        assert done.status == STOPPED, done.errors[:3000]

    def stop(self, process) -> int:
        process.send_signal(signal.SIGTERM)
        return process.wait()

    def disturb(self, process) -> None:
        """Kills or signals the process, and holds it to what it must then do."""
        if process.poll() is not None:
            raise AssertionError(f"the run ended by itself with status {process.returncode}")
        if not self.to_come:
            self.to_come = self.rng.sample(FAULTS, len(FAULTS))
        fault = self.to_come.pop()
        began = self.holds_the_directory(process)
        number = getattr(signal, fault.split()[0])
        process.send_signal(number)
        if fault.endswith("twice"):
            time.sleep(self.rng.uniform(1.1, 1.6))  # sooner, it counts as the same one
            process.send_signal(number)
        # While Python imports, a library may swallow the interrupt; it is sent again.
        while not began and not ended_within(process, PATIENCE):
            process.send_signal(number)
            self.swallowed += 1
        status = process.wait()
        if began and fault in ("SIGTERM", "SIGINT") and status != STOPPED:
            self.unexpected.append((fault, status))
        self.faults[fault] += 1
        unfinished = list(self.checkpoints.glob("*tmp*"))
        assert len(unfinished) <= 1, unfinished
        self.unfinished_saves += len(unfinished)

    @property
    def checkpoints(self) -> Path:
        return self.workdir / "checkpoints"

    def holds_the_directory(self, process) -> bool:
        try:
            return json.loads((self.workdir / "run.lock.json").read_text())["pid"] == process.pid
        except (OSError, ValueError):
            return False

    def trains(self, process) -> bool:
        """Whether the process has logged a step; waits while it may still come to that."""
        began = time.time()
        while process.poll() is None:
            steps = finished_steps(self.workdir)
            if steps and steps[-1]["time"] > began:
                return True
            time.sleep(0.5)
        return False


def ended_within(process, seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def resident_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))


@pytest.mark.parametrize(
    ("seconds", "growth_allowed"), [(9, None), pytest.param(3600, 0.05, marks=pytest.mark.slow)]
)
def test_an_hour_of_faults_leaves_nothing_behind_and_ends_bitwise_where_an_undisturbed_run_does(
    tmp_path, training, seconds, growth_allowed
):
    flags = [*small_training(tmp_path), "--config.max_steps=100000000", "--config.monitor_every=0"]
    often = ["--config.log_every=10", "--config.checkpoint_every=5", "--config.eval_every=100"]
    soak = Soak([*flags, *often], tmp_path / "run")
    soak.disturb_for(seconds * (1 - QUIET_PART))
    memory = "memory not watched"
    if growth_allowed is None:
        soak.resume_with(training)
    else:
        growth = soak.memory_growth(QUIET_PART * seconds)
        assert growth < growth_allowed
        memory = f"resident memory over {QUIET_PART * seconds:.0f} s: {growth:+.2%}"
    assert_nothing_left(soak.workdir)

    last = saved_steps(soak.checkpoints)[-1]
    seldom = [
        "--config.log_every=1000",
        "--config.checkpoint_every=100000000",
        "--config.eval_every=100000000",
    ]
    done = training.run(*flags, *seldom, f"--stop_after={last}", f"--workdir={tmp_path / 'undisturbed'}")
    assert done.status == STOPPED, done.errors[:3000]
    disturbed, undisturbed = (
        SavedStep(tmp_path / run / "checkpoints" / str(last)) for run in ("run", "undisturbed")
    )
    assert not differences(undisturbed, disturbed)
    assert not soak.unexpected
    what = ", ".join(f"{count} {fault}" for fault, count in soak.faults.most_common())
    print(
        f"{seconds} s, {last} steps, {soak.faults.total()} faults ({what}), {soak.unfinished_saves} of them during a "
        f"save, {soak.swallowed} swallowed before the run began: nothing left behind, 0 differ; {memory}"
    )
