"""Laws of the whole preparation."""

import dataclasses
import hashlib
import os
import shutil
from collections import Counter

import pytest
from source_trees import (
    VOCAB_SIZE,
    data_config,
    jaccard,
    prepare_quietly,
    python_source,
    texts,
    write_file,
    write_packages,
)
from tokenizers import Tokenizer

from codelm_jax.data.prepared import load_prepared
from codelm_jax.preparation.prepare import prepare


def test_every_file_is_taken_once_or_counted_once(tree):
    manifest = load_prepared(tree / "prepared").manifest
    on_disk = list((tree / "src").rglob("*.py"))
    assert manifest["found_files"] == len(on_disk)
    assert len(manifest["files"]) + sum(manifest["skipped"].values()) == len(on_disk)
    assert manifest["skipped"] == {"exact duplicate": 5, "near duplicate": 5, "likely secret": 1}


def test_the_manifest_describes_every_file(tree):
    prepared = load_prepared(tree / "prepared")
    hashes = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (tree / "src").rglob("*.py")}
    for file in prepared.manifest["files"]:
        assert file["sha256"] in hashes
        assert file["bytes"] > 0
        assert file["split"] in ("train", "val", "test")
        assert (file["version"], file["licence"]) == (
            ("2.1", "MIT") if file["package"] == "licensed" else ("", "unknown")
        )
    per_split = Counter(file["split"] for file in prepared.manifest["files"])
    for name, split in prepared.manifest["splits"].items():
        assert split["documents"] == per_split[name]
        assert split["tokens"] == getattr(prepared, name).header.count


def test_the_token_files_hold_the_sources_exactly(tree):
    prepared = load_prepared(tree / "prepared")
    by_hash = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in (tree / "src").rglob("*.py")}
    for name in ("train", "val", "test"):
        files = [file for file in prepared.manifest["files"] if file["split"] == name]
        assert texts(prepared, name) == [by_hash[file["sha256"]].read_text() for file in files]
        assert getattr(prepared, name).header.text_bytes == sum(file["bytes"] for file in files)


def test_test_is_whole_packages_unlike_any_training_file(tree):
    prepared = load_prepared(tree / "prepared")
    packages = {
        name: {file["package"] for file in prepared.manifest["files"] if file["split"] == name}
        for name in ("train", "val", "test")
    }
    assert not packages["test"] & (packages["train"] | packages["val"])
    splits = prepared.manifest["splits"]
    assert 0.03 <= splits["test"]["bytes"] / sum(split["bytes"] for split in splits.values()) <= 0.08
    for held_out in texts(prepared, "test"):
        assert max(jaccard(held_out, trained) for trained in texts(prepared, "train")) < 0.7


def test_the_tokenizer_file_loads_in_the_library_and_is_the_one_used(tree):
    prepared = load_prepared(tree / "prepared")
    library = Tokenizer.from_file(str(tree / "prepared" / "tokenizer.json"))
    first = next(prepared.train.documents()).tolist()
    assert library.encode(library.decode(first)).ids == first
    assert prepared.tokenizer.vocab_size == VOCAB_SIZE
    val_characters = sum(map(len, texts(prepared, "val")))
    per_token = val_characters / (prepared.val.header.count - prepared.val.header.documents)
    assert prepared.manifest["val_characters_per_token"] == pytest.approx(per_token, abs=1e-3)


def test_the_same_sources_and_settings_give_the_same_bytes(tree, tmp_path):
    again = prepare_quietly(data_config(tree, prepared_dir=str(tmp_path / "again")))
    first = load_prepared(tree / "prepared")
    assert again.fingerprint == first.fingerprint
    for name in ("train.tokens", "val.tokens", "test.tokens", "tokenizer.json", "human_band.json"):
        assert (tmp_path / "again" / name).read_bytes() == (tree / "prepared" / name).read_bytes()


def test_a_second_preparation_uses_the_first(tree):
    before = {path: path.stat().st_mtime_ns for path in (tree / "prepared").iterdir()}
    lines = []
    prepare_quietly(data_config(tree), lines.append)
    assert {path: path.stat().st_mtime_ns for path in (tree / "prepared").iterdir()} == before
    assert lines == [f"using the prepared data in {tree / 'prepared'}"]


def test_the_licence_list_takes_only_what_it_names(tree, tmp_path):
    write_packages(tmp_path / "src" / "licensed", packages=5, seed=900_000)
    shutil.copy(tree / "src" / "licensed" / "pyproject.toml", tmp_path / "src" / "licensed")
    write_packages(tmp_path / "src", packages=1)
    prepared = prepare_quietly(data_config(tmp_path, licenses=("MIT",)))
    assert {file["package"] for file in prepared.manifest["files"]} == {"licensed"}
    assert prepared.manifest["skipped"] == {"licence not allowed": 4}


