"""A run resumed on another number of devices: same batches and masks, equal within a tolerance."""

import shutil

import pytest
from faults.training_command import finished_steps, small_training, train

# The short form is tests/training/test_mesh.py: the whole curve on one device and on several.
pytestmark = [pytest.mark.faults, pytest.mark.slow]

STOPPED = 75
# Relative, of the loss of any later step. Bits differ from the first step on, and training magnifies that slowly.
TOLERANCE = 1e-4


def losses(workdir):
    return {line["step"]: line["train/loss"] for line in finished_steps(workdir)}


@pytest.mark.parametrize(
    ("steps", "saved_on", "goes_on_on"),
    [(400, 2, (1, 8)), (400, 8, (1, 2))],
)
def test_it_stays_within_the_stated_tolerance(tmp_path, steps, saved_on, goes_on_on):
    flags = [
        *small_training(tmp_path),
        "--config.batch_size=8",
        f"--config.max_steps={steps + 1}",
        "--config.log_every=1",
        f"--config.eval_every={steps}",
        f"--config.checkpoint_every={steps}",
    ]
    to_the_end = f"--stop_after={steps}"
    assert train(*flags, f"--stop_after={steps // 2}", devices=saved_on).returncode == STOPPED
    differences = {}
    for devices in goes_on_on:
        shutil.copytree(tmp_path / "run", tmp_path / str(devices))
        done = train(*flags, f"--workdir={tmp_path / str(devices)}", to_the_end, devices=devices)
        assert done.returncode == STOPPED, done.stderr
        assert f"saved on {saved_on} x cpu, resumed on {devices} x cpu" in done.stdout + done.stderr
    assert train(*flags, to_the_end, devices=saved_on).returncode == STOPPED
    straight = losses(tmp_path / "run")
    for devices in goes_on_on:
        other = losses(tmp_path / str(devices))
        assert other.keys() == straight.keys()
        differences[devices] = max(abs(other[step] / straight[step] - 1) for step in straight)
        assert 0 < differences[devices] < TOLERANCE
    found = ", ".join(f"{devices} device(s): {value:.1e}" for devices, value in differences.items())
    print(
        f"{steps // 2} steps after {steps // 2} on {saved_on} devices; largest relative difference of a loss: {found}"
    )
