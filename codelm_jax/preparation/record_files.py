"""Reads the rows of parquet, Arrow and JSON Lines files, a few at a time."""

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from codelm_jax.errors import UserError, did_you_mean

SUFFIXES = (".parquet", ".arrow", ".jsonl", ".jsonl.gz", ".jsonl.zst")

NOT_A_ROW = "row that is not a JSON object"

_ROWS_AT_ONCE = 256
_CHUNK_BYTES = 1 << 20
# A column that so many rows in a row lack is not in the file.
_ROWS_TO_FIND_COLUMNS = 1000
# zstd --long=31, the most that the format allows.
_LARGEST_WINDOW = 1 << 31


def suffix_of(path: Path) -> str:
    """Which of `SUFFIXES` the name ends in; "" for none."""
    return next((suffix for suffix in SUFFIXES if path.name.lower().endswith(suffix)), "")


def read_rows(path: Path, columns: Mapping[str, str], skipped: Counter[str]) -> Iterator[dict[str, Any]]:
    """Yields each row's values.

    Args:
        path: a file with one of `SUFFIXES`.
        columns: by the key of `config.data` that names it, the column; rows are keyed by the same key.
        skipped: counts rows that cannot be read.

    Raises:
        UserError: the file is damaged, lacks a column, or needs a package that is not installed.
    """
    suffix = suffix_of(path)
    if suffix == ".parquet":
        return _parquet_rows(path, columns)
    if suffix == ".arrow":
        return _arrow_rows(path, columns)
    return _json_rows(path, suffix, columns, skipped)


def _parquet_rows(path: Path, columns: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    pyarrow = _library("pyarrow.parquet", path)
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            _check_columns(path, columns, file.schema_arrow.names)
            # Row group after row group: memory holds one of them.
            batches = file.iter_batches(_ROWS_AT_ONCE, columns=list(columns.values()))
            yield from _batch_rows(batches, columns)
    except (pyarrow.ArrowException, OSError) as error:
        raise _damaged(path, error) from None


def _arrow_rows(path: Path, columns: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    pyarrow = _library("pyarrow.ipc", path)
    try:
        with pyarrow.memory_map(str(path)) as file:
            try:
                reader: Any = pyarrow.ipc.open_stream(file)
                batches: Iterable[Any] = reader
            except pyarrow.ArrowInvalid:
                reader = pyarrow.ipc.open_file(file)
                batches = map(reader.get_batch, range(reader.num_record_batches))
            _check_columns(path, columns, reader.schema.names)
            yield from _batch_rows(
                (
                    batch.slice(start, _ROWS_AT_ONCE)
                    for batch in batches
                    for start in range(0, batch.num_rows, _ROWS_AT_ONCE)
                ),
                columns,
            )
    except (pyarrow.ArrowException, OSError) as error:
        raise _damaged(path, error) from None


def _batch_rows(batches: Iterable[Any], columns: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for batch in batches:
        values = [batch.column(column).to_pylist() for column in columns.values()]
        for row in zip(*values, strict=True):
            yield dict(zip(columns, row, strict=True))


def _json_rows(
    path: Path, suffix: str, columns: Mapping[str, str], skipped: Counter[str]
) -> Iterator[dict[str, Any]]:
    missing = dict(columns)
    rows, names = 0, dict[str, None]()
    for line in _lines(path, suffix):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            skipped[NOT_A_ROW] += 1
            continue
        rows += 1
        if missing:
            missing = {key: column for key, column in missing.items() if column not in record}
            names |= dict.fromkeys(record)
            if missing and rows == _ROWS_TO_FIND_COLUMNS:
                _check_columns(path, columns, list(names))
        yield {key: record.get(column) for key, column in columns.items()}
    if not rows:
        raise UserError(f"config.data.records: {path} holds no JSON objects, one a line")
    if missing:
        _check_columns(path, columns, list(names))


def _lines(path: Path, suffix: str) -> Iterator[bytes]:
    rest = b""
    for chunk in _chunks(path, suffix):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
    yield rest


def _chunks(path: Path, suffix: str) -> Iterator[bytes]:
    if suffix == ".jsonl.zst":
        yield from _zstd_chunks(path)
        return
    try:
        with gzip.open(path) if suffix == ".jsonl.gz" else path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(path, error) from None


def _zstd_chunks(path: Path) -> Iterator[bytes]:
    zstandard = _library("zstandard", path)
    decompressor = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW)
    frame = None
    try:
        with path.open("rb") as file:
            while data := file.read(_CHUNK_BYTES):
                while data:
                    frame = frame or decompressor.decompressobj()
                    yield frame.decompress(data)
                    data = frame.unused_data
                    if frame.eof:
                        frame = None
    except (zstandard.ZstdError, OSError) as error:
        raise _damaged(path, error) from None
    if frame is not None:
        raise _damaged(path, EOFError("it was cut short"))


def _check_columns(path: Path, columns: Mapping[str, str], names: Sequence[str]) -> None:
    for key, column in columns.items():
        if column not in names:
            raise UserError(
                f"config.data.{key} = {column!r}: {path} has no such column{did_you_mean(column, names)}; it has"
                f" {', '.join(map(str, names))}"
            )


def _damaged(path: Path, error: Exception) -> UserError:
    reason = str(getattr(error, "strerror", None) or error).splitlines()[0]
    return UserError(f"config.data.records: cannot read {path}: {reason}; fetch it again, or leave it out")


def _library(name: str, path: Path) -> Any:
    """Imports a package of the extra `records`; returns its top-level module.

    Raises:
        UserError: it is not installed.
    """
    try:
        module: ModuleType = __import__(name)
    except ImportError:
        raise UserError(
            f"config.data.records: {path} needs {name.partition('.')[0]}; pip install 'codelm-jax[records]'"
        ) from None
    return module
