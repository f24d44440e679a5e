"""Opening prepared data: damage of any kind is found."""

import json
import random
import shutil

import numpy as np
import pytest
from source_trees import data_config, prepare_quietly

from codelm_jax.data.prepared import load_prepared
from codelm_jax.errors import UserError


def test_files_of_different_preparations_are_not_mixed(tree, tmp_path):
    prepare_quietly(data_config(tree, split_seed=1, prepared_dir=str(tmp_path / "other")))
    for name in ("train.tokens", "val.tokens", "test.tokens", "tokenizer.json", "manifest.json"):
        mixed = tmp_path / "mixed"
        shutil.copytree(tree / "prepared", mixed)
        shutil.copy(tmp_path / "other" / name, mixed)
        with pytest.raises(UserError, match="do not belong together"):
            load_prepared(mixed)
        shutil.rmtree(mixed)


@pytest.mark.parametrize(
    "name", ["train.tokens", "val.tokens", "tokenizer.json", "manifest.json", "human_band.json"]
)
@pytest.mark.parametrize("damage", ["missing", "empty", "half"])
def test_damaged_data_is_refused_by_name(tree, tmp_path, name, damage):
    copy = tmp_path / "copy"
    shutil.copytree(tree / "prepared", copy)
    whole = (copy / name).read_bytes()
    if damage == "missing":
        (copy / name).unlink()
    elif damage == "half" and len(whole) > 4:
        (copy / name).write_bytes(whole[: len(whole) // 2])
    else:
        (copy / name).write_bytes(b"")
    with pytest.raises(UserError, match=name):
        load_prepared(copy)


def test_no_changed_byte_of_prepared_data_changes_what_is_read_of_it_in_silence(tree, tmp_path):
    copy, rng = tmp_path / "copy", random.Random(0)
    shutil.copytree(tree / "prepared", copy)
    whole = load_prepared(copy)
    refused = 0
    for path in sorted(copy.iterdir()):
        content = path.read_bytes()
        places = range(len(content))
        for place in rng.sample(places, min(len(places), 40)):
            changed = bytearray(content)
            changed[place] ^= rng.randrange(1, 256)
            path.write_bytes(changed)
            try:
                found = load_prepared(copy)
            except UserError:
                refused += 1
                continue
            # Where it hit white space, the name of a digest, or what the tokenizer does not read.
            assert {key: found.manifest.get(key) for key in whole.manifest} == whole.manifest, (path, place)
            assert {key: found.human_band.get(key) for key in whole.human_band} == whole.human_band, (
                path,
                place,
            )
            assert found.tokenizer.to_json() == whole.tokenizer.to_json(), (path, place)
            for name in ("train", "val", "test"):
                assert np.array_equal(getattr(found, name).ids, getattr(whole, name).ids), (path, place)
        path.write_bytes(content)
    assert refused > 130


def test_an_edited_human_band_is_refused_and_one_without_a_digest_is_taken(tree, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(tree / "prepared", copy)
    (copy / "human_band.json").write_text('{"target_rate": 0.5}')
    with pytest.raises(UserError, match=r"human_band.json: contents do not match their sha256"):
        load_prepared(copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    del manifest["human_band_sha256"], manifest["sha256"]  # as earlier versions wrote it
    (copy / "manifest.json").write_text(json.dumps(manifest))
    assert load_prepared(copy).human_band == {"target_rate": 0.5}
