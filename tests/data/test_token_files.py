"""Laws of token files."""

import hashlib
import json
import os

import numpy as np
import pytest

from codelm_jax.data.tokens import read_tokens, write_tokens
from codelm_jax.errors import UserError

LENGTHS = np.array([0, 1, 2, 3, 4, 5, 6, 7], np.int32)
DOCUMENTS = [[1, 2, 3], [], [7], [5, 5]]


def write(path, documents=DOCUMENTS, vocab_size=8):
    return write_tokens(path, documents, endoftext_id=0, vocab_size=vocab_size, byte_lengths=LENGTHS)


def test_what_is_written_is_read(tmp_path):
    header = write(tmp_path / "a.tokens")
    tokens = read_tokens(tmp_path / "a.tokens", 8)
    assert tokens.ids.tolist() == [0, 1, 2, 3, 0, 0, 7, 0, 5, 5]
    assert tokens.ids.dtype == np.uint16
    assert tokens.header == header
    assert (header.count, header.documents, header.text_bytes) == (10, 4, 6 + 0 + 7 + 10)
    assert [document.tolist() for document in tokens.documents()] == DOCUMENTS


def test_every_shorter_or_longer_file_is_refused(tmp_path):
    path = tmp_path / "a.tokens"
    write(path)
    whole = path.read_bytes()
    for size in [0, 1, 100, 4095, 4096, *range(4097, len(whole))]:
        path.write_bytes(whole[:size])
        with pytest.raises(UserError, match="prepare"):
            read_tokens(path, 8)
    path.write_bytes(whole + b"\0")
    with pytest.raises(UserError, match="bytes where its header says"):
        read_tokens(path, 8)


def test_a_sound_header_of_another_format_is_told_as_such(tmp_path):
    path = tmp_path / "a.tokens"
    write(path)
    body = json.dumps({"format": "codelm-tokens-2", "documents": 3}).encode()
    header = hashlib.sha256(body).hexdigest().encode() + b" " + body + b"\n"
    path.write_bytes(header.ljust(4096, b"\0") + path.read_bytes()[4096:])
    with pytest.raises(UserError, match="format codelm-tokens-2, and this version reads codelm-tokens-1"):
        read_tokens(path, 8)


def test_a_flipped_bit_in_any_byte_of_header_or_ids_is_found(tmp_path):
    path = tmp_path / "a.tokens"
    write(path)
    whole = path.read_bytes()
    used = len(whole[:4096].rstrip(b"\0"))
    for place in [*range(used), *range(used, 4096, 500), *range(4096, len(whole))]:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(UserError):
            read_tokens(path, 8)


def test_ids_outside_the_vocabulary_are_refused_when_written_and_when_read(tmp_path):
    for bad in ([8], [-1], [70000], [0]):
        with pytest.raises(ValueError, match="document 1"):
            write(tmp_path / "a.tokens", [[1], bad])
    write(tmp_path / "a.tokens", [[7]])
    content = bytearray((tmp_path / "a.tokens").read_bytes())
    content[-2:] = (8).to_bytes(2, "little")
    (tmp_path / "a.tokens").write_bytes(content)
    with pytest.raises(UserError, match="token id 8"):
        read_tokens(tmp_path / "a.tokens", 8)


def test_another_vocabulary_is_refused(tmp_path):
    write(tmp_path / "a.tokens")
    with pytest.raises(UserError, match="made with vocab_size 8, asked for 9"):
        read_tokens(tmp_path / "a.tokens", 9)


def test_the_largest_vocabulary_fits_and_a_larger_one_does_not(tmp_path):
    lengths = np.ones(65536, np.int32)
    write_tokens(tmp_path / "a.tokens", [[65535]], 0, 65536, lengths)
    assert read_tokens(tmp_path / "a.tokens", 65536).ids.tolist() == [0, 65535]
    with pytest.raises(ValueError, match="16-bit"):
        write_tokens(tmp_path / "a.tokens", [[1]], 0, 65537, lengths)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    write(tmp_path / "a.tokens")
    before = (tmp_path / "a.tokens").read_bytes()

    def interrupted():
        yield [1, 2]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "a.tokens", interrupted())
    assert os.listdir(tmp_path) == ["a.tokens"]
    assert (tmp_path / "a.tokens").read_bytes() == before


def test_a_file_without_documents_is_never_written(tmp_path):
    with pytest.raises(ValueError, match="no documents"):
        write(tmp_path / "a.tokens", [])
    assert os.listdir(tmp_path) == []


def test_missing_and_foreign_files_are_refused_by_name(tmp_path):
    (tmp_path / "b.tokens").write_bytes(b"\x93NUMPY" + b"\0" * 5000)
    for name in ("missing.tokens", "b.tokens"):
        with pytest.raises(UserError, match=name):
            read_tokens(tmp_path / name, 8)
