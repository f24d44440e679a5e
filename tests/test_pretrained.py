"""The released models in pretrained/: their files are the recorded ones and give the recorded figures."""

import json
from pathlib import Path

import jax
import pytest

from codelm_jax.interop.hf_files import RECORD
from codelm_jax.interop.hf_record import read_record
from codelm_jax.release import shipped
from codelm_jax.release.directory import FIGURES, HELD_OUT, SOURCES
from codelm_jax.weights import load_weights

PRETRAINED = Path(__file__).parents[1] / "pretrained"
RELEASES = sorted(path.parent for path in PRETRAINED.glob("*/config.json"))


def test_every_directory_in_pretrained_is_a_release():
    if not RELEASES:
        pytest.skip("NO RELEASED MODEL IS CHECKED: pretrained/ holds none; make release makes one")
    assert sorted(PRETRAINED.iterdir()) == RELEASES


@pytest.mark.parametrize("directory", RELEASES, ids=lambda path: path.name)
def test_the_shipped_files_give_the_shipped_completion(directory, command_process):
    recorded = json.loads((directory / FIGURES).read_text(encoding="utf-8"))["greedy"]
    done = command_process("sample").run(
        f"--checkpoint={directory}",
        f"--prompt={recorded['prompt']}",
        f"--max_new_tokens={recorded['max_new_tokens']}",
        "--temperature=0",
        "--noheal",
    )
    assert done.output.rstrip("\n") == recorded["prompt"] + recorded["text"].rstrip("\n"), done.errors


@pytest.mark.slow
@pytest.mark.parametrize("directory", RELEASES, ids=lambda path: path.name)
def test_the_shipped_files_give_the_shipped_figures(directory):
    recorded = json.loads((directory / FIGURES).read_text(encoding="utf-8"))
    # Opening them holds every file against its sha256.
    with jax.numpy_dtype_promotion("standard"):
        found = shipped.measure(directory)
    assert found["step"] == recorded["step"]
    assert found["greedy"] == recorded["greedy"]
    for key in ("tokens", "bytes"):
        assert found["heldout"][key] == recorded["heldout"][key]
    assert found["heldout"]["nll"] == pytest.approx(recorded["heldout"]["nll"], abs=shipped.TOLERANCE)


@pytest.mark.parametrize("directory", RELEASES, ids=lambda path: path.name)
def test_every_file_is_the_recorded_one_and_none_is_left_out(directory, caplog):
    load_weights(directory)
    record = read_record(directory)
    assert caplog.records == []
    assert record.sha256.keys() | {RECORD} == {path.name for path in directory.iterdir()}


@pytest.mark.parametrize("directory", RELEASES, ids=lambda path: path.name)
def test_what_ships_is_small_and_says_where_its_text_comes_from(directory):
    assert all(path.stat().st_size <= 16_000_000 for path in directory.iterdir())
    sources = json.loads((directory / SOURCES).read_text(encoding="utf-8"))["files"]
    text = (directory / HELD_OUT).read_text(encoding="utf-8")
    assert text.count("<|endoftext|>\n") == len(sources) - 1
    assert all(source["package"] and source["licence"] for source in sources)
