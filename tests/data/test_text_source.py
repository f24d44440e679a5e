"""Ready text files as the source."""

import json

import pytest
from source_trees import data_config, python_source, quiet

from codelm_jax.data.prepare import prepare
from codelm_jax.data.text_source import read_documents
from codelm_jax.errors import UserError

TRAIN = [python_source(seed) for seed in range(30)]
VAL = [python_source(seed) for seed in range(30, 33)]
SECRET = "key = 'AKIA" + "Q" * 16 + "'\n"


def config(tmp_path, **changes):
    given = {
        "source": "text",
        "directories": (),
        "train_path": str(tmp_path / "train.txt"),
        "val_path": str(tmp_path / "val.txt"),
    }
    return data_config(tmp_path, **given, **changes)


def write(tmp_path, train=TRAIN, val=VAL):
    for name, documents in (("train", train), ("val", val)):
        (tmp_path / f"{name}.txt").write_text("<|endoftext|>\n".join(documents))


def run(tmp_path, **changes):
    return prepare(config(tmp_path, **changes), vocab_size=400, report=quiet)


def texts(prepared, split):
    return [prepared.tokenizer.decode(ids) for ids in getattr(prepared, split).documents()]


def test_lines_of_end_of_text_separate_documents_and_val_stands_in_for_test(tmp_path):
    write(tmp_path)
    prepared = run(tmp_path)
    assert texts(prepared, "train") == TRAIN
    assert texts(prepared, "val") == texts(prepared, "test") == VAL
    assert prepared.manifest["found_files"] == 33


@pytest.mark.parametrize(
    ("content", "documents"),
    [
        ("one\ntwo\n", ["one\ntwo\n"]),
        ("one\n<|endoftext|>\ntwo", ["one\n", "two"]),
        ("<|endoftext|>\n\n<|endoftext|>\none\n<|endoftext|>", ["one\n"]),
        ("x = '<|endoftext|>'\n", ["x = '<|endoftext|>'\n"]),
        ("one\r\n<|endoftext|>\r\ntwo\r\n", ["one\n", "two\n"]),
    ],
)
def test_documents_are_what_stands_between_the_lines(tmp_path, content, documents):
    (tmp_path / "a.txt").write_bytes(content.encode())
    assert read_documents(str(tmp_path / "a.txt"), "key") == documents


def test_secrets_benchmarks_and_the_cap_apply_to_documents(tmp_path):
    write(tmp_path, train=[*TRAIN, TRAIN[0] + SECRET], val=[*VAL, SECRET])
    (tmp_path / "tasks.jsonl").write_text(
        json.dumps({"id": "a", "prompt": "def f():", "tests": ["f()"], "solution": TRAIN[5]}) + "\n"
    )
    prepared = run(
        tmp_path, decontaminate=(str(tmp_path / "tasks.jsonl"),), max_bytes=len("".join(TRAIN[:21]))
    )
    expected = [text for text in TRAIN[:21] if text != TRAIN[5]]
    assert texts(prepared, "train")[: len(expected)] == expected
    assert prepared.manifest["skipped"]["likely secret"] == 2
    assert prepared.manifest["skipped"]["overlaps a benchmark"] == 1
    taken = prepared.train.header.documents + prepared.val.header.documents
    assert taken + sum(prepared.manifest["skipped"].values()) == prepared.manifest["found_files"] == 35


def test_changed_text_is_stale(tmp_path):
    write(tmp_path)
    run(tmp_path)
    run(tmp_path)
    write(tmp_path, val=[*VAL, "more = 1\n"])
    with pytest.raises(UserError, match=r"val.txt changed since the data was prepared"):
        run(tmp_path)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "is not a file"),
        (b"", "holds no text"),
        (b"<|endoftext|>\n\n", "holds no text"),
        (b"\xff\xfe", "not UTF-8"),
        (b"a\0b", "null byte"),
    ],
)
def test_unusable_files_are_refused_by_key(tmp_path, content, complaint):
    write(tmp_path)
    path = tmp_path / "val.txt"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(UserError, match=f"config.data.val_path: .*{complaint}"):
        run(tmp_path)
