"""Rows of parquet, Arrow and JSON Lines files."""

import gzip
import json
import random
from collections import Counter

import pytest
from source_trees import data_config, python_source, quiet, write_packages

from codelm_jax.errors import UserError
from codelm_jax.preparation import record_files
from codelm_jax.preparation.prepare import prepare
from codelm_jax.preparation.sources.records import Records

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
ipc = pytest.importorskip("pyarrow.ipc")
zstandard = pytest.importorskip("zstandard")

COLUMNS = {
    "content_column": "content",
    "licence_column": "licenses",
    "package_column": "repo",
    "path_column": "path",
}


def rows_of(source):
    """The rows of a folder of packages, in a random order."""
    rows = [
        {
            "content": path.read_text(),
            "repo": path.parts[-2],
            "path": path.name,
            "licenses": ["MIT"],
            "stars": number,
        }
        for number, path in enumerate(sorted(source.rglob("*.py")))
    ]
    random.Random(0).shuffle(rows)
    return rows


def as_jsonl(rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def write_parquet(path, rows):
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=7)


def write_arrow(path, rows):
    table = pa.Table.from_pylist(rows)
    with ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table, max_chunksize=11)


def write_zstd(path, rows):
    """Two frames, as concatenated files have them."""
    compress = zstandard.ZstdCompressor().compress
    path.write_bytes(compress(as_jsonl(rows[:5])) + compress(as_jsonl(rows[5:])))


WRITERS = {
    "rows.parquet": write_parquet,
    "rows.arrow": write_arrow,
    "rows.jsonl": lambda path, rows: path.write_bytes(as_jsonl(rows)),
    "rows.jsonl.gz": lambda path, rows: path.write_bytes(gzip.compress(as_jsonl(rows))),
    "rows.jsonl.zst": write_zstd,
}


def source_of(*paths, **columns):
    return Records(tuple(map(str, paths)), **COLUMNS | columns)


def documents(*paths, skipped=None, **columns):
    skipped = Counter() if skipped is None else skipped
    return list(source_of(*paths, **columns).documents((), skipped, quiet))


def run(tmp_path, *paths, report=quiet, **changes):
    given = {"source": "records", "directories": (), "records": tuple(map(str, paths)), **COLUMNS}
    return prepare(data_config(tmp_path, **given | changes), vocab_size=400, report=report)


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return rows_of(write_packages(tmp_path_factory.mktemp("rows")))


def test_files_as_a_directory_and_as_a_data_set_in_shards_give_the_same_corpus(tmp_path):
    source = write_packages(tmp_path / "src")
    (source / "package_03" / "windows.py").write_bytes(
        b"\xef\xbb\xbf" + python_source(1).replace("\n", "\r\n").encode()
    )
    rows = rows_of(source)
    assert any("\ufeff" in row["content"] for row in rows)
    as_files = prepare(data_config(tmp_path, prepared_dir=str(tmp_path / "a")), vocab_size=400, report=quiet)
    data_set = tmp_path / "set" / "data"
    data_set.mkdir(parents=True)
    write_parquet(data_set / "train-00000-of-00002.parquet", rows[:40])
    write_arrow(data_set / "train-00001-of-00002.arrow", rows[40:])
    (data_set.parent / "dataset_info.json").write_text("{}")
    as_rows = run(tmp_path, data_set.parent, licenses=("MIT",))
    for name in ("train", "val", "test"):
        assert getattr(as_rows, name).header == getattr(as_files, name).header
    assert as_rows.tokenizer.to_json() == as_files.tokenizer.to_json()
    assert {file["licence"] for file in as_rows.manifest["files"]} == {"MIT"}
    # Moved, and in one file of another kind, it is the same data by other files.
    (tmp_path / "again").mkdir()
    WRITERS["rows.jsonl.zst"](tmp_path / "again" / "rows.jsonl.zst", rows[::-1])
    again = run(tmp_path / "again", tmp_path / "again" / "rows.jsonl.zst", licenses=("MIT",))
    assert again.fingerprint == as_rows.fingerprint


@pytest.mark.parametrize("name", WRITERS)
def test_every_kind_of_file_gives_the_same_rows(tmp_path, rows, name):
    WRITERS[name](tmp_path / name, rows)
    found = documents(tmp_path / name)
    assert [(d.text, d.package.name, d.path, d.package.licence) for d in found] == [
        (row["content"], row["repo"], row["path"], "MIT") for row in rows
    ]


@pytest.mark.parametrize("suffix", record_files.SUFFIXES)
def test_damaged_and_missing_files_are_one_line_that_names_them(tmp_path, rows, suffix):
    path = tmp_path / f"rows{suffix}"
    WRITERS[path.name](path, rows)
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"no such format " * 9, b""):
        path.write_bytes(damaged)
        if suffix == ".jsonl" and damaged in whole and damaged:
            skipped = Counter()
            documents(path, skipped=skipped)
            assert skipped == {record_files.NOT_A_ROW: 1}
            continue
        with pytest.raises(UserError, match=rf"config\.data\.records: .*{path.name}") as raised:
            documents(path)
        assert "\n" not in str(raised.value)
    path.unlink()
    with pytest.raises(UserError, match=f"{path} is not there"):
        documents(path)


