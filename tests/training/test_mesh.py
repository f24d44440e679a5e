import json
import os
import subprocess
import sys
import types
from pathlib import Path

import jax
import numpy as np
import pytest
from training.tiny_run import make_config

from codelm_jax.errors import UserError
from codelm_jax.training.mesh import make_mesh

# Runs in a process of its own: the number of devices is fixed when JAX starts.
TRAINING = """
import json
import jax, numpy as np
from jax.sharding import Mesh
from training.tiny_run import make_config, make_windows
from codelm_jax.ops import cross_entropy
from codelm_jax.training.compile import compile_train_step
from codelm_jax.training.mesh import put_batch
from codelm_jax.training.start import fresh_state

def trained(devices, parts, steps):
    config = make_config(grad_accum_steps=parts, model__num_layers=1)
    mesh = Mesh(np.asarray(jax.devices()[:devices]), ("data",))
    state = fresh_state(config, mesh, None)
    compiled = compile_train_step(config, mesh).lower(state, put_batch(mesh, make_windows(config, 0))).compile()
    losses = []
    for i in range(steps):
        state, metrics = compiled(state, put_batch(mesh, make_windows(config, i)))
        losses.append(float(metrics["loss"]))
    return losses, compiled.as_text()

result = {}
for devices in (1, 4):
    curves, programs = {}, {}
    for parts in (1, 2):
        curves[parts], programs[parts] = trained(devices, parts, 6)
    result[devices] = {"curves": curves, "loops": programs[1].count("known_trip_count")}
cross_entropy.CHUNK_TOKENS["cpu"] = 4
(loss,), chunked = trained(4, 1, 1)
result["chunked"] = {
    "loss": loss,
    "loops": chunked.count("known_trip_count"),
    "reductions": chunked.count(" all-reduce("),
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
    """The same batches on one device and on four."""
    done = run_on(4, TRAINING)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("parts", ["1", "2"])
def test_one_and_several_devices_give_the_same_training_curve(trained, parts):
    one, many = (trained[devices]["curves"][parts] for devices in ("1", "4"))
    np.testing.assert_allclose(one, many, rtol=1e-5)


def test_devices_meet_once_a_step_however_many_chunks_the_loss_has(trained):
    chunked = trained["chunked"]
    assert chunked["loops"] > trained["4"]["loops"]
    assert chunked["reductions"] == 1
    assert chunked["loss"] == pytest.approx(trained["1"]["curves"]["1"][0], rel=1e-6)


def test_a_batch_that_does_not_divide_over_the_devices_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(jax, "devices", lambda: [types.SimpleNamespace()] * 3)
    with pytest.raises(
        UserError, match=r"config.batch_size = 8 in 1 part\(s\) does not divide over 3 devices"
    ):
        make_mesh(make_config())
