"""Real kills, a really full file system and other device counts, each in a process of its own."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from checkpoint_states import restore

from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.checkpoint.store import CheckpointStore

pytestmark = pytest.mark.faults


def start(code, *arguments, **environment):
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "JAX_PLATFORMS": "cpu", **environment},
        cwd=Path(__file__).parents[2],
    )


def run(code, *arguments, **environment):
    process = start(code, *arguments, **environment)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return output


def state_of(step):
    return {"params": {f"w{index}": jnp.full((300, 50), float(step + index)) for index in range(8)}}


ENDLESS_SAVES = """
import sys
import jax.numpy as jnp
from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.checkpoint.store import CheckpointStore
with CheckpointStore(sys.argv[1]) as store:
    step = store.latest_step() or 0
    while True:
        step += 1
        state = {"params": {f"w{index}": jnp.full((300, 50), float(step + index)) for index in range(8)}}
        store.save(step, state=state, data={"next_index": step}, meta=RunMeta({"model": {}}, ""))
        store.wait()
        print(step, flush=True)
"""


@pytest.mark.parametrize("kills", [1, pytest.param(60, marks=pytest.mark.slow)])
def test_after_a_kill_at_any_time_the_last_completed_save_or_a_newer_one_is_restored_exactly(tmp_path, kills):
    rng, interrupted = random.Random(0), 0
    for _ in range(kills):
        process = start(ENDLESS_SAVES, tmp_path)
        assert process.stdout
        completed = int(process.stdout.readline())
        time.sleep(rng.uniform(0, 0.4))
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()
        # The kill may cut the last line short.
        completed = max([completed, *map(int, rest.split("\n")[:-1])])
        interrupted += any("tmp" in entry.name for entry in tmp_path.iterdir())
        with CheckpointStore(tmp_path) as store:
            restored = restore(store, state_of(0))
        assert restored.step >= completed
        assert restored.data == {"next_index": restored.step}
        jax.tree.map(np.testing.assert_array_equal, restored.state, state_of(restored.step))
        names = {entry.name for entry in tmp_path.iterdir()}
        assert all(name.isdecimal() for name in names), names
    print(
        f"{kills} kills of a process that saves, {interrupted} of them during a save: 0 completed saves lost"
    )


FULL_DISK = """
import os, resource, sys
import jax, jax.numpy as jnp, numpy as np
from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.checkpoint.store import CheckpointStore
from codelm_jax.errors import UserError

def state_of(step):
    return {"w": jax.random.normal(jax.random.key(step), (200, 300)), "b": jnp.full((9,), float(step))}

_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
store, meta = CheckpointStore(sys.argv[1]), RunMeta({"model": {}}, "x" * 2000)
store.save(1, state=state_of(1), data={}, meta=meta)
store.wait()
step = 1
for limit in map(int, sys.argv[2:]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        store.save(step + 1, state=state_of(step + 1), data={}, meta=meta)
        store.wait()
    except UserError as error:
        assert f"step {step + 1} could not be saved" in str(error), error
        assert f"latest complete step is {step}" in str(error), error
    else:
        raise AssertionError(f"nothing failed at {limit} bytes")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert store.latest_step() == step
    leftovers = [name for name in os.listdir(sys.argv[1]) if not name.isdecimal()]
    assert leftovers == [], leftovers
    restored = store.restore(jax.eval_shape(lambda: state_of(0)))
    assert restored.step == step
    jax.tree.map(np.testing.assert_array_equal, restored.state, state_of(step))
    # Room has been made: the same step can be saved now.
    step += 1
    store.save(step, state=state_of(step), data={}, meta=meta)
    store.verify(step)
store.close()
print("survived")
"""

FILL_LEVELS = (0, 40, 300, 2500, 50_000, 200_000)


@pytest.mark.parametrize(
    "limits",
    [FILL_LEVELS, pytest.param(tuple(range(0, 215_000, 7_000)), marks=pytest.mark.slow)],
    ids=["short", "every-level"],
)
def test_a_full_disk_is_reported_and_costs_only_the_step_that_did_not_fit(tmp_path, limits):
    process = start(FULL_DISK, tmp_path, *limits)
    output, errors = process.communicate(timeout=300)
    assert (process.returncode, output) == (0, "survived\n"), errors
    assert errors == ""
    print(f"{len(limits)} limits on the size of files: each told in one line, 0 earlier steps lost")


ON_SOME_DEVICES = """
import sys
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import NamedSharding, PartitionSpec
from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.checkpoint.load import load_checkpoint
from codelm_jax.checkpoint.store import CheckpointStore

devices, step = int(sys.argv[2]), int(sys.argv[3])
assert len(jax.devices()) == devices
mesh = jax.make_mesh((devices,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
replicated, sharded = NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec("data"))
shardings = {"params": {"a": sharded, "b": replicated}, "step": replicated}
shapes = {"params": {"a": ((16, 5), jnp.float32), "b": ((7,), jnp.bfloat16)}, "step": ((), jnp.int32)}
is_shape = lambda entry: isinstance(entry, tuple)
wanted = jax.tree.map(
    lambda shape, sharding: jax.ShapeDtypeStruct(*shape, sharding=sharding), shapes, shardings, is_leaf=is_shape
)
with CheckpointStore(sys.argv[1]) as store:
    restored = store.restore(wanted)
    assert restored.step == step, restored.step
    state = restored.state
    jax.tree.map(lambda leaf, sharding: np.testing.assert_(leaf.sharding == sharding), state, shardings)
    assert len(state["params"]["a"].addressable_shards) == devices
    np.testing.assert_array_equal(state["params"]["a"], np.arange(80, dtype=np.float32).reshape(16, 5))
    store.save(step + 1, state=state, data={}, meta=RunMeta({"model": {}}, ""))
weights = load_checkpoint(sys.argv[1], which="latest").params["a"]
assert len(weights.devices()) == 1
"""


@pytest.mark.parametrize(
    "ways",
    [(8, 2), pytest.param((8, 2, 1, 2, 8, 1), marks=pytest.mark.slow)],
    ids=["one-way", "either-way"],
)
def test_a_state_moves_between_one_eight_and_two_devices_without_losing_a_bit(tmp_path, ways):
    state = {
        "params": {
            "a": jnp.arange(80, dtype=jnp.float32).reshape(16, 5),
            "b": jnp.arange(7, dtype=jnp.bfloat16),
        },
        "step": jnp.array(3, jnp.int32),
    }
    with CheckpointStore(tmp_path) as store:
        store.save(1, state=state, data={}, meta=RunMeta({"model": {}}, ""))
    for step, devices in enumerate(ways, 1):
        run(
            ON_SOME_DEVICES,
            tmp_path,
            devices,
            step,
            XLA_FLAGS=f"--xla_force_host_platform_device_count={devices}",
        )
    with CheckpointStore(tmp_path) as store:
        restored = restore(store, state)
    assert restored.step == 1 + len(ways)
    jax.tree.map(np.testing.assert_array_equal, restored.state, state)
    print(f"one state, from 1 to {', to '.join(map(str, ways))} devices: bitwise equal")