def test_rows_that_cannot_be_used_are_counted_and_never_fatal(tmp_path):
    path = tmp_path / "rows.jsonl"
    bad = [b"{", b"[1]", b'{"content": null}', b'{"content": 3}', b"", b'{"content": "\xff"}']
    row = {"content": python_source(0), "licenses": None, "repo": "a/b", "path": "/c.py"}
    path.write_bytes(b"\n".join([*bad, json.dumps(row).encode()]))
    skipped = Counter()
    (found,) = documents(path, skipped=skipped)
    assert (found.path, found.package.name, found.package.licence) == ("c.py", "a/b", "unknown")
    assert skipped == {record_files.NOT_A_ROW: 3, "row without text": 2}


def test_every_row_is_taken_once_or_counted_once(tmp_path, rows):
    extra = [
        {**rows[0]},
        {**rows[1], "path": "copy.py"},
        {**rows[2], "content": None},
        {**rows[3], "content": "half a pair \ud800"},
        {**rows[4], "content": "def broken(:", "path": "broken.py"},
        {**rows[5], "licenses": ["MIT", "GPL-3.0"], "content": python_source(99_999)},
        {**rows[5], "content": "x = 1\n" * 20_000, "path": "large.py"},
    ]
    (tmp_path / "rows.jsonl").write_bytes(as_jsonl([*rows, *extra]))
    manifest = run(tmp_path, tmp_path / "rows.jsonl", licenses=("mit",)).manifest
    assert manifest["skipped"] == {
        "exact duplicate": 2, "row without text": 1, "half of a surrogate pair": 1, "does not parse": 1,
        "licence not allowed": 1, "too large": 1,
    }  # fmt: skip
    assert manifest["found_files"] == len(rows) + len(extra)
    assert len(manifest["files"]) == len(rows)


@pytest.mark.parametrize("name", ["rows.parquet", "rows.arrow", "rows.jsonl"])
def test_a_wrong_column_is_one_line_with_the_columns_there_are(tmp_path, rows, name):
    WRITERS[name](tmp_path / name, rows)
    for key in COLUMNS:
        with pytest.raises(UserError) as raised:
            documents(tmp_path / name, **{key: "licences"})
        assert str(raised.value).startswith(f"config.data.{key} = 'licences': {tmp_path / name} has no such")
        assert "(did you mean licenses?); it has content, " in str(raised.value)


def test_without_columns_for_them_paths_are_digests_and_packages_are_first_folders(tmp_path, rows):
    (tmp_path / "rows.jsonl").write_bytes(as_jsonl([{"content": "x = 1", "path": "a/b/c.py"}]))
    alone = {"licence_column": "", "package_column": ""}
    (found,) = documents(tmp_path / "rows.jsonl", **alone)
    assert (found.package.name, found.path) == ("a", "b/c.py")
    (found,) = documents(tmp_path / "rows.jsonl", **alone, path_column="")
    assert found.package.name == "records"
    assert len(found.path) == 35


def test_a_package_that_is_not_installed_is_named_with_its_extra(tmp_path, rows, monkeypatch):
    for name, package in (("rows.parquet", "pyarrow.parquet"), ("rows.jsonl.zst", "zstandard")):
        WRITERS[name](tmp_path / name, rows)
        monkeypatch.setitem(__import__("sys").modules, package, None)
        with pytest.raises(UserError, match=r"needs \w+; pip install 'codelm-jax\[records\]'"):
            documents(tmp_path / name)


def test_changed_records_are_stale_and_moved_ones_are_not(tmp_path, rows):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(as_jsonl(rows))
    first = run(tmp_path, path)
    (tmp_path / "moved").mkdir()
    path.rename(tmp_path / "moved" / "rows.jsonl")
    path = tmp_path / "moved" / "rows.jsonl"
    assert run(tmp_path, path).fingerprint == first.fingerprint
    with pytest.raises(UserError, match=r"config\.data\.path_column was 'path', is ''"):
        run(tmp_path, path, path_column="")
    path.write_bytes(as_jsonl(rows[1:]))
    with pytest.raises(UserError, match=r"1 changed, 0 new, 0 gone; rows\.jsonl"):
        run(tmp_path, path)


def test_what_holds_no_records_is_refused(tmp_path):
    (tmp_path / "rows.csv").write_text("content\n")
    with pytest.raises(UserError, match=r"rows.csv is none of \.parquet"):
        documents(tmp_path / "rows.csv")
    with pytest.raises(UserError, match="no files of records in"):
        documents(tmp_path)
    with pytest.raises(UserError, match="source='records' needs records"):
        run(tmp_path)
