"""Chooses the files of the corpus: licensed, sound, no copies, within the caps."""

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
from codelm_jax.preparation.config import DataConfig
from codelm_jax.preparation.dedup import NearDuplicates
from codelm_jax.preparation.judging_pool import examine_files

BEYOND_CAP = "beyond max_bytes"
BEYOND_SHARE = "beyond max_package_share"
UNLICENSED = "licence not allowed"


@dataclass(frozen=True)
class SourceFile:
    """A file of the corpus. `sha256` is of the bytes on disk, `text_sha256` and `text_bytes` of its decoded text."""

    candidate: Candidate
    sha256: str
    text_sha256: str
    text_bytes: int
    overlaps_benchmark: bool


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
        yield judging.decode_candidate(file.candidate, data)


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

    def refuses(self, candidate: Candidate, verdict: judging.Examined) -> str:
        """Why a sound file is left out; "" where it is not."""
        if verdict.text_sha256 in self._seen:
            return "exact duplicate"
        if self._taken_of[candidate.package.name] + verdict.text_bytes > self._most_of_one:
            return BEYOND_SHARE
        if verdict.signature is not None and self._near_duplicates.find_or_add(verdict.signature):
            return "near duplicate"
        return ""

    def add(self, candidate: Candidate, verdict: judging.Examined) -> None:
        self._seen.add(verdict.text_sha256)
        self.taken += verdict.text_bytes
        if candidate.package.name not in self._held_out:
            self._taken_of[candidate.package.name] += verdict.text_bytes
        self.files.append(
            SourceFile(
                candidate,
                verdict.sha256,
                verdict.text_sha256,
                verdict.text_bytes,
                verdict.overlaps_benchmark,
            )
        )
