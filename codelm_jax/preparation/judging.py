"""Judges one source file: reads it safely, decides whether it belongs in the corpus, and takes its fingerprints."""

import ast
import errno
import gc
import hashlib
import io
import os
import stat
import tokenize
import warnings
from dataclasses import dataclass

import numpy as np

from codelm_jax.data.decoding import Rejected, decode
from codelm_jax.preparation import fingerprints
from codelm_jax.preparation.candidate import Candidate
from codelm_jax.preparation.generated import says_generated
from codelm_jax.preparation.secret_filter import holds_secret

BENCHMARK_RUN_TOKENS = 30
UNPARSED = "does not parse"

_MEAN_LINE_LENGTH = 100
_LEAST_LETTERS = 0.35

_LETTER = np.zeros(256, bool)
_LETTER[[*range(ord("a"), ord("z") + 1), *range(ord("A"), ord("Z") + 1), ord("_"), *range(128, 256)]] = True
_BLANK = np.zeros(256, bool)
_BLANK[list(b" \t\n\r\f\v")] = True


@dataclass(frozen=True)
class Rules:
    """What `examine` needs to know of the settings. `benchmark_runs` are sorted hashes of 30-token runs."""

    max_file_bytes: int
    max_line_length: int
    drop_secrets: bool
    benchmark_runs: np.ndarray


@dataclass(frozen=True)
class Examined:
    """The verdict on one file: `reason` is "" if it may stay. `sha256` is of the bytes on disk, "" if unread."""

    reason: str
    sha256: str
    text_sha256: str = ""
    text_bytes: int = 0
    signature: np.ndarray | None = None
    overlaps_benchmark: bool = False


def examine(candidate: Candidate, rules: Rules) -> Examined:
    """Reads and judges one file; whatever is wrong with it becomes the reason."""
    try:
        data = read_candidate(candidate, rules.max_file_bytes)
    except Rejected as rejection:
        return Examined(str(rejection), sha256="")
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        text = decode_candidate(candidate, data)
        _check_form(text, rules.max_line_length)
        check_python(text)
        if rules.drop_secrets and holds_secret(text):
            raise Rejected("likely secret")
    except Rejected as rejection:
        return Examined(str(rejection), sha256)
    tokens = fingerprints.code_token_hashes(text)
    encoded = text.encode()
    return Examined(
        reason="",
        sha256=sha256,
        text_sha256=hashlib.sha256(encoded).hexdigest(),
        text_bytes=len(encoded),
        signature=fingerprints.signature(tokens),
        overlaps_benchmark=shares_run(tokens, rules.benchmark_runs),
    )


def read_candidate(candidate: Candidate, max_bytes: int) -> bytes:
    """Reads the bytes of a candidate.

    Raises:
        Rejected: as for `read_regular_file`.
    """
    if candidate.offset is None:
        return read_regular_file(candidate.path, max_bytes)
    if candidate.size > max_bytes:
        raise Rejected("too large")
    with open(candidate.path, "rb") as file:
        file.seek(candidate.offset)
        return file.read(candidate.size)


def decode_candidate(candidate: Candidate, data: bytes) -> str:
    """Decodes a candidate: a file as Python does, a document that was text before as UTF-8.

    Raises:
        Rejected: as for `decode`.
    """
    return decode_source(data) if candidate.offset is None else decode(data)


def read_regular_file(path: str, max_bytes: int) -> bytes:
    """Reads a regular file of at most `max_bytes`; never blocks on a pipe, never follows a link.

    Raises:
        Rejected: it is something else, too large, or can't be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Rejected("symbolic link" if error.errno == errno.ELOOP else "unreadable") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Rejected("not a regular file")
        if status.st_size > max_bytes:
            raise Rejected("too large")
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(max_bytes + 1)
    except OSError:
        raise Rejected("unreadable") from None
    finally:
        os.close(descriptor)
    if len(data) > max_bytes:
        raise Rejected("too large")
    return data


def decode_source(data: bytes) -> str:
    """Decodes a source file as Python does: a comment in its first two lines may declare an encoding (PEP 263).

    Raises:
        Rejected: as for `decode`. A declaration that Python does not know counts for nothing.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError:
        return decode(data)
    return decode(data, encoding)


def benchmark_runs(texts: list[str]) -> np.ndarray:
    """Sorted hashes of every run of 30 normalised code tokens in `texts`: uint64 [runs]."""
    runs = [
        fingerprints.run_hashes(fingerprints.code_token_hashes(text), BENCHMARK_RUN_TOKENS) for text in texts
    ]
    return np.unique(np.concatenate([np.zeros(0, np.uint64), *runs]))


def shares_run(tokens: np.ndarray, runs: np.ndarray) -> bool:
    """Says whether any 30 consecutive tokens hash to one of the sorted `runs`."""
    if not len(runs):
        return False
    own = fingerprints.run_hashes(tokens, BENCHMARK_RUN_TOKENS)
    places = np.minimum(np.searchsorted(runs, own), len(runs) - 1)
    return bool((runs[places] == own).any())


def _check_form(text: str, max_line_length: int) -> None:
    lines = text.split("\n")
    longest = max(map(len, lines))
    if longest > max_line_length:
        raise Rejected("line too long")
    if says_generated(text):
        raise Rejected("generated")
    codes = np.frombuffer(text.encode(), np.uint8)
    visible = len(codes) - int(np.count_nonzero(_BLANK[codes]))
    letters = int(np.count_nonzero(_LETTER[codes]))
    if letters < _LEAST_LETTERS * visible or len(text) > _MEAN_LINE_LENGTH * len(lines):
        raise Rejected("data, not code")


def check_python(text: str) -> None:
    """Raises `Rejected` unless this interpreter parses `text` to at least one statement."""
    # A syntax tree is thousands of objects that all die together: collecting garbage meanwhile only costs.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
        raise Rejected(UNPARSED) from None
    finally:
        if was_enabled:
            gc.enable()
    if not tree.body:
        raise Rejected("empty")
