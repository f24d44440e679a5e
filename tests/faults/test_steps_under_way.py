"""Several devices on one processor: a run that logs seldom must not have so many steps under way that they lock up."""

import pytest
from faults.training_command import small_training, train

pytestmark = [pytest.mark.faults, pytest.mark.slow]

STOPPED = 75


@pytest.mark.parametrize("devices", [2, 8])
def test_a_run_that_logs_seldom_on_several_cpu_devices_does_not_stand_still(tmp_path, devices):
    flags = [
        *small_training(tmp_path),
        "--config.max_steps=100000",
        "--config.batch_size=8",
        "--config.log_every=100000",
        "--config.eval_every=100000",
        "--config.checkpoint_every=100000",
        "--config.monitor_every=0",
        "--stop_after=4000",
    ]
    done = train(*flags, devices=devices)
    assert done.returncode == STOPPED, done.stderr[:2000]
    print(f"4,000 steps on {devices} CPU devices without a pause to log: done")
