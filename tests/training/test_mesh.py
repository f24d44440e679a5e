import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

# Runs in a process of its own: the number of devices is fixed when JAX starts.
TRAINING = """
import functools, json, sys
import jax
from training.tiny_run import make_config, make_windows
from codelm_jax.ops import cross_entropy
from codelm_jax.training import step
from codelm_jax.training.mesh import (
    backend_of, make_mesh, put_batch, put_replicated, replicated, split_over_batch
)

def trained(parts, steps):
    config = make_config(grad_accum_steps=parts, model__num_layers=1)
    mesh = make_mesh(config)
    everywhere = replicated(mesh)
    jitted = jax.jit(
        functools.partial(step.train_step, config, backend_of(config, mesh)),
        in_shardings=(everywhere, split_over_batch(mesh)),
    )
    state = put_replicated(mesh, step.init_state(config))
    losses = []
    compiled = jitted.lower(state, put_batch(mesh, make_windows(config, 0))).compile()
    for i in range(steps):
        state, metrics = compiled(state, put_batch(mesh, make_windows(config, i)))
        losses.append(float(metrics["loss"]))
    return losses, compiled.as_text()

curves, programs = {}, {}
for parts in (1, 2):
    curves[parts], programs[parts] = trained(parts, 6)
cross_entropy.CHUNK_TOKENS["cpu"] = 4
(loss,), chunked = trained(1, 1)
loops = [program.count("known_trip_count") for program in (programs[1], chunked)]
result = {
    "devices": jax.device_count(),
    "curves": curves,
    "chunked": {"loss": loss, "loops": loops, "reductions": chunked.count(" all-reduce(")},
}
print(json.dumps(result))
"""


def run_on(devices, code, *arguments):
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={devices}"
    path = os.pathsep.join(["tests", os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "XLA_FLAGS": flags, "PYTHONPATH": path, "JAX_PLATFORMS": "cpu"},
    )


@pytest.fixture(scope="module")
def trained():
    """What one device and several make of the same batches."""
    results = []
    for devices in (1, 4):
        done = run_on(devices, TRAINING)
        assert done.returncode == 0, done.stderr
        results.append(json.loads(done.stdout))
        assert results[-1]["devices"] == devices
    return results


@pytest.mark.parametrize("parts", ["1", "2"])
def test_one_and_several_devices_give_the_same_training_curve(trained, parts):
    one, many = (result["curves"][parts] for result in trained)
    np.testing.assert_allclose(one, many, rtol=1e-5)


def test_a_batch_that_does_not_divide_over_the_devices_is_refused_by_name():
    done = run_on(
        3,
        "from training.tiny_run import make_config\nfrom codelm_jax.training.mesh import make_mesh\n"
        "make_mesh(make_config())",
    )
    assert "UserError: config.batch_size = 8 in 1 part(s) does not divide over 3 devices" in done.stderr


def test_devices_meet_once_a_step_however_many_chunks_the_loss_has(trained):
    for result in trained:
        whole, chunked = result["chunked"]["loops"]
        assert chunked > whole
        assert result["chunked"]["reductions"] == (result["devices"] > 1)
    np.testing.assert_allclose(*(result["chunked"]["loss"] for result in trained), rtol=1e-6)
