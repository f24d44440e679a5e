"""What each key of the preparation does, and how mistaken ones are refused."""

import os

import pytest
from source_trees import (
    VOCAB_SIZE,
    contents,
    data_config,
    prepare_quietly,
    python_source,
    quiet,
    write_packages,
)

from codelm_jax.data.prepared import load_prepared
from codelm_jax.errors import UserError
from codelm_jax.preparation.prepare import prepare

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
        other = prepare_quietly(data_config(tree, split_seed=2, prepared_dir=str(tmp_path / "other")))
        (tree / "other.json").write_text(other.tokenizer.to_json())
    prepared = prepare_quietly(changed(tree, key, prepared_dir=str(tmp_path / "changed")))
    assert contents(prepared) != contents(load_prepared(tree / "prepared"))


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
    whole = prepare_quietly(data_config(tmp_path))
    some = prepare_quietly(data_config(tmp_path, max_bytes=400_000, prepared_dir=str(tmp_path / "some")))
    files = {(file["sha256"], file["split"]) for file in some.manifest["files"]}
    assert files < {(file["sha256"], file["split"]) for file in whole.manifest["files"]}
    assert 380_000 < sum(file["bytes"] for file in some.manifest["files"]) <= 400_000
    assert some.manifest["skipped"].keys() == {"beyond max_bytes"}


def test_a_benchmark_file_that_cannot_be_read_is_named_with_its_key(tmp_path):
    write_packages(tmp_path / "src", packages=1)
    said = []
    with pytest.raises(UserError, match=r"config.data.decontaminate: .*gone.jsonl: no such file"):
        prepare_quietly(data_config(tmp_path, decontaminate=(str(tmp_path / "gone.jsonl"),)), said.append)
    assert said == []
    assert os.listdir(tmp_path) == ["src"]


def test_nothing_found_and_nothing_left_are_clear_errors(tmp_path):
    (tmp_path / "src").mkdir()
    with pytest.raises(
        UserError, match=rf"config.data.directories: no Python files in {tmp_path / 'src'}; name"
    ):
        prepare_quietly(data_config(tmp_path))
    with pytest.raises(UserError, match="nowhere is not a directory"):
        prepare_quietly(data_config(tmp_path, directories=(str(tmp_path / "nowhere"),)))
    assert os.listdir(tmp_path) == ["src"]
    (tmp_path / "src" / "a.py").write_text("def broken(:")
    with pytest.raises(
        UserError,
        match=r"config.data.directories: no file passed the filters \(1 does not parse\); add sources; two files are needed, or source='text'",
    ):
        prepare_quietly(data_config(tmp_path))
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
        prepare_quietly(data_config(tmp_path, **settings))
    assert str(raised.value).startswith(f"config.data.{key} = {value!r}: no file passed the filters (")
    assert f"3 {reason}" in str(raised.value)


def test_one_file_alone_is_refused_with_what_was_left_out_and_the_way_out(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text(python_source(0))
    (tmp_path / "src" / "b.py").write_text("def broken(:")
    with pytest.raises(
        UserError, match=r"only 1 file passed the filters \(1 does not parse\); add sources; .*source='text'"
    ):
        prepare_quietly(data_config(tmp_path))


@pytest.mark.parametrize(
    ("key", "value"), [("decontaminate", lambda pipe: (pipe,)), ("tokenizer_path", lambda pipe: pipe)]
)
def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path, key, value):
    write_packages(tmp_path / "src", packages=1)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match=rf"^config.data.{key}: .*/pipe:? is no regular file"):
        prepare_quietly(data_config(tmp_path, **{key: value(str(tmp_path / "pipe"))}))


def test_an_existing_tokenizer_must_fit(tree, tmp_path):
    with pytest.raises(UserError, match=r"config.data.tokenizer_path: .*nowhere.json: cannot read"):
        prepare_quietly(data_config(tree, tokenizer_path="nowhere.json", prepared_dir=str(tmp_path / "a")))
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
