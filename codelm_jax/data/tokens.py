"""Token files: a 4,096-byte header and uint16 token ids, `<|endoftext|>` before each document."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import numpy as np

from codelm_jax.atomic import atomic_writer
from codelm_jax.errors import UserError

MAX_VOCAB_SIZE = 1 << 16

_HEADER_BYTES = 4096
_FORMAT = "codelm-tokens-1"
_DTYPE = np.dtype("<u2")


@dataclass(frozen=True)
class TokenHeader:
    """The header of a token file. `text_bytes` is the UTF-8 length of all documents; `sha256` is of the ids."""

    count: int
    documents: int
    text_bytes: int
    vocab_size: int
    endoftext_id: int
    sha256: str
    dtype: str = "uint16"
    format: str = _FORMAT


@dataclass(frozen=True)
class TokenFile:
    """An open token file; `ids` is a read-only memory map, uint16 [count]."""

    path: Path
    ids: np.ndarray
    header: TokenHeader

    def documents(self) -> Iterator[np.ndarray]:
        """Each document's ids, without the `<|endoftext|>` before it."""
        starts = np.flatnonzero(self.ids == self.header.endoftext_id) + 1
        for start, end in zip(starts, [*(starts[1:] - 1), self.header.count], strict=True):
            yield self.ids[start:end]


def write_tokens(
    path: str | Path,
    documents: Iterable[Sequence[int] | np.ndarray],
    endoftext_id: int,
    vocab_size: int,
    byte_lengths: np.ndarray,
) -> TokenHeader:
    """Writes `documents` to `path`, whole or not at all.

    Args:
        path: the file to write.
        documents: token ids of each document.
        endoftext_id: put before each document; none of them may contain it.
        vocab_size: every id is below it, and it is at most 65,536.
        byte_lengths: bytes of text per token id, [vocab_size].

    Raises:
        ValueError: an id is out of range or is `endoftext_id`, or there are no documents.
    """
    if not 0 < vocab_size <= MAX_VOCAB_SIZE:
        raise ValueError(f"vocab_size {vocab_size} does not fit 16-bit token ids")
    digest = hashlib.sha256()
    count = text_bytes = number = 0
    with atomic_writer(Path(path)) as file:
        file.write(b"\0" * _HEADER_BYTES)
        for document in documents:
            ids = np.asarray(document, np.int64)
            _check_ids(ids, endoftext_id, vocab_size, number)
            stored = np.concatenate([[endoftext_id], ids]).astype(_DTYPE).tobytes()
            file.write(stored)
            digest.update(stored)
            text_bytes += int(byte_lengths[ids].sum(dtype=np.int64))
            count += len(ids) + 1
            number += 1
        if not number:
            raise ValueError(f"no documents for {path}")
        header = TokenHeader(count, number, text_bytes, vocab_size, endoftext_id, digest.hexdigest())
        _write_header(file, header)
    return header


def read_tokens(path: str | Path, vocab_size: int) -> TokenFile:
    """Opens a token file, checking its length, that every id is below `vocab_size`, and its sha256.

    Raises:
        UserError: it is missing, damaged, cut short, edited, of another format, or made for another vocabulary.
    """
    path = Path(path)
    try:
        with open(path, "rb") as file:
            header = _parse_header(file.read(_HEADER_BYTES), path)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise UserError(
            f"{path}: cannot read the token file: {error.strerror}; prepare the data again"
        ) from None
    if header is None:
        raise UserError(f"{path}: not a token file, or its header is damaged; prepare the data again")
    expected = _HEADER_BYTES + header.count * _DTYPE.itemsize
    if size != expected:
        raise UserError(
            f"{path}: {size} bytes where its header says {expected}; it was cut or appended to: prepare again"
        )
    if header.vocab_size != vocab_size:
        raise UserError(
            f"{path}: made with vocab_size {header.vocab_size}, asked for {vocab_size}; prepare the data again"
        )
    ids = np.memmap(path, _DTYPE, mode="r", offset=_HEADER_BYTES, shape=(header.count,))
    largest = int(ids.max())
    if largest >= vocab_size:
        raise UserError(
            f"{path}: holds token id {largest}, the vocabulary ends at {vocab_size - 1}; prepare the data again"
        )
    if hashlib.sha256(ids.data).hexdigest() != header.sha256:
        raise UserError(f"{path}: contents do not match their sha256; delete the directory and prepare again")
    return TokenFile(path, ids, header)


def _check_ids(ids: np.ndarray, endoftext_id: int, vocab_size: int, number: int) -> None:
    if not ids.size:
        return
    if ids.min() < 0 or ids.max() >= vocab_size:
        raise ValueError(
            f"document {number} has token ids in [{ids.min()}, {ids.max()}], vocab_size is {vocab_size}"
        )
    if (ids == endoftext_id).any():
        raise ValueError(f"document {number} contains the end-of-text id {endoftext_id}")


def _write_header(file: IO[bytes], header: TokenHeader) -> None:
    body = json.dumps(asdict(header), sort_keys=True).encode()
    line = hashlib.sha256(body).hexdigest().encode() + b" " + body + b"\n"
    file.seek(0)
    file.write(line.ljust(_HEADER_BYTES, b"\0"))


def _parse_header(block: bytes, path: Path) -> TokenHeader | None:
    line, newline, padding = block.partition(b"\n")
    digest, _, body = line.partition(b" ")
    intact = len(block) == _HEADER_BYTES and newline and not padding.strip(b"\0")
    if not intact or digest != hashlib.sha256(body).hexdigest().encode():
        return None
    fields = json.loads(body)
    if fields.get("format") != _FORMAT:
        raise UserError(
            f"{path}: tokens of format {fields.get('format')}, and this version reads {_FORMAT}: prepare the data again"
        )
    header = TokenHeader(**fields)
    return header if header.count > 0 else None
