"""What makes prepared data stale, and what does not."""

import dataclasses
import os
import shutil

import pytest
from source_trees import data_config, python_source, write_packages

from codelm_jax.data.prepare import prepare
from codelm_jax.errors import UserError

VOCAB_SIZE = 400


@pytest.fixture(scope="module")
def prepared_home(tmp_path_factory):
    home = tmp_path_factory.mktemp("stale")
    write_packages(home / "src")
    (home / "benchmark.jsonl").write_text('{"id": "a", "prompt": "def f():", "tests": ["f()"]}\n')
    prepare(config_of(home), vocab_size=VOCAB_SIZE, report=lambda event: None)
    return home


def config_of(home):
    return data_config(home, decontaminate=(str(home / "benchmark.jsonl"),))


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