def test_benchmark_solutions_leave_training_and_are_counted(tree, tmp_path):
    prepared = prepare_quietly(
        data_config(
            tree,
            decontaminate=(str(tree / "benchmark.jsonl"),),
            prepared_dir=str(tmp_path / "clean"),
        )
    )
    assert prepared.manifest["decontamination"] == {
        "benchmarks": [str(tree / "benchmark.jsonl")],
        "level": 1,
        "run_tokens": 30,
        "dropped_files": 1,
        "dropped_bytes": len(python_source(3000)),
        "cut_functions": {},
        "cut_tasks": [],
    }
    assert prepared.manifest["skipped"]["overlaps a benchmark"] == 1
    assert python_source(3000) in texts(load_prepared(tree / "prepared"), "train")
    assert python_source(3000) not in texts(prepared, "train")


def test_bad_files_are_counted_and_never_fatal(tmp_path):
    source = write_packages(tmp_path / "src", packages=3)
    bad = source / "bad"
    (bad / "folder.py").mkdir(parents=True)
    os.mkfifo(bad / "pipe.py")
    (bad / "loop.py").symlink_to(bad / "loop.py")
    (bad / "loop").symlink_to(source)
    (bad / "huge.py").write_text("x = 1\n" * 100_000)
    (bad / "latin.py").write_bytes(b"name = '\xe9'\n" * 50)
    (bad / "null.py").write_bytes(b"x = 1\n\0")
    (bad / "syntax.py").write_text("def broken(:\n" * 20)
    (bad / "nothing.py").write_text("")
    (bad / os.fsdecode(b"name\xff.py")).write_text(python_source(123_456))
    manifest = prepare_quietly(data_config(tmp_path)).manifest
    assert manifest["skipped"] == {
        "not a regular file": 1,
        "symbolic link": 1,
        "link to a folder": 1,
        "too large": 1,
        "not UTF-8": 1,
        "null byte": 1,
        "does not parse": 1,
        "empty": 1,
    }
    assert len(manifest["files"]) == 13


def test_a_virtual_environment_in_the_project_changes_nothing(tmp_path):
    project = tmp_path / "src"
    for number in range(40):
        write_file(project / "app" / f"module_{number}.py", python_source(number))
    alone = prepare_quietly(data_config(tmp_path, prepared_dir=str(tmp_path / "alone")))
    write_file(project / "venv" / "pyvenv.cfg", "home = /usr/bin\n")
    write_packages(project / "venv" / "lib" / "python3.11" / "site-packages", packages=2, seed=10_000)
    said = []
    prepared = prepare_quietly(data_config(tmp_path), said.append)
    assert prepared.fingerprint == alone.fingerprint
    assert prepared.manifest["skipped"] == {"in a virtual environment": 8}
    assert prepared.manifest["test_unit"] == "file"
    units = prepared.manifest["test_units"]
    assert f"test holds out {len(units)} by file: {', '.join(units)}" in said
    assert "largest of 1 packages: app 100 %" in said


def test_the_largest_and_the_held_out_packages_are_printed(tmp_path):
    write_packages(tmp_path / "src", packages=30, files=1)
    for number in range(10):
        write_file(tmp_path / "src" / "unexpected" / f"module_{number}.py", python_source(70_000 + number))
    said = []
    prepared = prepare_quietly(data_config(tmp_path), said.append)
    (largest,) = [
        line for line in said if isinstance(line, str) and line.startswith("largest of 31 packages: ")
    ]
    assert largest.startswith("largest of 31 packages: unexpected 25 %, package_")
    assert f"test holds out 2 by package: {', '.join(prepared.manifest['test_units'])}" in said


@pytest.mark.parametrize(("files", "splits"), [(2, ["train", "val"]), (3, ["train", "val", "test"])])
def test_a_corpus_of_a_few_files_is_prepared_with_a_warning(tmp_path, files, splits):
    (tmp_path / "src").mkdir()
    for number in range(files):
        (tmp_path / "src" / f"{number}.py").write_text(python_source(number))
    said = []
    prepared = prepare(data_config(tmp_path), vocab_size=300, report=said.append)
    assert list(prepared.manifest["splits"]) == splits
    assert [prepared.manifest["splits"][name]["documents"] for name in splits] == [1] * len(splits)
    assert (prepared.test is prepared.val) == (files == 2)
    assert any("warning" in str(line) and "rough" in str(line) for line in said)


def test_progress_never_goes_back_and_ends_whole(tmp_path):
    write_packages(tmp_path / "src", packages=3)
    events = []
    prepare_quietly(data_config(tmp_path), events.append)
    stages = [event for event in events if dataclasses.is_dataclass(event)]
    assert {event.stage for event in stages} == {"reading sources", "encoding"}
    for stage in ("reading sources", "encoding"):
        done = [event.done for event in stages if event.stage == stage]
        assert done == sorted(done)
        assert done[-1] == [event.total for event in stages if event.stage == stage][-1]
    estimate = next(event for event in events if isinstance(event, str))
    assert "12 files" in estimate
    assert "MB of disk" in estimate
