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
from codelm_jax.preparation import fingerprints, notebooks
from codelm_jax.preparation.candidate import Candidate
from codelm_jax.preparation.composition import SourceCensus, census, is_sampled
from codelm_jax.preparation.file_kinds import holds_only_docstrings
from codelm_jax.preparation.generated import says_generated
from codelm_jax.preparation.secret_filter import holds_secret
from codelm_jax.text.task_index import Match, TaskIndex, without

BENCHMARK_RUN_TOKENS = 30
UNPARSED = "does not parse"
DOCSTRINGS_ONLY = "only docstrings"

_MEAN_LINE_LENGTH = 100
_LEAST_LETTERS = 0.35

_LETTER = np.zeros(256, bool)
_LETTER[[*range(ord("a"), ord("z") + 1), *range(ord("A"), ord("Z") + 1), ord("_"), *range(128, 256)]] = True
_BLANK = np.zeros(256, bool)
_BLANK[list(b" \t\n\r\f\v")] = True


@dataclass(frozen=True)
class Rules:
    """The settings that `examine` needs.

    Attributes:
        max_file_bytes: larger files are left out.
        max_line_length: files with longer lines are left out.
        drop_secrets: whether files that seem to hold keys are left out.
        benchmark_runs: sorted hashes of 30-token runs.
        drop_docstring_only: whether files without executable code are left out.
        tasks: of the benchmarks, at level 2 of decontamination.
        corpus_bytes: expected; the larger, the smaller the share of files that are measured.
    """

    max_file_bytes: int
    max_line_length: int
    drop_secrets: bool
    benchmark_runs: np.ndarray
    drop_docstring_only: bool = False
    tasks: TaskIndex | None = None
    corpus_bytes: int = 0


@dataclass(frozen=True)
class Examined:
    """The verdict on one file.

    Attributes:
        reason: why it is left out; "" if it may stay.
        sha256: of the bytes on disk; "" if unread.
        text_sha256: of the decoded text.
        text_bytes: of the decoded text.
        signature: as `fingerprints.signature` returns it.
        overlaps_benchmark: whether it shares 30 code tokens with a benchmark, `matches` left out, or holds nothing else.
        matches: its functions that are tasks of a benchmark.
        clean_bytes: of the text without these.
        census: its composition, if it is in the sample.
    """

    reason: str
    sha256: str
    text_sha256: str = ""
    text_bytes: int = 0
    signature: np.ndarray | None = None
    overlaps_benchmark: bool = False
    matches: tuple[Match, ...] = ()
    clean_bytes: int = 0
    census: SourceCensus | None = None


def examine(candidate: Candidate, rules: Rules) -> Examined:
    """Reads and judges one file; the first fault found becomes the reason."""
    try:
        data = read_candidate(candidate, rules.max_file_bytes)
    except Rejected as rejection:
        return Examined(str(rejection), sha256="")
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        text = decode_candidate(candidate, data)
        _check_form(text, rules.max_line_length)
        tree = parsed(text)
        if rules.drop_docstring_only and holds_only_docstrings(tree):
            raise Rejected(DOCSTRINGS_ONLY)
        if rules.drop_secrets and holds_secret(text):
            raise Rejected("likely secret")
    except Rejected as rejection:
        return Examined(str(rejection), sha256)
    tokens = fingerprints.code_token_hashes(text)
    encoded = text.encode()
    text_sha256 = hashlib.sha256(encoded).hexdigest()
    is_measured = is_sampled(text_sha256, rules.corpus_bytes)
    matches, clean = cut_tasks(text, tree, rules.tasks)
    clean_tokens = tokens if clean == text else fingerprints.code_token_hashes(clean)
    return Examined(
        reason="",
        sha256=sha256,
        text_sha256=text_sha256,
        text_bytes=len(encoded),
        signature=fingerprints.signature(tokens),
        overlaps_benchmark=not clean or shares_run(clean_tokens, rules.benchmark_runs),
        matches=matches,
        clean_bytes=len(clean.encode()),
        census=census(text, tree, candidate.name) if is_measured else None,
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
    """Decodes a candidate: a file as Python does, a document that was text before as UTF-8, a notebook to its code.

    Raises:
        Rejected: as for `decode` and `notebook_code`.
    """
    if candidate.name.endswith(notebooks.SUFFIX):
        return notebooks.notebook_code(decode(data))
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
        Rejected: as for `decode`. A declaration that Python does not know is ignored.
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


def cut_tasks(text: str, tree: ast.Module, tasks: TaskIndex | None) -> tuple[tuple[Match, ...], str]:
    """The functions of a file that are tasks, and its text without them; "" where nothing else is left."""
    matches = tuple(tasks.matches(tree)) if tasks else ()
    if not matches:
        return (), text
    clean = without(text, matches)
    try:
        parsed(clean)
    except Rejected:
        clean = ""
    return matches, clean


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


def parsed(text: str) -> ast.Module:
    """The syntax tree of `text`.

    Raises:
        Rejected: this interpreter does not parse it, or to no statement.
    """
    # A syntax tree is thousands of objects that are freed together: garbage collection meanwhile only costs time.
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
    return tree
