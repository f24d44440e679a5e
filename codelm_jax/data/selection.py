"""Which files make the corpus: allowed licence, sound, no copy of another, and no more than the cap."""

import hashlib
import math
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from codelm_jax.data import corpus, corpus_pool, licences
from codelm_jax.data.config import DataConfig
from codelm_jax.data.dedup import NearDuplicates
from codelm_jax.data.progress import Advance, Report
from codelm_jax.data.sources import Candidate, Found
from codelm_jax.errors import UserError

BEYOND_CAP = "beyond max_bytes"
BEYOND_SHARE = "beyond max_package_share"


@dataclass(frozen=True)
class SourceFile:
    """A file of the corpus. `sha256` is of the file on disk, `text_sha256` and `text_bytes` of its decoded text."""

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


def select(found: Found, config: DataConfig, rules: corpus.Rules, report: Report) -> Selection:
    """Goes through the candidates in their order until `max_bytes` are taken.

    Of several copies the first in that order stays, so a smaller cap takes a subset of what a larger one takes.
    """
    skipped = Counter(found.skipped)
    allowed = [c for c in found.candidates if not config.licenses or _is_allowed(c, config.licenses)]
    if len(allowed) < len(found.candidates):
        skipped["licence not allowed"] += len(found.candidates) - len(allowed)
    files: list[SourceFile] = []
    sha256_of_path: dict[str, str] = {}
    seen: set[str] = set()
    near_duplicates = NearDuplicates(config.near_duplicate_threshold)
    taken = judged = 0
    expected = max(1, min(config.max_bytes, sum(c.size for c in allowed)))
    taken_of: Counter[str] = Counter()  # by package; the held-out ones are not limited
    share = config.max_package_share
    most_of_one = share * expected if share < 1.0 else math.inf
    verdicts = corpus_pool.examine_files([c.path for c in allowed], rules, processes=os.cpu_count() or 1)
    try:
        for candidate, verdict in zip(allowed, verdicts, strict=True):
            if verdict.sha256:
                sha256_of_path[candidate.path] = verdict.sha256
            name = candidate.package.name
            reason = verdict.reason
            if not reason and verdict.text_sha256 in seen:
                reason = "exact duplicate"
            elif not reason and taken_of[name] + verdict.text_bytes > most_of_one:
                reason = BEYOND_SHARE
            elif (
                not reason
                and verdict.signature is not None
                and near_duplicates.find_or_add(verdict.signature)
            ):
                reason = "near duplicate"
            if reason:
                skipped[reason] += 1
                judged += 1
                continue
            if taken + verdict.text_bytes > config.max_bytes:
                break
            seen.add(verdict.text_sha256)
            taken += verdict.text_bytes
            if name not in found.held_out:
                taken_of[name] += verdict.text_bytes
            judged += 1
            files.append(_taken(candidate, verdict))
            report(Advance("reading sources", min(taken, expected), expected))
    finally:
        verdicts.close()
    if judged < len(allowed):
        skipped[BEYOND_CAP] += len(allowed) - judged
    report(Advance("reading sources", expected, expected))
    return Selection(tuple(files), skipped, sha256_of_path)


def read_texts(files: list[SourceFile]) -> Iterator[str]:
    """Reads the files' texts again, rather than holding a whole corpus in memory.

    Raises:
        UserError: one of them changed since it was selected.
    """
    for file in files:
        path = file.candidate.path
        try:
            data = corpus.read_regular_file(path, max(1, file.candidate.size))
            unchanged = hashlib.sha256(data).hexdigest() == file.sha256
        except corpus.Rejected:
            unchanged, data = False, b""
        if not unchanged:
            raise UserError(f"{path}: changed while the corpus was prepared; prepare again")
        yield corpus.decode_source(data)


def _taken(candidate: Candidate, verdict: corpus.Examined) -> SourceFile:
    return SourceFile(
        candidate, verdict.sha256, verdict.text_sha256, verdict.text_bytes, verdict.overlaps_benchmark
    )


def _is_allowed(candidate: Candidate, allowed: tuple[str, ...]) -> bool:
    return licences.is_allowed(candidate.package.licence, allowed)
