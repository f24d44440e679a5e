"""codelm.json: no byte of an export changes what it says unnoticed."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from interop_models import assert_same_bits, exported

from codelm_jax.errors import UserError
from codelm_jax.interop.hf_export import export_hf
from codelm_jax.interop.hf_files import CARD, RECORD
from codelm_jax.interop.hf_import import read_hf
from codelm_jax.interop.hf_record import read_record, seal


@pytest.fixture
def out(tmp_path) -> Path:
    """An export with a file beside it, as a release has."""
    export_hf(exported(), tmp_path / "toy", max_shard_bytes=30_000)
    (tmp_path / "toy" / "figures.json").write_text('{"nll": 2.907}\n')
    seal(tmp_path / "toy")
    return tmp_path / "toy"


def as_version_0_1_0_wrote_it(directory: Path, **changes) -> None:
    record = json.loads((directory / RECORD).read_text())
    del record["record_sha256"]
    read = {
        name: value
        for name, value in record["sha256"].items()
        if name.startswith(("model", "config", "tokenizer."))
    }
    (directory / RECORD).write_text(json.dumps(record | {"format": 1, "sha256": read} | changes, indent=2))


def attempt(read, directory: Path) -> tuple[Any, str]:
    """What was read, or None and why not."""
    try:
        return read(directory), ""
    except UserError as error:
        return None, str(error)


def test_no_changed_byte_of_the_record_changes_what_it_says(out):
    before, content = read_record(out), (out / RECORD).read_bytes()
    refused = 0
    for position in range(len(content)):
        flipped = content[position] ^ (1 if position % 2 else 0x20)
        (out / RECORD).write_bytes(content[:position] + bytes([flipped]) + content[position + 1 :])
        read, told = attempt(read_record, out)
        assert read in (before, None)
        assert read or (RECORD in told and "\n" not in told)
        refused += read is None
    assert refused > len(content) / 2


def test_a_changed_byte_of_any_other_file_is_refused_or_reported(out, caplog):
    before = read_hf(out)
    assert caplog.records == []
    refused, told = set(), set()
    for path in sorted(out.iterdir()):
        content = path.read_bytes()
        for position in {0, len(content) // 3, len(content) // 2, len(content) - 1}:
            path.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
            caplog.clear()
            after, refusal = attempt(read_hf, out)
            if after is None:
                assert path.name in refusal
                refused.add(path.name)
            else:
                assert (after.step, after.meta) == (before.step, before.meta)
                assert_same_bits(after.params, before.params)
                if path.name != RECORD:
                    assert path.name in caplog.text
                    told.add(path.name)
        path.write_bytes(content)
    assert told == {CARD, "figures.json", "generation_config.json", "tokenizer_config.json"}
    assert refused == {path.name for path in out.iterdir()} - told


def test_a_record_without_a_digest_of_itself_still_opens_and_says_so(out, caplog):
    whole = read_hf(out)
    as_version_0_1_0_wrote_it(out)
    with caplog.at_level(logging.WARNING):
        older = read_hf(out)
    assert "codelm.json: has no digest of itself" in caplog.text
    assert (older.step, older.meta) == (whole.step, whole.meta)


def test_a_digest_cannot_be_left_out_of_the_present_format(out):
    record = json.loads((out / RECORD).read_text())
    del record["record_sha256"]
    (out / RECORD).write_text(json.dumps(record))
    with pytest.raises(UserError, match="differs from its own digest"):
        read_hf(out)


@pytest.mark.parametrize("changes", [{"step": -1}, {"meta": {"config": {}}}, {"sha256": {}}, {"more": 1}])
def test_a_damaged_record_of_the_older_format_is_refused_by_name(changes, out):
    as_version_0_1_0_wrote_it(out, **changes)
    with pytest.raises(UserError, match=r"codelm\.json"):
        read_hf(out)


def test_a_record_of_another_model_is_refused(out):
    meta = json.loads((out / RECORD).read_text())["meta"]
    meta["config"]["model"]["num_heads"] = 2
    as_version_0_1_0_wrote_it(out, meta=meta)
    with pytest.raises(UserError, match=r"codelm\.json.*another model"):
        read_hf(out)


def test_a_record_has_no_file_outside_its_directory_read(out, tmp_path):
    (tmp_path / "secret").write_text("x")
    (out / "figures.json").unlink()
    as_version_0_1_0_wrote_it(out)
    record = json.loads((out / RECORD).read_text())
    record["sha256"]["../secret"] = "0"
    (out / RECORD).write_text(json.dumps(record))
    assert read_hf(out).step == 70
