import dataclasses
import json
import math
import shutil
import threading

import jax.numpy as jnp
import pytest
from checkpoint_states import META, make_state, same, save

from codelm_jax.checkpoint.digest import Damaged, array_digest, json_digest
from codelm_jax.checkpoint.load import load_checkpoint
from codelm_jax.checkpoint.saved_step import SavedStep
from codelm_jax.checkpoint.store import CheckpointStore
from codelm_jax.errors import UserError


def meta_of(step):
    return dataclasses.replace(META, tokenizer_json=f"{step}")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A run with steps 1 (best), 2 and 3 (not finite)."""
    directory = tmp_path_factory.mktemp("saved")
    with CheckpointStore(directory / "checkpoints") as store:
        for step, nll in ((1, 1.5), (2, 2.5), (3, math.nan)):
            save(store, step, metrics={"nll": nll}, meta=meta_of(step))
    return directory


@pytest.fixture
def run(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "run")


@pytest.mark.parametrize(("which", "step"), [("best", 1), ("latest", 3), (2, 2)])
def test_the_weights_and_metadata_of_the_chosen_step_are_loaded(run, which, step):
    loaded = load_checkpoint(run, which=which)
    assert loaded.step == step
    assert same(loaded.params, make_state(step).params)
    assert loaded.meta == meta_of(step)


def test_a_run_its_checkpoints_and_one_step_are_all_paths_to_weights(run, monkeypatch):
    assert load_checkpoint(run / "checkpoints").step == 1
    assert load_checkpoint(run / "checkpoints" / "2").step == 2
    monkeypatch.chdir(run.parent)
    assert load_checkpoint("run").step == 1


def test_a_copied_step_opens_under_any_name(run, tmp_path):
    (run / "checkpoints" / "2").rename(tmp_path / "published-model")
    assert load_checkpoint(tmp_path / "published-model").step == 2


def test_without_figures_the_best_is_the_latest(tmp_path):
    with CheckpointStore(tmp_path) as store:
        save(store, 1)
        save(store, 2)
    assert load_checkpoint(tmp_path).step == 2


def test_only_floating_point_parameters_are_cast_and_only_on_request(tmp_path):
    params = {"table": jnp.arange(5), "kernel": jnp.linspace(0.0, 1.0, 7)}
    with CheckpointStore(tmp_path) as store:
        store.save(1, state={"params": params}, data={}, meta=META)
    assert same(load_checkpoint(tmp_path).params, params)
    cast = load_checkpoint(tmp_path, dtype=jnp.bfloat16).params
    assert same(cast, {"table": params["table"], "kernel": params["kernel"].astype(jnp.bfloat16)})


def test_weights_are_read_and_verified_without_the_optimizer(run):
    digests_file = run / "checkpoints" / "2" / "digests" / "metadata"
    table = json.loads(digests_file.read_text())
    del table["sha256"]
    for name, leaf in table["leaves"].items():
        if name.startswith("opt_state/"):
            leaf["sha256"] = "0" * 64
    digests_file.write_text(json.dumps({**table, "sha256": json_digest(table)}))
    with pytest.raises(Damaged, match=r"opt_state/.* differs from its digest"):
        SavedStep(run / "checkpoints" / "2").verify()
    assert same(load_checkpoint(run, which=2).params, make_state(2).params)


def test_weights_that_differ_from_their_digest_are_not_returned(run):
    digests_file = run / "checkpoints" / "1" / "digests" / "metadata"
    table = json.loads(digests_file.read_text())
    del table["sha256"]
    table["leaves"]["params/embed/embedding"]["sha256"] = "0" * 64
    digests_file.write_text(json.dumps({**table, "sha256": json_digest(table)}))
    with pytest.raises(UserError, match=r"checkpoints/1: params/embed/embedding differs .* repair"):
        load_checkpoint(run)
    assert (run / "checkpoints" / "1").exists(), "a reader changes nothing"


def test_a_step_with_unreadable_metrics_is_not_the_best_and_is_named(run, caplog):
    (run / "checkpoints" / "1" / "digests" / "metadata").write_text("{}")
    assert load_checkpoint(run).step == 2
    assert "checkpoints/1" in caplog.text


@pytest.mark.parametrize(
    ("path", "which", "message"),
    [
        ("nowhere", "best", "nowhere: no such directory"),
        ("empty", "best", "empty: holds no checkpoint"),
        ("run", 7, "has no step 7; it has 1, 2, 3"),
        ("run", "newest", "which = 'newest': must be best, latest or a step number"),
    ],
)
def test_a_missing_step_is_refused_and_the_existing_ones_are_named(run, path, which, message):
    (run.parent / "empty").mkdir()
    with pytest.raises(UserError, match=message):
        load_checkpoint(run.parent / path, which=which)


def test_a_state_without_params_is_refused(tmp_path):
    with CheckpointStore(tmp_path) as store:
        store.save(1, state={"weights": jnp.zeros(3)}, data={}, meta=META)
    with pytest.raises(UserError, match="has no params"):
        load_checkpoint(tmp_path)


def test_reading_during_a_training_run_never_fails(tmp_path):
    expected = {step: array_digest(jnp.full((2000,), float(step)).__array__()) for step in range(1, 13)}
    done = threading.Event()

    def train():
        with CheckpointStore(tmp_path) as store:
            for step in range(1, 13):
                params = {"w": jnp.full((2000,), float(step))}
                store.save(step, state={"params": params}, data={}, meta=META, metrics={"nll": 1 / step})
                store.wait()
                first_saved.set()
        done.set()

    first_saved = threading.Event()
    thread = threading.Thread(target=train)
    thread.start()
    assert first_saved.wait(timeout=60)
    reads = 0
    while not done.is_set():
        for which in ("best", "latest"):
            loaded = load_checkpoint(tmp_path, which=which)
            assert array_digest(loaded.params["w"].__array__()) == expected[loaded.step]
            reads += 1
    thread.join()
    assert reads > 4
