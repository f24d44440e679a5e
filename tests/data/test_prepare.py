"""Laws of the whole preparation."""

import dataclasses
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter

import numpy as np
import pytest
from source_trees import data_config, jaccard, python_source, quiet, write_packages
from tokenizers import Tokenizer

from codelm_jax.data.prepared import load_prepared
from codelm_jax.errors import UserError
from codelm_jax.preparation.prepare import prepare
from codelm_jax.preparation.sources import python_env
from codelm_jax.preparation.sources.python_env import PythonEnvironment

VOCAB_SIZE = 400


def run(config, report=quiet):
    return prepare(config, vocab_size=VOCAB_SIZE, report=report)


def write_file(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def texts(prepared, split):
    return [prepared.tokenizer.decode(ids) for ids in getattr(prepared, split).documents()]


def contents(prepared):
    """Everything that training sees of the data."""
    headers = (prepared.train.header, prepared.val.header, prepared.test.header)
    return prepared.tokenizer.to_json(), *(header.sha256 for header in headers)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A prepared tree of 22 packages: copies, near copies, a licence, a secret, a wide file, a benchmark solution."""
    home = tmp_path_factory.mktemp("prepared_tree")
    source = write_packages(home / "src", packages=20)
    write_packages(home / "src" / "licensed", packages=1, seed=500_000)
    (source / "licensed" / "pyproject.toml").write_text('[project]\nversion = "2.1"\nlicense = "MIT"\n')
    odd = source / "odd"
    odd.mkdir()
    for package in range(5):
        (odd / f"copy_{package}.py").write_text(python_source(1000 * package))
        (odd / f"near_{package}.py").write_text(
            python_source(1000 * package + 1) + "\nlast_line_differs = 1\n"
        )
    (odd / "secret.py").write_text(python_source(77) + "token = 'ghp_" + "a1B2c3D4e5F6" * 3 + "'\n")
    (odd / "wide.py").write_text(python_source(78) + f"x = '{'word ' * 60}'\n")
    (odd / "long.py").write_text(python_source(79, functions=60))
    (home / "benchmark.jsonl").write_text(
        json.dumps({"id": "one", "prompt": "def f():", "tests": ["f()"], "solution": python_source(3000)})
        + "\n"
    )
    run(data_config(home))
    return home


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
    again = run(data_config(tree, prepared_dir=str(tmp_path / "again")))
    first = load_prepared(tree / "prepared")
    assert again.fingerprint == first.fingerprint
    for name in ("train.tokens", "val.tokens", "test.tokens", "tokenizer.json", "human_band.json"):
        assert (tmp_path / "again" / name).read_bytes() == (tree / "prepared" / name).read_bytes()


def test_a_second_preparation_uses_the_first(tree):
    before = {path: path.stat().st_mtime_ns for path in (tree / "prepared").iterdir()}
    lines = []
    run(data_config(tree), lines.append)
    assert {path: path.stat().st_mtime_ns for path in (tree / "prepared").iterdir()} == before
    assert lines == [f"using the prepared data in {tree / 'prepared'}"]


CHANGES = {
    "licenses": ("MIT",),
    "drop_secrets": False,
    "decontaminate": "benchmark.jsonl",
    "max_bytes": 100_000,
    "max_file_bytes": 5_000,
    "max_line_length": 200,
    "near_duplicate_threshold": 1.0,
    "split_seed": 1,
    "tokenizer_bytes": 20_000,
    "directories": "src/odd",
    "tokenizer_path": "other.json",
}


def changed(tree, key, **others):
    value = CHANGES[key]
    if key in ("decontaminate", "directories"):
        value = (str(tree / value),)
    if key == "tokenizer_path":
        value = str(tree / value)
    return data_config(tree, **{key: value}, **others)


@pytest.mark.parametrize("key", [key for key in CHANGES if key not in ("licenses", "directories")])
def test_every_key_changes_what_training_sees(tree, tmp_path, key):
    if key == "tokenizer_path":
        other = run(data_config(tree, split_seed=2, prepared_dir=str(tmp_path / "other")))
        (tree / "other.json").write_text(other.tokenizer.to_json())
    prepared = run(changed(tree, key, prepared_dir=str(tmp_path / "changed")))
    assert contents(prepared) != contents(load_prepared(tree / "prepared"))


def test_the_licence_list_takes_only_what_it_names(tree, tmp_path):
    write_packages(tmp_path / "src" / "licensed", packages=20, seed=900_000)
    shutil.copy(tree / "src" / "licensed" / "pyproject.toml", tmp_path / "src" / "licensed")
    write_packages(tmp_path / "src", packages=1)
    prepared = run(data_config(tmp_path, licenses=("MIT",)))
    assert {file["package"] for file in prepared.manifest["files"]} == {"licensed"}
    assert prepared.manifest["skipped"] == {"licence not allowed": 4}


@pytest.mark.parametrize("key", [*CHANGES, "vocab_size"])
def test_changed_settings_are_refused_by_name(tree, key):
    old = load_prepared(tree / "prepared")
    vocab_size = VOCAB_SIZE + (key == "vocab_size")
    config = data_config(tree) if key == "vocab_size" else changed(tree, key)
    with pytest.raises(UserError) as raised:
        prepare(config, vocab_size=vocab_size, report=quiet)
    name = "config.model.vocab_size" if key == "vocab_size" else f"config.data.{key}"
    was = {**old.manifest["settings"], **old.manifest["locations"]}[name]
    assert f"{name} was {was!r}, is " in str(raised.value)
    assert f"delete {tree / 'prepared'}" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_smaller_cap_takes_a_subset_and_holds_out_the_same_packages(tmp_path):
    write_packages(tmp_path / "src", packages=30, files=10)
    whole = run(data_config(tmp_path))
    some = run(data_config(tmp_path, max_bytes=400_000, prepared_dir=str(tmp_path / "some")))
    files = {(file["sha256"], file["split"]) for file in some.manifest["files"]}
    assert files < {(file["sha256"], file["split"]) for file in whole.manifest["files"]}
    assert 380_000 < sum(file["bytes"] for file in some.manifest["files"]) <= 400_000
    assert some.manifest["skipped"].keys() == {"beyond max_bytes"}


def test_a_benchmark_file_that_cannot_be_read_is_named_with_its_key(tmp_path):
    write_packages(tmp_path / "src")
    said = []
    with pytest.raises(UserError, match=r"config.data.decontaminate: .*gone.jsonl: no such file"):
        run(data_config(tmp_path, decontaminate=(str(tmp_path / "gone.jsonl"),)), said.append)
    assert said == []
    assert os.listdir(tmp_path) == ["src"]


def test_a_virtual_environment_in_the_project_changes_nothing(tmp_path):
    project = tmp_path / "src"
    for number in range(40):
        write_file(project / "app" / f"module_{number}.py", python_source(number))
    alone = run(data_config(tmp_path, prepared_dir=str(tmp_path / "alone")))
    write_file(project / "venv" / "pyvenv.cfg", "home = /usr/bin\n")
    write_packages(project / "venv" / "lib" / "python3.11" / "site-packages", packages=20, seed=10_000)
    said = []
    prepared = run(data_config(tmp_path), said.append)
    assert prepared.fingerprint == alone.fingerprint
    assert prepared.manifest["skipped"] == {"in a virtual environment": 80}
    assert prepared.manifest["test_unit"] == "file"
    units = prepared.manifest["test_units"]
    assert f"test holds out {len(units)} by file: {', '.join(units)}" in said
    assert "largest of 1 packages: app 100 %" in said


def test_the_largest_and_the_held_out_packages_are_printed(tmp_path):
    write_packages(tmp_path / "src", packages=30)
    for number in range(40):
        write_file(tmp_path / "src" / "unexpected" / f"module_{number}.py", python_source(70_000 + number))
    said = []
    prepared = run(data_config(tmp_path), said.append)
    (largest,) = [
        line for line in said if isinstance(line, str) and line.startswith("largest of 31 packages: ")
    ]
    assert largest.startswith("largest of 31 packages: unexpected 25 %, package_")
    assert f"test holds out 2 by package: {', '.join(prepared.manifest['test_units'])}" in said


def test_benchmark_solutions_leave_training_and_are_counted(tree, tmp_path):
    prepared = run(changed(tree, "decontaminate", prepared_dir=str(tmp_path / "clean")))
    assert prepared.manifest["decontamination"] == {
        "benchmarks": [str(tree / "benchmark.jsonl")],
        "run_tokens": 30,
        "dropped_files": 1,
        "dropped_bytes": len(python_source(3000)),
    }
    assert prepared.manifest["skipped"]["overlaps a benchmark"] == 1
    assert python_source(3000) in texts(load_prepared(tree / "prepared"), "train")
    assert python_source(3000) not in texts(prepared, "train")


def test_bad_files_are_counted_and_never_fatal(tmp_path):
    source = write_packages(tmp_path / "src")
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
    manifest = run(data_config(tmp_path)).manifest
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
    assert len(manifest["files"]) == 81


def test_nothing_found_and_nothing_left_are_clear_errors(tmp_path):
    (tmp_path / "src").mkdir()
    with pytest.raises(
        UserError, match=rf"config.data.directories: no Python files in {tmp_path / 'src'}; name"
    ):
        run(data_config(tmp_path))
    with pytest.raises(UserError, match="nowhere is not a directory"):
        run(data_config(tmp_path, directories=(str(tmp_path / "nowhere"),)))
    assert os.listdir(tmp_path) == ["src"]
    (tmp_path / "src" / "a.py").write_text("def broken(:")
    with pytest.raises(
        UserError,
        match=r"config.data.directories: no file passed the filters \(1 does not parse\); add sources; two files are needed, or source='text'",
    ):
        run(data_config(tmp_path))
    assert sorted(os.listdir(tmp_path)) == ["prepared.lock", "src"]


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("licenses", ("ISC",), "licence not allowed"),
        ("drop_secrets", True, "likely secret"),
        ("max_file_bytes", 50, "too large"),
        ("max_line_length", 20, "line too long"),
        ("max_bytes", 50, "beyond max_bytes"),
    ],
)
def test_where_a_setting_leaves_nothing_the_error_names_it(tmp_path, key, value, reason):
    (tmp_path / "src").mkdir()
    for number in range(3):
        (tmp_path / "src" / f"{number}.py").write_text(
            python_source(number) + "token = 'ghp_" + "a1B2c3D4e5F6" * 3 + "'\n"
        )
        (tmp_path / "src" / f"link_{number}.py").symlink_to("0.py")
    settings = {"drop_secrets": False, key: value}
    with pytest.raises(UserError) as raised:
        run(data_config(tmp_path, **settings))
    assert str(raised.value).startswith(f"config.data.{key} = {value!r}: no file passed the filters (")
    assert f"3 {reason}" in str(raised.value)


def test_one_file_alone_is_refused_with_what_was_left_out_and_the_way_out(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text(python_source(0))
    (tmp_path / "src" / "b.py").write_text("def broken(:")
    with pytest.raises(
        UserError, match=r"only 1 file passed the filters \(1 does not parse\); add sources; .*source='text'"
    ):
        run(data_config(tmp_path))


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


@pytest.mark.parametrize(
    ("key", "value"), [("decontaminate", lambda pipe: (pipe,)), ("tokenizer_path", lambda pipe: pipe)]
)
def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path, key, value):
    write_packages(tmp_path / "src", packages=1)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match=rf"^config.data.{key}: .*/pipe:? is no regular file"):
        run(data_config(tmp_path, **{key: value(str(tmp_path / "pipe"))}))


@pytest.mark.parametrize(
    ("metadata", "record"),
    [
        (None, None),
        (b"", None),
        (b"\xff", None),
        (b"Version: 1\n", None),
        (b"Name: whole\n", b"a,b,c,d,e\n\n\xff"),
    ],
)
def test_what_an_interrupted_installation_left_stops_nothing(tmp_path, monkeypatch, metadata, record):
    left = tmp_path / "broken-1.0.dist-info"
    left.mkdir()
    for name, content in (("METADATA", metadata), ("RECORD", record)):
        if content is not None:
            (left / name).write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    assert {"numpy", "python"} <= PythonEnvironment().environment().keys()
    assert None not in PythonEnvironment().environment()
    (tmp_path / "module.py").write_text("x = 1\n")
    monkeypatch.setattr(
        python_env.sysconfig, "get_paths", lambda: dict.fromkeys(("stdlib", "purelib", "platlib"), tmp_path)
    )
    (found,) = {
        candidate.name: candidate for candidate in PythonEnvironment().find(0, quiet).candidates
    }.values()
    assert found.name == "module.py"


def test_a_directory_of_other_things_is_not_touched(tmp_path):
    write_packages(tmp_path / "src")
    (tmp_path / "prepared").mkdir()
    (tmp_path / "prepared" / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match="is not prepared data; name another directory"):
        run(data_config(tmp_path))
    assert (tmp_path / "prepared" / "thesis.tex").read_text() == "years of work"


@pytest.mark.parametrize("event", ["preparing", "training a tokenizer", "measuring", "train:"])
def test_an_interrupted_preparation_leaves_nothing_and_the_next_starts_again(tmp_path, event):
    write_packages(tmp_path / "src")

    def interrupt(line):
        if isinstance(line, str) and line.startswith(event):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(data_config(tmp_path), interrupt)
    assert sorted(os.listdir(tmp_path)) == ["prepared.lock", "src"]
    assert run(data_config(tmp_path)).train.header.count > 0


PREPARE_AND_STOP = """
import os, sys
from pathlib import Path
from source_trees import data_config
from codelm_jax.preparation.prepare import prepare

def report(event):
    if isinstance(event, str) and event.startswith("measuring"):
        print("here", flush=True)
        sys.stdin.read()

prepare(data_config(Path(sys.argv[1])), vocab_size=400, report=report)
"""


def test_a_killed_preparation_holds_no_lock_and_does_not_look_finished(tmp_path):
    write_packages(tmp_path / "src")
    killed = subprocess.Popen(
        [sys.executable, "-c", PREPARE_AND_STOP, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert killed.stdout is not None
    assert killed.stdin is not None
    assert killed.stdout.readline() == b"here\n"
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    killed.stdout.close()
    killed.stdin.close()
    assert (tmp_path / "prepared.partial").exists()
    with pytest.raises(UserError, match=r"manifest.json: cannot read it"):
        load_prepared(tmp_path / "prepared")
    run(data_config(tmp_path))
    assert sorted(os.listdir(tmp_path)) == ["prepared", "prepared.lock", "src"]


PREPARE_AND_REPORT_READING = """
import signal, sys, time
from pathlib import Path
from source_trees import data_config
from codelm_jax.preparation.prepare import prepare
from codelm_jax.data.progress import Advance

signal.signal(signal.SIGTERM, signal.default_int_handler)

def report(event):
    if isinstance(event, Advance):
        print(event.stage, flush=True)
        time.sleep(60)

try:
    prepare(data_config(Path(sys.argv[1])), vocab_size=400, report=report)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_sigterm_as_an_interrupt_while_sources_are_read_leaves_nothing_and_is_quiet(tmp_path):
    write_packages(tmp_path / "src")
    stopped = subprocess.Popen(
        [sys.executable, "-c", PREPARE_AND_REPORT_READING, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert stopped.stdout is not None
    assert stopped.stdout.readline() == b"reading sources\n"
    assert (tmp_path / "prepared.partial").exists()
    stopped.send_signal(signal.SIGTERM)
    # The workers hold standard error: its end says that they are gone too.
    assert stopped.communicate(timeout=60) == (b"interrupted\n", b"")
    assert sorted(os.listdir(tmp_path)) == ["prepared.lock", "src"]


def test_of_two_preparations_one_waits_and_both_get_the_same(tmp_path):
    write_packages(tmp_path / "src")
    lines: list[list[object]] = [[], []]
    results = {}

    def work(number):
        results[number] = run(data_config(tmp_path), lines[number].append)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results[0].fingerprint == results[1].fingerprint
    said = [[line for line in own if isinstance(line, str)] for own in lines]
    (builder,) = [own for own in said if any(line.startswith("prepared ") for line in own)]
    (other,) = [own for own in said if own is not builder]
    assert other[-1] == f"using the prepared data in {tmp_path / 'prepared'}"
    assert not any(line.startswith("training a tokenizer") for line in other)


def test_files_of_different_preparations_are_not_mixed(tree, tmp_path):
    run(data_config(tree, split_seed=1, prepared_dir=str(tmp_path / "other")))
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
        for place in rng.sample(places, min(len(places), 120)):
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
    assert refused > 400


def test_prepared_data_lies_where_a_link_or_a_path_with_dots_leads(tmp_path, monkeypatch):
    write_packages(tmp_path / "src")
    for name in ("elsewhere", "cwd"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    config = data_config(tmp_path)
    fingerprint = run(config).fingerprint
    monkeypatch.chdir(tmp_path / "cwd")
    for place in (tmp_path / "link", "../up", str(tmp_path / "link" / ".." / "beside")):
        for _ in range(2):
            assert run(dataclasses.replace(config, prepared_dir=str(place))).fingerprint == fingerprint
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} >= {"up", "beside", "link"}
    assert (tmp_path / "elsewhere" / "manifest.json").is_file()
    with pytest.raises(UserError, match=r"prepared_dir: \. is there and is not prepared data; name another"):
        run(dataclasses.replace(config, prepared_dir="."))


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


def test_progress_never_goes_back_and_ends_whole(tmp_path):
    write_packages(tmp_path / "src")
    events = []
    run(data_config(tmp_path), events.append)
    stages = [event for event in events if dataclasses.is_dataclass(event)]
    assert {event.stage for event in stages} == {"reading sources", "encoding"}
    for stage in ("reading sources", "encoding"):
        done = [event.done for event in stages if event.stage == stage]
        assert done == sorted(done)
        assert done[-1] == [event.total for event in stages if event.stage == stage][-1]
    estimate = next(event for event in events if isinstance(event, str))
    assert "80 files" in estimate
    assert "MB of disk" in estimate


def test_an_existing_tokenizer_must_fit(tree, tmp_path):
    with pytest.raises(UserError, match=r"config.data.tokenizer_path: .*nowhere.json: cannot read"):
        run(data_config(tree, tokenizer_path="nowhere.json", prepared_dir=str(tmp_path / "a")))
    path = tree / "prepared" / "tokenizer.json"
    with pytest.raises(
        UserError, match=r"config.data.tokenizer_path: .* has 400 entries, config.model.vocab_size is 500"
    ):
        prepare(
            data_config(tree, tokenizer_path=str(path), prepared_dir=str(tmp_path / "a")),
            vocab_size=500,
            report=quiet,
        )
    assert os.listdir(tmp_path) == []
