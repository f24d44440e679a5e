import dataclasses
import math
import random
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
import pytest
from checkpoint_states import META, abstract, bits, make_state, restore, same, save

from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.checkpoint.store import CheckpointStore
from codelm_jax.errors import UserError


@pytest.fixture
def store(tmp_path):
    with CheckpointStore(tmp_path / "checkpoints") as store:
        yield store


def test_a_restored_state_has_the_saved_bits_and_types(store):
    state = save(
        store,
        3,
        data={"next_index": 96},
        meta=dataclasses.replace(META, config={"model": {"name": "é", "steps": [1, 2]}}),
        metrics={"nll": 2.5},
    )
    restored = restore(store, state)
    assert restored is not None
    assert same(restored.state, state)
    assert (restored.step, restored.data) == (3, {"next_index": 96})
    assert restored.meta.config == {"model": {"name": "é", "steps": [1, 2]}}
    assert restored.metrics == {"nll": 2.5}


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", "int32", "uint16", "int8", "bool"])
def test_every_bit_pattern_of_every_dtype_survives(store, dtype):
    pattern = np.random.default_rng(0).integers(0, 256, size=4096, dtype=np.uint8)
    array = (pattern > 127) if dtype == "bool" else pattern.view(jnp.dtype(dtype))
    store.save(1, state={"x": jnp.asarray(array), "scalar": jnp.asarray(array[0])}, data={}, meta=META)
    restored = restore(store, {"x": jnp.asarray(array), "scalar": jnp.asarray(array[0])})
    assert restored.state["x"].tobytes() == array.tobytes()
    assert restored.state["scalar"].shape == ()


def test_a_run_that_never_saved_has_nothing_to_restore(store):
    assert store.restore(abstract(make_state(0))) is None
    assert (store.latest_step(), store.best_step(), store.steps()) == (None, None, [])


def test_buffers_may_be_donated_as_soon_as_save_returns(store):
    update = jax.jit(lambda tree: jax.tree.map(lambda x: x * 0 - 1, tree), donate_argnums=0)
    state = {"w": jax.random.normal(jax.random.key(0), (400, 500)), "b": jnp.arange(1000.0)}
    before = bits(state)
    store.save(1, state=state, data={}, meta=META)
    for _ in range(3):
        state = update(state)
    assert bits(restore(store, state).state) == before


def test_restored_buffers_may_be_donated_without_harm_to_another_restore(store):
    update = jax.jit(lambda tree: jax.tree.map(lambda x: x + jnp.asarray(1, x.dtype), tree), donate_argnums=0)
    state = save(store, 1)
    expected = bits(update(make_state(1)))
    first, second = (restore(store, state).state for _ in range(2))
    assert bits(update(first)) == expected
    assert same(second, state)


def test_a_later_process_reads_what_an_earlier_one_saved(tmp_path):
    with CheckpointStore(tmp_path) as store:
        save(store, 1, metrics={"nll": 1.0})
        state = save(store, 2, metrics={"nll": 2.0})
    with CheckpointStore(tmp_path) as store:
        assert (store.steps(), store.latest_step(), store.best_step()) == ([1, 2], 2, 1)
        assert same(restore(store, state).state, state)
        assert same(restore(store, state, step=1).state, make_state(1))


