"""Weights in several files: as other tools write and read them, and no file in place of another."""

import json
from pathlib import Path

import pytest
from interop_models import assert_same_bits, exported
from safetensors.numpy import load_file

from codelm_jax.errors import UserError
from codelm_jax.interop.hf_export import export_hf
from codelm_jax.interop.hf_import import read_hf

LIMIT = 30_000
INDEX = "model.safetensors.index.json"


@pytest.fixture
def sharded(tmp_path) -> Path:
    export_hf(exported(), tmp_path / "toy", max_shard_bytes=LIMIT)
    return tmp_path / "toy"


def shards(directory: Path) -> list[Path]:
    return sorted(directory.glob("model-*.safetensors"))


def tensors(path: Path) -> dict[str, int]:
    """Name -> values."""
    return {name: array.size for name, array in load_file(path).items()}


def without_record(directory: Path) -> Path:
    (directory / "codelm.json").unlink()
    return directory


def test_shards_hold_every_tensor_once_and_none_is_split(sharded, tmp_path):
    export_hf(exported(), tmp_path / "whole")
    assert not (sharded / "model.safetensors").exists()
    index = json.loads((sharded / INDEX).read_text())
    found = {}
    for number, path in enumerate(shards(sharded), start=1):
        assert path.name == f"model-{number:05d}-of-{len(shards(sharded)):05d}.safetensors"
        held = tensors(path)
        assert {name for name, file in index["weight_map"].items() if file == path.name} == set(held)
        found |= held
        # Only a tensor that is larger by itself makes a file larger.
        assert path.stat().st_size <= LIMIT or len(held) == 1
    assert found == tensors(tmp_path / "whole" / "model.safetensors")
    assert index["metadata"]["total_size"] == 4 * sum(found.values())
    assert len(shards(sharded)) > 2


def test_shards_come_back_bit_by_bit_with_their_record(sharded):
    back = read_hf(sharded)
    assert_same_bits(exported().params, back.params)
    assert back.step == 70


def test_weights_below_the_limit_are_one_file(tmp_path):
    export_hf(exported(), tmp_path / "toy", max_shard_bytes=10**6)
    assert (tmp_path / "toy" / "model.safetensors").exists()
    assert not (tmp_path / "toy" / INDEX).exists()


def test_one_form_replaces_the_other(sharded):
    export_hf(exported(), sharded, overwrite=True)
    assert shards(sharded) == []
    export_hf(exported(), sharded, max_shard_bytes=LIMIT, overwrite=True)
    assert not (sharded / "model.safetensors").exists()


@pytest.mark.parametrize("recorded", [True, False])
def test_a_missing_shard_is_named(recorded, sharded):
    directory = sharded if recorded else without_record(sharded)
    gone = shards(directory)[1]
    gone.unlink()
    with pytest.raises(UserError, match=gone.name):
        read_hf(directory)


@pytest.mark.parametrize("recorded", [True, False])
def test_swapped_shards_are_named(recorded, sharded):
    directory = sharded if recorded else without_record(sharded)
    first, second, *_ = shards(directory)
    contents = first.read_bytes(), second.read_bytes()
    second.write_bytes(contents[0])
    first.write_bytes(contents[1])
    with pytest.raises(UserError, match=first.name):
        read_hf(directory)


@pytest.mark.parametrize(
    "index",
    [
        "{",
        "[]",
        "{}",
        '{"weight_map": []}',
        '{"weight_map": {}}',
        '{"weight_map": {"a": 1}}',
        '{"weight_map": {"a": "../toy/model-00001-of-00002.safetensors"}}',
        '{"weight_map": {"a": "/etc/passwd"}}',
    ],
)
def test_an_invalid_index_is_reported_in_one_line(index, sharded):
    (without_record(sharded) / INDEX).write_text(index)
    with pytest.raises(UserError, match=INDEX) as refused:
        read_hf(sharded)
    assert "\n" not in str(refused.value)


def test_a_changed_index_does_not_get_the_record_of_the_run(sharded):
    index = json.loads((sharded / INDEX).read_text())
    (sharded / INDEX).write_text(json.dumps(index))
    with pytest.raises(UserError, match=f"{INDEX}: is not the file that"):
        read_hf(sharded)
