"""What makes prepared data stale, and what does not."""

import dataclasses
import hashlib
import json
import os
import shutil

import pytest
from source_trees import data_config, python_source, write_packages

from codelm_jax.data.manifest import data_fingerprint
from codelm_jax.data.prepared import load_prepared
from codelm_jax.errors import UserError
from codelm_jax.preparation.prepare import prepare

VOCAB_SIZE = 400


@pytest.fixture(scope="module")
def prepared_home(tmp_path_factory):
    home = tmp_path_factory.mktemp("stale")
    write_packages(home / "src")
    (home / "benchmark.jsonl").write_text('{"id": "a", "prompt": "def f():", "tests": ["f()"]}\n')
    prepare(config_of(home), vocab_size=VOCAB_SIZE, report=lambda event: None)
    return home


def config_of(home, **changes):
    return data_config(home, **{"decontaminate": (str(home / "benchmark.jsonl"),)} | changes)


@pytest.fixture
def home(prepared_home):
    """The prepared tree at its own path, restored afterwards."""
    backup = prepared_home.with_name("backup")
    shutil.copytree(prepared_home, backup)
    yield prepared_home
    shutil.rmtree(prepared_home)
    os.rename(backup, prepared_home)


def reuse(home):
    lines = []
    prepare(config_of(home), vocab_size=VOCAB_SIZE, report=lines.append)
    return lines


def edit(home):
    path = home / "src" / "package_03" / "module_1.py"
    path.write_text(path.read_text().replace("return", "yield", 1))


def edit_in_secret(home):
    """Same size, different contents and time."""
    path = home / "src" / "package_03" / "module_1.py"
    path.write_text(path.read_text().swapcase())


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (edit, r"1 changed, 0 new, 0 gone; .*package_03/module_1.py"),
        (edit_in_secret, "1 changed, 0 new, 0 gone"),
        (
            lambda home: (home / "src" / "new.py").write_text(python_source(9)),
            r"0 changed, 1 new, 0 gone; .*new.py",
        ),
        (lambda home: (home / "src" / "package_00" / "module_0.py").unlink(), "0 changed, 0 new, 1 gone"),
        (lambda home: (home / "benchmark.jsonl").write_text("{}\n"), r"benchmark.jsonl changed"),
    ],
)
def test_changed_sources_are_refused(home, change, complaint):
    change(home)
    with pytest.raises(UserError, match=complaint) as raised:
        reuse(home)
    assert f"delete {home / 'prepared'} to prepare again" in str(raised.value)


def test_touched_files_and_other_files_change_nothing(home):
    for path in (home / "src").rglob("*.py"):
        os.utime(path, (1, 1))
    (home / "src" / "notes.txt").write_text("not Python")
    assert reuse(home) == [f"using the prepared data in {home / 'prepared'}"]


def test_prepared_data_outlives_its_sources(home):
    shutil.rmtree(home / "src")
    (home / "benchmark.jsonl").unlink()
    lines = reuse(home)
    assert "is not on this machine" in lines[0]
    assert lines[-1] == f"using the prepared data in {home / 'prepared'}"


def test_prepared_data_may_move(home):
    os.rename(home / "prepared", home / "moved")
    config = data_config(
        home, decontaminate=(str(home / "benchmark.jsonl"),), prepared_dir=str(home / "moved")
    )
    lines = []
    prepare(config, vocab_size=VOCAB_SIZE, report=lines.append)
    assert lines == [f"using the prepared data in {home / 'moved'}"]


def spelled_otherwise(home):
    """The same sources, benchmark and tokenizer under every spelling, here and moved; the working directory is `home`."""
    os.makedirs(home / "elsewhere", exist_ok=True)
    shutil.copytree(home / "src", home / "elsewhere" / "src")
    shutil.copy(home / "benchmark.jsonl", home / "elsewhere" / "renamed.jsonl")
    (home / "linked").symlink_to(home / "src")
    return [
        ("src", "benchmark.jsonl"),
        ("src/", "./benchmark.jsonl"),
        ("./src/../src", "src/../benchmark.jsonl"),
        ("linked", str(home / "benchmark.jsonl")),
        ("elsewhere/src", "elsewhere/renamed.jsonl"),
    ]


def test_locations_are_no_part_of_the_fingerprint_or_of_the_comparison(home, monkeypatch):
    monkeypatch.chdir(home)
    fingerprints = {prepare(config_of(home), vocab_size=VOCAB_SIZE, report=lambda event: None).fingerprint}
    for number, (directory, benchmark) in enumerate(spelled_otherwise(home)):
        changes = {"directories": (directory,), "decontaminate": (benchmark,)}
        lines = []
        config = config_of(home, **changes)
        prepare(config, vocab_size=VOCAB_SIZE, report=lines.append)
        assert lines == [f"using the prepared data in {home / 'prepared'}"]
        if number in (0, 4):
            again = dataclasses.replace(config, prepared_dir=str(home / f"again_{number}"))
            fingerprints.add(prepare(again, vocab_size=VOCAB_SIZE, report=lambda event: None).fingerprint)
    monkeypatch.chdir(home / "elsewhere")
    config = data_config(home, directories=("src",), decontaminate=("renamed.jsonl",))
    fingerprints.add(prepare(config, vocab_size=VOCAB_SIZE, report=lambda event: None).fingerprint)
    assert len(fingerprints) == 1


