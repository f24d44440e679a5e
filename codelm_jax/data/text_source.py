"""Ready text files as a corpus, as the reference took them: one for training, one held out."""

import hashlib
import re
from pathlib import Path

import numpy as np

from codelm_jax.data import corpus
from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.data.tokens import TokenFile, TokenHeader
from codelm_jax.errors import UserError

_SEPARATOR = re.compile(r"^<\|endoftext\|>[ \t]*(?:\n|\Z)", re.MULTILINE)


def size(path: str, key: str) -> int:
    """Bytes of a text file.

    Raises:
        UserError: names `key`; there is no such file.
    """
    if not Path(path).is_file():
        raise UserError(f"{key}: {path} is not a file; correct the path")
    return Path(path).stat().st_size


def read_documents(path: str, key: str) -> list[str]:
    """The documents of a UTF-8 text file: what stands between lines that hold only `<|endoftext|>`.

    A file without such a line is one document. Line ends become newlines; blank documents are dropped.

    Raises:
        UserError: names `key`; the file can't be read, is not UTF-8, holds null bytes, or is blank.
    """
    try:
        text = corpus.decode(Path(path).read_bytes())
    except OSError as error:
        raise UserError(f"{key}: cannot read {path}: {error.strerror}") from None
    except corpus.Rejected as rejection:
        raise UserError(f"{key}: {path} cannot be used: {rejection}; it must be UTF-8 text") from None
    documents = [document for document in _SEPARATOR.split(text) if document.strip()]
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
