"""Laws of the devices that a command runs on; each in a process of its own, where JAX has not started yet."""

import os
import subprocess
import sys

import pytest

CODE = """
import os, sys
import jax
from codelm_jax.devices import one_cpu_device_per_core
os.sched_getaffinity = lambda _: set(range(6))
one_cpu_device_per_core(int(sys.argv[1]))
print(jax.device_count())
"""


@pytest.mark.parametrize(
    ("batch_parts", "environment", "expected"),
    [
        (32, {}, 4),
        (6, {}, 6),
        (7, {}, 1),
        (32, {"JAX_NUM_CPU_DEVICES": "2"}, 2),
        (32, {"XLA_FLAGS": "--xla_force_host_platform_device_count=3"}, 3),
    ],
)
def test_as_many_cpu_devices_as_cores_allow_and_the_batch_divides_over(batch_parts, environment, expected):
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(batch_parts)],
        capture_output=True,
        text=True,
        env={**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": "", **environment},
    )
    assert done.stdout.strip() == str(expected), done.stderr