def test_other_files_of_the_same_names_sizes_and_times_are_other_sources(home):
    shutil.copytree(home / "src", home / "other" / "src", copy_function=shutil.copy2)
    path = home / "other" / "src" / "package_03" / "module_1.py"
    status = path.stat()
    path.write_text(path.read_text().swapcase())
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    config = config_of(home, directories=(str(home / "other" / "src"),))
    with pytest.raises(UserError, match=r"1 changed, 0 new, 0 gone; package_03/module_1.py"):
        prepare(config, vocab_size=VOCAB_SIZE, report=lambda event: None)


def test_a_mistyped_directory_is_refused_though_sources_that_are_gone_are_not(home):
    config = config_of(home, directories=(str(home / "scr"),))
    with pytest.raises(UserError, match=r"config.data.directories was \[.*src'\], is \[.*scr'\]"):
        prepare(config, vocab_size=VOCAB_SIZE, report=lambda event: None)


def resume(home, fingerprint, **changes):
    config = config_of(home, **changes)
    lines = []
    prepared = prepare(config, vocab_size=VOCAB_SIZE, report=lines.append, trained_on=fingerprint)
    return prepared.fingerprint, lines


@pytest.mark.parametrize(
    "change",
    [
        edit,
        lambda home: (home / "src" / "new.py").write_text(python_source(9)),
        lambda home: (home / "src" / "package_00" / "module_0.py").unlink(),
        lambda home: (home / "benchmark.jsonl").write_text("{}\n"),
    ],
)
def test_a_run_keeps_its_whole_prepared_data_when_sources_change(home, change):
    fingerprint, lines = resume(home, None)
    assert len(lines) == 1
    change(home)
    again, lines = resume(home, fingerprint)
    assert again == fingerprint
    assert "changed since" in lines[0]
    assert lines[0].endswith("; the run keeps the data that it began with")
    assert len(lines) == 2
    for trained_on in ("another", None):
        with pytest.raises(UserError, match="changed since"):
            resume(home, trained_on)


def test_the_remedies_for_a_run_are_ones_that_help_it(home):
    fingerprint, _ = resume(home, None)
    with pytest.raises(
        UserError, match=r"config.data.max_bytes was 10000000, is 9; restore that to resume"
    ) as raised:
        resume(home, fingerprint, max_bytes=9)
    assert "delete" not in str(raised.value)
    edit(home)
    with pytest.raises(
        UserError, match=r"restore that to resume the run, or choose another --workdir"
    ) as raised:
        resume(home, "another")
    assert "delete" not in str(raised.value)


def test_data_that_version_0_1_prepared_is_used_as_before(home):
    """There the paths were settings, and records of sources had paths and no inodes."""
    path = home / "prepared" / "manifest.json"
    manifest = json.loads(path.read_text())
    contents = {
        "tokenizer.json": hashlib.sha256((home / "prepared" / "tokenizer.json").read_bytes()).hexdigest()
    }
    prepared = load_prepared(home / "prepared")
    contents |= {name: getattr(prepared, name).header.sha256 for name in ("train", "val", "test")}
    del manifest["sha256"]
    manifest["settings"] |= manifest.pop("locations")
    manifest["sources"] = {str(home / "src" / key): record[:3] for key, *record in manifest["sources"]}
    manifest["inputs"] = {file: record[:3] for file, record in manifest["inputs"].items()}
    manifest["fingerprint"] = data_fingerprint(manifest["settings"], contents)
    path.write_text(json.dumps(manifest))
    assert reuse(home) == [f"using the prepared data in {home / 'prepared'}"]
    edit(home)
    with pytest.raises(UserError, match=r"1 changed, 0 new, 0 gone; .*package_03/module_1.py"):
        reuse(home)
    assert resume(home, manifest["fingerprint"])[0] == manifest["fingerprint"]


def test_a_tokenizer_is_known_by_its_content_wherever_it_lies(home):
    def with_tokenizer(name):
        config = dataclasses.replace(
            config_of(home), tokenizer_path=str(home / name), prepared_dir=str(home / "new")
        )
        return prepare(config, vocab_size=VOCAB_SIZE, report=lambda event: None)

    text = (home / "prepared" / "tokenizer.json").read_text()
    (home / "before.json").write_text(text)
    fingerprint = with_tokenizer("before.json").fingerprint
    os.rename(home / "before.json", home / "after.json")
    assert with_tokenizer("after.json").fingerprint == fingerprint
    swapped = text.replace('"def"', '"\0"').replace('"in"', '"def"').replace('"\0"', '"in"')
    assert swapped != text
    (home / "before.json").write_text(swapped)  # another's, at the old place
    assert with_tokenizer("after.json").fingerprint == fingerprint
    for name in ("other.json", "none.json"):
        (home / "other.json").write_text(swapped)
        with pytest.raises(UserError, match=r"config.data.tokenizer_path was .*before.json', is .*" + name):
            with_tokenizer(name)