@pytest.mark.parametrize("histories", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_on_disk_survive_the_latest_two_the_true_best_and_the_milestones_whatever_the_figures(
    tmp_path, histories
):
    rng = random.Random(0)
    for history in range(histories):
        directory, milestones, figures = tmp_path / str(history), {3, 7, 99}, {}
        store = CheckpointStore(directory, keep_steps=milestones)
        for step in range(1, 15):
            nll = rng.choice((math.nan, math.inf, -math.inf, rng.uniform(0, 9), rng.uniform(0, 9)))
            metrics = rng.choice((None, {"nll": nll}, {"nll": nll}))
            store.save(step, state={"x": jnp.array(step)}, data={}, meta=META, metrics=metrics)
            if metrics and math.isfinite(nll):
                figures[step] = nll
            store.wait()
            if rng.random() < 0.2:
                store.close()
                store = CheckpointStore(directory, keep_steps=milestones)
            best = min(figures, key=figures.__getitem__) if figures else None
            expected = {step - 1, step} | milestones & set(range(1, step + 1)) | ({best} if best else set())
            assert store.steps() == sorted(expected - {0})
            assert store.best_step() == best
        store.close()


def test_nothing_but_steps_is_left_on_disk(tmp_path):
    with CheckpointStore(tmp_path) as store:
        for step in range(1, 6):
            save(store, step)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["4", "5"]


def test_opening_removes_unfinished_saves(tmp_path):
    with CheckpointStore(tmp_path) as store:
        state = save(store, 1)
    shutil.copytree(tmp_path / "1", tmp_path / "2.orbax-checkpoint-tmp")
    shutil.copytree(tmp_path / "1", tmp_path / "removed" / "0")
    with CheckpointStore(tmp_path) as store:
        assert [entry.name for entry in tmp_path.iterdir()] == ["1"]
        assert same(restore(store, state).state, state)


def test_a_step_is_never_overwritten(store):
    state = save(store, 1)
    with pytest.raises(UserError, match="1: exists already"):
        store.save(1, state=make_state(2), data={}, meta=META)
    assert same(restore(store, state).state, state)


def test_another_shape_dtype_or_name_is_refused_by_name_and_harms_nothing(store):
    state = save(store, 1)
    wanted = abstract(state)
    wider = wanted.replace(params={**wanted.params, "head": jax.ShapeDtypeStruct((8, 401), jnp.bfloat16)})
    cast = wanted.replace(step=jax.ShapeDtypeStruct((), jnp.float32))
    fewer = wanted.replace(params={name: leaf for name, leaf in wanted.params.items() if name != "head"})
    more = wanted.replace(params={**wanted.params, "extra": jax.ShapeDtypeStruct((1,), jnp.float32)})
    for asked, message in (
        (wider, r"params/head is bfloat16\[8,400\] in the checkpoint and bfloat16\[8,401\]"),
        (cast, r"step is int32\[\] in the checkpoint and float32\[\]"),
        (fewer, r"params/head is bfloat16\[8,400\] in the checkpoint and missing"),
        (more, r"params/extra is missing in the checkpoint and float32\[1\]"),
    ):
        with pytest.raises(UserError, match=message):
            store.restore(asked)
    assert store.steps() == [1]
    assert same(restore(store, state).state, state)


def test_a_missing_step_is_refused_and_the_existing_ones_are_listed(store):
    state = save(store, 4)
    with pytest.raises(UserError, match=r"no such step; there are \[4\]"):
        restore(store, state, step=5)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"state": {"x": 1.0}}, TypeError, "x: float is not an array"),
        ({"state": {"key": jax.random.key(0)}}, TypeError, "key: .* is not an array of numbers"),
        ({"state": {"a/b": np.zeros(1)}}, ValueError, "cannot name"),
        ({"data": {"x": np.zeros(1)}}, TypeError, "data: "),
        ({"meta": RunMeta({"model": {"x": math.nan}}, "")}, ValueError, "meta: "),
    ],
)
def test_values_that_cannot_be_restored_exactly_are_refused_before_anything_is_written(
    store, changes, error, message
):
    arguments = {"state": {"x": np.zeros(1)}, "data": {}, "meta": META}
    with pytest.raises(error, match=message):
        store.save(1, **{**arguments, **changes})
    assert list(store.directory.iterdir()) == []


def test_a_saved_step_opens_in_plain_orbax(store):
    state = save(store, 1)
    store.wait()
    with ocp.CheckpointManager(store.directory) as manager:
        restored = manager.restore(
            1, args=ocp.args.Composite(state=ocp.args.PyTreeRestore(), data=ocp.args.JsonRestore())
        )
    assert restored["data"] == {"next_index": 1}
    np.testing.assert_array_equal(
        restored["state"]["params"]["embed"]["embedding"], state.params["embed"]["embedding"]
    )


def test_a_user_sees_nothing_of_orbax(store, caplog, capfd):
    caplog.set_level("DEBUG", logger="absl")
    save(store, 1)
    restore(store, make_state(1))
    assert [record.getMessage() for record in caplog.records if "orbax" in record.pathname] == []
    assert capfd.readouterr() == ("", "")
