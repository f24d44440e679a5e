import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

# Runs in a process of its own: the number of devices is fixed when JAX starts.
CURVE = """
import functools, json, sys
import jax
from training.tiny_run import make_config, make_windows
from codelm_jax.training.mesh import make_mesh, put_batch, put_replicated, replicated, split_over_batch
from codelm_jax.training.step import init_state, train_step

config = make_config(grad_accum_steps=int(sys.argv[1]))
mesh = make_mesh(config)
everywhere = replicated(mesh)
step = jax.jit(functools.partial(train_step, config), in_shardings=(everywhere, split_over_batch(mesh)))
state = put_replicated(mesh, init_state(config))
losses = []
for i in range(6):
    state, metrics = step(state, put_batch(mesh, make_windows(config, i)))
    losses.append(float(metrics["loss"]))
print(json.dumps([jax.device_count(), losses]))
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


@pytest.mark.parametrize("parts", ["1", "2"])
def test_one_and_several_devices_give_the_same_training_curve(parts):
    curves = {}
    for devices in (1, 8 // int(parts)):
        done = run_on(devices, CURVE, parts)
        assert done.returncode == 0, done.stderr
        count, curves[devices] = json.loads(done.stdout)
        assert count == devices
    one, many = curves.values()
    np.testing.assert_allclose(one, many, rtol=1e-5)


def test_a_batch_that_does_not_divide_over_the_devices_is_refused_by_name():
    done = run_on(
        3,
        "from training.tiny_run import make_config\nfrom codelm_jax.training.mesh import make_mesh\n"
        "make_mesh(make_config())",
    )
    assert "UserError: config.batch_size = 8 in 1 part(s) does not divide over 3 devices" in done.stderr


SEVERAL_CHUNKS = """
import functools, json
import jax
from training.tiny_run import make_config, make_windows
from codelm_jax.training import step
from codelm_jax.training.mesh import make_mesh, put_batch, put_replicated, replicated, split_over_batch

step._CHUNK_TOKENS_CPU = 8
config = make_config()
mesh = make_mesh(config)
everywhere = replicated(mesh)
jitted = jax.jit(
    functools.partial(step.train_step, config), in_shardings=(everywhere, split_over_batch(mesh))
)
state = put_replicated(mesh, step.init_state(config))
batch = put_batch(mesh, make_windows(config, 0))
compiled = jitted.lower(state, batch).compile()
print(json.dumps([compiled.as_text(), float(compiled(state, batch)[1]["loss"])]))
"""


def test_devices_meet_once_a_step_however_many_chunks_the_loss_has():
    losses = []
    for devices in (1, 2):
        done = run_on(devices, SEVERAL_CHUNKS)
        assert done.returncode == 0, done.stderr
        text, loss = json.loads(done.stdout)
        losses.append(loss)
        assert "known_trip_count" in text  # of the loop over chunks
        assert text.count(" all-reduce(") == devices - 1
    np.testing.assert_allclose(*losses, rtol=1e-6)
