"""Chooses the files of the corpus: licensed, sound, no copies, within the caps."""

import dataclasses
import hashlib
import math
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from codelm_jax.data.decoding import Rejected
from codelm_jax.data.licences import is_allowed
from codelm_jax.data.progress import Advance, Reporter
from codelm_jax.errors import UserError
from codelm_jax.preparation import judging
from codelm_jax.preparation.candidate import Candidate, Found
from codelm_jax.preparation.composition import SourceCensus
from codelm_jax.preparation.config import DataConfig
from codelm_jax.preparation.dedup import NearDuplicates
from codelm_jax.preparation.file_kinds import is_test_path
from codelm_jax.preparation.judging_pool import examine_files
from codelm_jax.text.task_index import Match, without

BEYOND_CAP = "beyond max_bytes"
BEYOND_SHARE = "beyond max_package_share"
BEYOND_TEST_SHARE = "beyond max_test_share"
UNLICENSED = "licence not allowed"


@dataclass(frozen=True)
class SourceFile:
    """A file of the corpus.

    Attributes:
        candidate: the file.
        sha256: of the bytes on disk.
        text_sha256: of its decoded text.
        text_bytes: of its decoded text, without `cut`.
        overlaps_benchmark: as for `Examined`.
        matches: functions that are tasks, to be cut out where it trains.
        clean_bytes: of the text without these.
        census: its composition, if it was measured.
        cut: functions that are left out of its text.
    """

    candidate: Candidate
    sha256: str
    text_sha256: str
    text_bytes: int
    overlaps_benchmark: bool
    matches: tuple[Match, ...] = ()
    clean_bytes: int = 0
    census: SourceCensus | None = None
    cut: tuple[Match, ...] = ()

    def without_tasks(self) -> "SourceFile":
        """The same file with the functions that are tasks cut out."""
        if not self.matches:
            return self
        return dataclasses.replace(self, text_bytes=self.clean_bytes, cut=self.matches)


@dataclass(frozen=True)
class Selection:
    """The files taken, in hash order; every other candidate counted by reason; hashes of all files that were read."""

    files: tuple[SourceFile, ...]
    skipped: Counter[str]
    sha256_of_path: dict[str, str]


def select(found: Found, config: DataConfig, rules: judging.Rules, report: Reporter) -> Selection:
    """Goes through the candidates in their order until `max_bytes` are taken.

    Of several copies the first in that order stays, so a smaller cap takes a subset of what a larger one takes.
    """
    skipped = Counter(found.skipped)
    allowed = [
        c for c in found.candidates if not config.licenses or is_allowed(c.package.licence, config.licenses)
    ]
    if len(allowed) < len(found.candidates):
        skipped[UNLICENSED] += len(found.candidates) - len(allowed)
    expected = max(1, min(config.max_bytes, sum(c.size for c in allowed)))
    corpus = _Corpus(config, found.held_out, expected)
    sha256_of_path: dict[str, str] = {}
    judged = 0
    rules = dataclasses.replace(rules, corpus_bytes=expected)
    verdicts = examine_files(allowed, rules, processes=os.cpu_count() or 1)
    try:
        for candidate, verdict in zip(allowed, verdicts, strict=True):
            if verdict.sha256:
                sha256_of_path[candidate.path] = verdict.sha256
            reason = verdict.reason or corpus.refuses(candidate, verdict)
            if reason:
                skipped[reason] += 1
            elif corpus.taken + verdict.text_bytes > config.max_bytes:
                break
            else:
                corpus.add(candidate, verdict)
                report(Advance("reading sources", min(corpus.taken, expected), expected))
            judged += 1
    finally:
        verdicts.close()
    if judged < len(allowed):
        skipped[BEYOND_CAP] += len(allowed) - judged
    report(Advance("reading sources", expected, expected))
    return Selection(tuple(corpus.files), skipped, sha256_of_path)


def read_texts(files: list[SourceFile]) -> Iterator[str]:
    """Reads the files' texts again, rather than holding a whole corpus in memory.

    Raises:
        UserError: one of them changed since it was selected.
    """
    for file in files:
        try:
            data = judging.read_candidate(file.candidate, max(1, file.candidate.size))
            unchanged = hashlib.sha256(data).hexdigest() == file.sha256
        except Rejected:
            unchanged, data = False, b""
        if not unchanged:
            raise UserError(f"{file.candidate.path}: changed while the corpus was prepared; prepare again")
        text = judging.decode_candidate(file.candidate, data)
        yield without(text, file.cut) if file.cut else text


class _Corpus:
    """The files taken so far, and which further ones they rule out."""

    def __init__(self, config: DataConfig, held_out: frozenset[str], expected_bytes: int):
        self.files: list[SourceFile] = []
        self.taken = 0
        self._held_out = held_out
        self._seen: set[str] = set()
        self._near_duplicates = NearDuplicates(config.near_duplicate_threshold)
        self._taken_of: Counter[str] = Counter()  # by package; the held-out ones are not limited
        share = config.max_package_share
        self._most_of_one = share * expected_bytes if share < 1.0 else math.inf
        self._tests = 0  # bytes, likewise
        share = config.max_test_share
        self._most_tests = share * expected_bytes if share < 1.0 else math.inf

    def refuses(self, candidate: Candidate, verdict: judging.Examined) -> str:
        """Why a sound file is left out; "" where it is not."""
        if verdict.text_sha256 in self._seen:
            return "exact duplicate"
        if self._taken_of[candidate.package.name] + verdict.text_bytes > self._most_of_one:
            return BEYOND_SHARE
        is_held_out = candidate.package.name in self._held_out
        if (
            not is_held_out
            and is_test_path(candidate.name)
            and self._tests + verdict.text_bytes > self._most_tests
        ):
            return BEYOND_TEST_SHARE
        if verdict.signature is not None and self._near_duplicates.find_or_add(verdict.signature):
            return "near duplicate"
        return ""

    def add(self, candidate: Candidate, verdict: judging.Examined) -> None:
        self._seen.add(verdict.text_sha256)
        self.taken += verdict.text_bytes
        if candidate.package.name not in self._held_out:
            self._taken_of[candidate.package.name] += verdict.text_bytes
            self._tests += verdict.text_bytes * is_test_path(candidate.name)
        self.files.append(
            SourceFile(
                candidate,
                verdict.sha256,
                verdict.text_sha256,
                verdict.text_bytes,
                verdict.overlaps_benchmark,
                verdict.matches,
                verdict.clean_bytes,
                verdict.census,
            )
        )
