"""Text files of documents: plain text with `<|endoftext|>` lines, or JSON Lines."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from codelm_jax.data.decoding import Rejected, decode
from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.data.tokens import TokenFile, TokenHeader
from codelm_jax.errors import UserError

_SEPARATOR = re.compile(r"^<\|endoftext\|>[ \t]*(?:\n|\Z)", re.MULTILINE)
_TEXT_KEYS = ("text", "content")
_TABLES = (".csv", ".tsv")
_JSON = (".json", ".jsonl", ".ndjson", ".ipynb")


def read_documents(path: str, key: str) -> list[str]:
    """The documents of a UTF-8 text file, separated by lines that hold only `<|endoftext|>`; or those of a JSONL file.

    A file without such a line is one document, unless its first line is a JSON object: then every line must be one,
    with the document under `text` or `content`. Line ends become newlines; blank documents are dropped.

    Raises:
        UserError: names `key`; the file can't be read, is not UTF-8, holds null bytes, is blank, or is a table or JSON
            of another form.
    """
    try:
        text = decode(Path(path).read_bytes())
    except OSError as error:
        raise UserError(f"{key}: cannot read {path}: {error.strerror}") from None
    except Rejected as rejection:
        raise UserError(f"{key}: {path} cannot be used: {rejection}; it must be UTF-8 text") from None
    texts = [text] if _SEPARATOR.search(text) else _records(text, path, key)
    documents = [document for text in texts for document in _SEPARATOR.split(text) if document.strip()]
    if not documents:
        raise UserError(f"{key}: {path} holds no text")
    return documents


def encode_file(path: str, key: str, tokenizer: CodeTokenizer) -> TokenFile:
    """The tokens of a text file, in memory, as `write_tokens` would write them.

    Raises:
        UserError: as for `read_documents`.
    """
    documents = read_documents(path, key)
    pieces = [[tokenizer.endoftext_id, *ids] for ids in tokenizer.encode_batch(documents)]
    ids = np.concatenate([np.asarray(piece, "<u2") for piece in pieces])
    header = TokenHeader(
        count=len(ids),
        documents=len(documents),
        text_bytes=sum(len(text.encode()) for text in documents),
        vocab_size=tokenizer.vocab_size,
        endoftext_id=tokenizer.endoftext_id,
        sha256=hashlib.sha256(ids.tobytes()).hexdigest(),
    )
    return TokenFile(Path(path), ids, header)


def _records(text: str, path: str, key: str) -> list[str]:
    """The documents of a JSONL file, or the whole of a file of plain text."""
    if Path(path).suffix.lower() in _TABLES:
        raise UserError(f"{key}: {path} is a table, not text; convert it to JSONL with a key 'text'")
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines or isinstance(_parsed(lines[0][1]), dict):
        return [_document(_parsed(line), f"{key}: {path}: line {number}") for number, line in lines]
    if Path(path).suffix.lower() in _JSON or (text.lstrip()[0] in "[{" and _parsed(text) is not None):
        raise UserError(
            f'{key}: {path} is JSON, but not one object a line; write each document as a line {{"text": ...}}'
        )
    return [text]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _document(record: Any, where: str) -> str:
    if not isinstance(record, dict):
        raise UserError(
            f"{where} is not a JSON object, as the first line is; correct it, or begin a file of plain text with a line"
            " <|endoftext|>"
        )
    found = next((record[name] for name in _TEXT_KEYS if isinstance(record.get(name), str)), None)
    if found is None:
        raise UserError(f"{where} has no string under 'text' or 'content'; rename its key")
    try:
        return decode(found.encode())
    except UnicodeEncodeError:
        raise UserError(f"{where} holds half of a surrogate pair; remove it") from None
    except Rejected as rejection:
        raise UserError(f"{where} cannot be used: {rejection}; remove it") from None
