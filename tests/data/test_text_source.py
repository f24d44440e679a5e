"""Ready text files as the source."""

import json

import pytest
from source_trees import data_config, python_source, quiet

from codelm_jax.data.text_files import read_documents
from codelm_jax.errors import UserError
from codelm_jax.preparation.prepare import prepare

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
    return data_config(tmp_path, **given | changes)


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


JSONL = [json.dumps({"id": i, "text": text}) for i, text in enumerate(TRAIN)]


@pytest.mark.parametrize(
    ("content", "documents"),
    [
        ("\n".join(JSONL), TRAIN),
        ("\n\n".join(JSONL) + "\n", TRAIN),
        ('{"content": "a\\r\\nb"}\n{"content": " "}\n', ["a\nb"]),
        ('{"text": "one\\n<|endoftext|>\\ntwo"}', ["one\n", "two"]),
        ('<|endoftext|>\n{"a": 1}\n', ['{"a": 1}\n']),
        ("1\n", ["1\n"]),
        ("{x}\n", ["{x}\n"]),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.py"])
def test_a_jsonl_file_gives_its_texts_whatever_its_name(tmp_path, content, documents, name):
    (tmp_path / name).write_text(content)
    assert read_documents(str(tmp_path / name), "key") == documents


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.txt", '{"text": "a"}\n{"text": \n', "line 2 is not a JSON object"),
        ("a.txt", '{"text": "a"}\n\n3\n', "line 3 is not a JSON object"),
        ("a.txt", '{"code": "a"}\n', "line 1 has no string under 'text' or 'content'"),
        ("a.txt", '{"text": 3}\n', "line 1 has no string under 'text' or 'content'"),
        ("a.txt", '{"text": "\\ud800"}\n', "line 1 holds half of a surrogate pair"),
        ("a.txt", '{"text": "\\u0000"}\n', "line 1 cannot be used: null byte"),
        ("a.txt", '{\n"text": "a"\n}\n', "is JSON, but not one object a line"),
        ("a.txt", '["a", "b"]\n', "is JSON, but not one object a line"),
        ("a.jsonl", '{"text": "a\n{"text": "b"}\n', "is JSON, but not one object a line"),
        ("a.ipynb", "{\n", "is JSON, but not one object a line"),
        ("a.csv", "id,text\n", "is a table"),
    ],
)
def test_what_is_meant_otherwise_is_refused_with_its_line(tmp_path, name, content, complaint):
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=f"key: .*{name}.*{complaint}"):
        read_documents(str(tmp_path / name), "key")


def test_names_of_special_tokens_inside_lines_are_counted_aloud(tmp_path):
    write(tmp_path, train=[*TRAIN, "a<|endoftext|>b <|pad|>\n"])
    said = []
    prepare(config(tmp_path), vocab_size=400, report=said.append)
    (warning,) = [line for line in said if "warning" in str(line)]
    assert "config.data.train_path: 2 names of special tokens" in warning


@pytest.mark.parametrize("how", ["same path", "other spelling", "symbolic link", "hard link", "copy", "part"])
def test_text_that_trains_cannot_be_held_out(tmp_path, how):
    write(tmp_path)
    train, val = tmp_path / "train.txt", tmp_path / "val.txt"
    changes = {}
    val.unlink()
    if how == "same path":
        changes["val_path"] = str(train)
    elif how == "other spelling":
        changes["val_path"] = f"{tmp_path}/../{tmp_path.name}/train.txt"
    elif how == "symbolic link":
        val.symlink_to(train)
    elif how == "hard link":
        val.hardlink_to(train)
    else:
        text = train.read_text()
        val.write_text(text if how == "copy" else "\n".join(TRAIN[0].split("\n")[3:40]))
    with pytest.raises(
        UserError, match=r"config.data.val_path: .*(is the same file|all of its documents also train)"
    ):
        run(tmp_path, **changes)
    assert not (tmp_path / "prepared").exists()


def test_held_out_documents_that_also_train_are_counted(tmp_path):
    cut = "\n".join(TRAIN[1].split("\n")[3:60]) + "\n"
    write(tmp_path, val=[*VAL, TRAIN[0], cut, "short = 1\n"], train=[*TRAIN, "short = 1\n"])
    said = []
    prepared = prepare(config(tmp_path), vocab_size=400, report=said.append)
    assert prepared.manifest["held_out_in_training"] == 3
    assert any("3 of 6 documents also train" in str(line) for line in said)
    assert run(tmp_path).manifest["held_out_in_training"] == 3


def test_text_without_copies_counts_none(tmp_path):
    write(tmp_path)
    said = []
    prepared = prepare(config(tmp_path), vocab_size=400, report=said.append)
    assert prepared.manifest["held_out_in_training"] == 0
    assert not any("warning" in str(line) for line in said)


def test_a_directory_in_place_of_a_text_names_the_source_for_it(tmp_path):
    write(tmp_path)
    with pytest.raises(UserError, match=r"config.data.train_path: .* is a directory; .*source='directories'"):
        run(tmp_path, train_path=str(tmp_path))


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
