"""An exported directory stands wherever a checkpoint may: the same model, and its record is held against its files."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from interop_models import LLAMA, assert_same_bits, exported

from codelm_jax.checkpoint.metadata import Parent
from codelm_jax.checkpoint.store import CheckpointStore
from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.errors import UserError
from codelm_jax.generation.generator import Generator
from codelm_jax.interop.hf_export import export_hf
from codelm_jax.serving.loading import load_model, run_name
from codelm_jax.training.resume import find_origin
from codelm_jax.weights import load_weights


@pytest.fixture
def out(tmp_path):
    export_hf(exported(), tmp_path / "toy", max_shard_bytes=30_000)
    return tmp_path / "toy"


def test_an_export_loads_as_the_checkpoint_it_was_made_of(out, tmp_path):
    model = exported()
    with CheckpointStore(tmp_path / "run" / "checkpoints") as store:
        store.save(model.step, state={"params": model.params}, data={}, meta=model.meta)
    before, after = load_weights(tmp_path / "run"), load_weights(out)
    assert_same_bits(jax.device_get(before.params), jax.device_get(after.params))
    assert before.step == after.step
    public = {key: value for key, value in before.meta.config.items() if key != "data"}
    assert after.meta == dataclasses.replace(before.meta, config=public)


def test_bfloat16_is_loaded_as_float32_without_rounding(tmp_path):
    model = exported(**LLAMA)
    export_hf(model, tmp_path / "toy", dtype="bfloat16")
    loaded = load_weights(tmp_path / "toy").params
    rounded = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16).astype(np.float32), model.params)
    assert_same_bits(rounded, jax.device_get(loaded))


def test_it_can_be_sampled_served_and_trained_further(out):
    assert Generator.from_checkpoint(out).text_model.context_length == 48
    assert load_model(str(out), max_rows=None).band == {"target_rate": 0.01, "lengths": []}
    assert run_name(str(out)) == "toy"
    origin = find_origin(None, str(out), ["elsewhere/HumanEval.jsonl.gz", "mbpp.jsonl"])
    assert origin.decontaminated == ["elsewhere/HumanEval.jsonl.gz"]
    assert origin.tokenizer_json == exported().meta.tokenizer_json


def test_its_tokenizer_file_prepares_data_that_it_can_be_evaluated_on(out):
    assert CodeTokenizer.from_file(out / "tokenizer.json").to_json() == load_weights(out).meta.tokenizer_json


def test_an_export_has_one_step(out):
    assert load_weights(out, which=70).step == load_weights(out, which="latest").step == 70
    with pytest.raises(UserError, match="has no step 3; it is an export of step 70"):
        load_weights(out, which=3)


def test_without_a_record_it_is_a_model_of_unknown_data(out):
    (out / "codelm.json").unlink()
    loaded = load_weights(out)
    assert (loaded.step, loaded.meta.data_fingerprint, loaded.meta.decontaminated) == (0, "unknown", ())
    assert Generator.from_loaded(loaded).text_model.context_length == 48


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model-00001-of-*.safetensors"])
def test_a_file_that_is_not_the_exported_one_is_named(name, out):
    (path,) = out.glob(name)
    with path.open("ab") as file:
        file.write(b" ")
    with pytest.raises(UserError, match=f"{path.name}: is not the file"):
        load_weights(out)


@pytest.mark.parametrize(
    ("name", "told"), [("empty", "empty: holds no checkpoint"), ("gone", "gone: no such directory")]
)
def test_a_wrong_directory_is_reported_in_one_line_with_all_that_it_could_be(name, told, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=told) as refused:
        load_weights(tmp_path / name)
    assert str(refused.value).endswith("one step, or a directory that scripts/export.py wrote")


def test_paths_of_the_machine_are_not_published(tmp_path):
    model = exported()
    meta = dataclasses.replace(
        model.meta,
        decontaminated=("/home/me/HumanEval.jsonl.gz", "given/mbpp.jsonl"),
        began_from=Parent("/home/me/run", 3, "f"),
    )
    export_hf(dataclasses.replace(model, meta=meta), tmp_path / "toy")
    assert "/home" not in (tmp_path / "toy" / "codelm.json").read_text()
    meta = load_weights(tmp_path / "toy").meta
    assert meta.decontaminated == ("HumanEval.jsonl.gz", "given/mbpp.jsonl")
    assert meta.began_from == Parent("run", 3, "f")
