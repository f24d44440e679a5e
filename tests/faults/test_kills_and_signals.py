"""Real kills and real signals at random times in the life of the training command; nothing may be lost or changed."""

import collections
import os
import random
import signal
import time
from pathlib import Path

import pytest
from faults.training_command import cpu_seconds, finished_steps, let_compute, start

from codelm_jax.checkpoint.locate import saved_steps

pytestmark = [pytest.mark.faults, pytest.mark.slow]  # the soak has a short form, with each of these faults

STOPPED = 75


def logged_since(workdir: Path, began: float) -> bool:
    """Whether a process that began at `began` has logged a step."""
    steps = finished_steps(workdir)
    return bool(steps) and steps[-1]["time"] > began


def moment_of(workdir: Path, began: float) -> str:
    """What the process that began at `began` was doing when it died."""
    if not logged_since(workdir, began):
        return "before the first logged step"
    if any("tmp" in path.name for path in (workdir / "checkpoints").iterdir()):
        return "during a save"
    return "between saves or after the last one"


# The long forms come in parts, each of which prints its own row.
@pytest.mark.parametrize(("kills", "steps", "seed"), [(50, 120, seed) for seed in (1, 2, 3, 4)])
def test_a_run_killed_at_any_time_ends_bitwise_where_an_undisturbed_one_does(
    undisturbed, tmp_path, kills, steps, seed
):
    expected, rng = undisturbed(steps), random.Random(seed)
    life = expected.life(tmp_path / "whole")
    moments = collections.Counter()
    runs = 0
    while moments.total() < kills:
        workdir = tmp_path / f"run_{runs}"
        runs += 1
        # Each run is killed and resumed until it reaches its end before the next kill.
        while moments.total() < kills:
            began, process = time.time(), start(*expected.flags, f"--workdir={workdir}")
            if not let_compute(process, rng.uniform(0.0, life)):
                assert process.returncode == 0
                expected.assert_same_end(workdir)
                break
            process.kill()
            process.wait()
            moments[moment_of(workdir, began)] += 1
        else:
            expected.finish(workdir)
    where = ", ".join(f"{count} {moment}" for moment, count in moments.most_common())
    print(
        f"{moments.total()} kills uniform over {life:.0f} s of computing, in {runs} runs ({where}): "
        "0 failed resumes, 0 differ"
    )


@pytest.mark.parametrize(("signals", "steps", "seed"), [(25, 120, seed) for seed in (1, 2)])
def test_a_signal_ends_a_run_in_time_with_its_step_saved(undisturbed, tmp_path, signals, steps, seed):
    expected, rng = undisturbed(steps), random.Random(seed)
    computed, waited = [], []
    runs = 0
    while len(waited) < signals:
        workdir = tmp_path / f"run_{runs}"
        runs += 1
        while len(waited) < signals:
            began, process = time.time(), start(*expected.flags, f"--workdir={workdir}")
            while process.poll() is None and not logged_since(workdir, began):
                time.sleep(0.02)
            if process.poll() is None:
                let_compute(process, cpu_seconds(process) + rng.uniform(0.0, 2.0))
            if process.poll() is not None:
                assert process.returncode == 0
                expected.assert_same_end(workdir)
                break
            before, sent = cpu_seconds(process), time.monotonic()
            process.send_signal(rng.choice([signal.SIGTERM, signal.SIGINT]))
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode == 0:  # the signal came when all was done
                expected.assert_same_end(workdir)
                break
            assert process.returncode == STOPPED
            assert saved_all_it_logged(workdir)
            computed.append(usage.ru_utime + usage.ru_stime - before)
            waited.append(time.monotonic() - sent)
            assert computed[-1] < 10
        else:
            expected.finish(workdir)
    print(
        f"{signals} signals in {runs} runs: each stopped with status {STOPPED} and its last step saved, the slowest "
        f"after {max(computed):.1f} s of computing ({max(waited):.1f} s by the clock): 0 differ"
    )


def saved_all_it_logged(workdir: Path) -> bool:
    """Whether the newest step on disk is the last one that was logged: a stop by signal loses no step."""
    return saved_steps(workdir / "checkpoints")[-1] == finished_steps(workdir)[-1]["step"]
