"""Ready text files as a corpus, as the reference took them: one for training, one held out."""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from codelm_jax.data import corpus
from codelm_jax.data.tokenizer import SPECIAL_TOKENS, CodeTokenizer
from codelm_jax.data.tokens import TokenFile, TokenHeader
from codelm_jax.errors import UserError

_SEPARATOR = re.compile(r"^<\|endoftext\|>[ \t]*(?:\n|\Z)", re.MULTILINE)
_TEXT_KEYS = ("text", "content")
_TABLES = (".csv", ".tsv")
_JSON = (".json", ".jsonl", ".ndjson", ".ipynb")
_MOSTLY = 0.5


def size(path: str, key: str) -> int:
    """Bytes of a text file.

    Raises:
        UserError: names `key`; there is no such file.
    """
    if Path(path).is_dir():
        raise UserError(
            f"{key}: {path} is a directory; name a text file, or use source='directories' for Python files"
        )
    if not Path(path).is_file():
        raise UserError(f"{key}: {path} is not a file; correct the path")
    return Path(path).stat().st_size


def read_documents(path: str, key: str) -> list[str]:
    """The documents of a UTF-8 text file, separated by lines that hold only `<|endoftext|>`; or those of a JSONL file.

    A file without such a line is one document, unless its first line is a JSON object: then every line must be one,
    with the document under `text` or `content`. Line ends become newlines; blank documents are dropped.

    Raises:
        UserError: names `key`; the file can't be read, is not UTF-8, holds null bytes, is blank, or is a table or JSON
            of another form.
    """
    try:
        text = corpus.decode(Path(path).read_bytes())
    except OSError as error:
        raise UserError(f"{key}: cannot read {path}: {error.strerror}") from None
    except corpus.Rejected as rejection:
        raise UserError(f"{key}: {path} cannot be used: {rejection}; it must be UTF-8 text") from None
    texts = [text] if _SEPARATOR.search(text) else _records(text, path, key)
    documents = [document for text in texts for document in _SEPARATOR.split(text) if document.strip()]
    if not documents:
        raise UserError(f"{key}: {path} holds no text")
    return documents


def count_special_names(documents: Iterable[str]) -> int:
    """How often the names of special tokens occur in `documents`, where they are ordinary characters."""
    return sum(document.count(name) for document in documents for name in SPECIAL_TOKENS)


def count_in_training(held_out: Sequence[str], train: Iterable[str]) -> int:
    """How many documents of `held_out` also train: as a whole, or at least half of their runs of 30 code tokens."""
    runs_of = [corpus.benchmark_runs([document]) for document in held_out]
    all_runs = np.unique(np.concatenate(runs_of))
    in_training = np.zeros(len(all_runs), bool)
    documents = {document.strip() for document in held_out}
    whole: set[str] = set()
    for document in train:
        whole |= documents & {document.strip()}
        if len(all_runs):
            runs = corpus.benchmark_runs([document])
            places = np.minimum(np.searchsorted(all_runs, runs), len(all_runs) - 1)
            in_training[places[all_runs[places] == runs]] = True
    return sum(
        document.strip() in whole
        or bool(len(runs) and in_training[np.searchsorted(all_runs, runs)].mean() >= _MOSTLY)
        for document, runs in zip(held_out, runs_of, strict=True)
    )


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
        return corpus.decode(found.encode())
    except UnicodeEncodeError:
        raise UserError(f"{where} holds half of a surrogate pair; remove it") from None
    except corpus.Rejected as rejection:
        raise UserError(f"{where} cannot be used: {rejection}; remove it") from None


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
