"""Real kills and real signals at random times in the life of the training command; nothing may be lost or changed."""

import random
import signal
import time
from pathlib import Path

import pytest
from faults.training_command import small_training, start, train

from codelm_jax.checkpoint.comparison import differences
from codelm_jax.checkpoint.inspection import verify
from codelm_jax.checkpoint.saved_step import SavedStep

STEPS = 300
LIFE = 12.0  # seconds: longer than a start, shorter than a whole run


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Flags of a run that saves every few steps, and where an undisturbed one ended."""
    directory = tmp_path_factory.mktemp("undisturbed")
    flags = [
        *small_training(directory),
        f"--config.max_steps={STEPS}",
        "--config.checkpoint_every=10",
        "--config.eval_every=100",
        "--config.monitor_every=0",
    ]
    assert train(*flags).returncode == 0
    return flags, SavedStep(directory / "run" / "checkpoints" / str(STEPS))


def unfinished_saves(workdir: Path) -> int:
    return sum("tmp" in path.name for path in (workdir / "checkpoints").glob("*"))


def leftovers(workdir: Path) -> list[Path]:
    return [path for path in workdir.rglob("*") if "tmp" in path.name]


def finish(flags, workdir, expected):
    done = train(*flags, f"--workdir={workdir}")
    assert done.returncode == 0, done.stderr
    assert not differences(expected, SavedStep(workdir / "checkpoints" / str(STEPS)))
    assert not leftovers(workdir)
    assert not (workdir / "quarantine").exists()
    assert all(finding.damage is None for finding in verify(workdir))


@pytest.mark.parametrize("kills", [2, pytest.param(200, marks=pytest.mark.slow)])
def test_a_run_killed_at_any_time_ends_bitwise_where_an_undisturbed_one_does(undisturbed, tmp_path, kills):
    flags, expected = undisturbed
    rng = random.Random(0)
    done = in_saves = before_steps = runs = 0
    while done < kills:
        workdir = tmp_path / f"run_{runs}"
        runs += 1
        for _ in range(min(10, kills - done)):
            process = start(*flags, f"--workdir={workdir}")
            time.sleep(rng.uniform(0.0, LIFE))
            if process.poll() is not None:
                assert process.returncode == 0
                break
            process.kill()
            process.wait()
            done += 1
            in_saves += unfinished_saves(workdir) > 0
            before_steps += not (workdir / "metrics.jsonl").exists()
        finish(flags, workdir, expected)
    print(
        f"{done} kills in {runs} runs, {in_saves} during a save, {before_steps} before the first step: 0 differ"
    )


@pytest.mark.parametrize("signals", [2, pytest.param(50, marks=pytest.mark.slow)])
def test_a_signal_ends_a_run_in_time_with_its_step_saved(undisturbed, tmp_path, signals):
    flags, expected = undisturbed
    rng = random.Random(1)
    waits = []
    runs = 0
    while len(waits) < signals:
        workdir = tmp_path / f"run_{runs}"
        runs += 1
        for _ in range(min(10, signals - len(waits))):
            process = start(*flags, f"--workdir={workdir}")
            metrics = workdir / "metrics.jsonl"
            size = metrics.stat().st_size if metrics.exists() else 0
            while process.poll() is None and not (metrics.exists() and metrics.stat().st_size > size):
                time.sleep(0.02)
            time.sleep(rng.uniform(0.0, 1.0))
            process.send_signal(rng.choice([signal.SIGTERM, signal.SIGINT]))
            sent = time.monotonic()
            status = process.wait()
            if status != 75:  # it was done, or past its loop
                assert status in (0, 130, -signal.SIGTERM, -signal.SIGINT, 1)
                break
            waits.append(time.monotonic() - sent)
        finish(flags, workdir, expected)
    print(
        f"{signals} signals in {runs} runs: all stopped and saved, the slowest after {max(waits):.1f} s: 0 differ"
    )
