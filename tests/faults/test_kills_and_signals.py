"""Real kills and real signals at random times in the life of the training command; nothing may be lost or changed."""

import collections
import random
import signal
import time
from pathlib import Path

import pytest
from faults.training_command import finished_steps, start

pytestmark = pytest.mark.faults

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


@pytest.mark.parametrize(("kills", "steps"), [(2, 100), pytest.param(200, 200, marks=pytest.mark.slow)])
def test_a_run_killed_at_any_time_ends_bitwise_where_an_undisturbed_one_does(
    undisturbed, tmp_path, kills, steps
):
    expected, rng = undisturbed(steps), random.Random(0)
    moments = collections.Counter()
    runs = 0
    while moments.total() < kills:
        workdir = tmp_path / f"run_{runs}"
        runs += 1
        # Each run goes on, killed again and again, until it once reaches its end first.
        while moments.total() < kills:
            began, process = time.time(), start(*expected.flags, f"--workdir={workdir}")
            time.sleep(rng.uniform(0.0, expected.life))
            if process.poll() is not None:
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
        f"{moments.total()} kills uniform over {expected.life:.0f} s, in {runs} runs ({where}): 0 failed resumes, 0 differ"
    )


@pytest.mark.parametrize(("signals", "steps"), [(2, 100), pytest.param(50, 200, marks=pytest.mark.slow)])
def test_a_signal_ends_a_run_in_time_with_its_step_saved(undisturbed, tmp_path, signals, steps):
    expected, rng = undisturbed(steps), random.Random(1)
    waits = []
    runs = 0
    while len(waits) < signals:
        workdir = tmp_path / f"run_{runs}"
        runs += 1
        while len(waits) < signals:
            began, process = time.time(), start(*expected.flags, f"--workdir={workdir}")
            while process.poll() is None and not logged_since(workdir, began):
                time.sleep(0.02)
            time.sleep(rng.uniform(0.0, expected.loop / 4))
            process.send_signal(rng.choice([signal.SIGTERM, signal.SIGINT]))
            sent = time.monotonic()
            status = process.wait()
            if status == 0:  # it was done before
                expected.assert_same_end(workdir)
                break
            assert status == STOPPED
            waits.append(time.monotonic() - sent)
            assert waits[-1] < 10
            assert saved_all_it_logged(workdir)
        else:
            expected.finish(workdir)
    print(
        f"{len(waits)} signals in {runs} runs: each stopped with status {STOPPED} and its last step saved, "
        f"the slowest after {max(waits):.1f} s: 0 differ"
    )


def saved_all_it_logged(workdir: Path) -> bool:
    """Whether the newest step on disk is the last one that was logged: a stop by signal loses no step."""
    saved = max(int(path.name) for path in (workdir / "checkpoints").iterdir())
    return saved == finished_steps(workdir)[-1]["step"]
