"""Writes documents that come from no file of their own to one scratch file, from where they are read like files."""

import hashlib
from collections import Counter
from pathlib import Path

from codelm_jax.data.progress import Reporter
from codelm_jax.preparation.candidate import Candidate, Found, unit_hash
from codelm_jax.preparation.config import DataConfig
from codelm_jax.preparation.source import DocumentSource


def spooled(source: DocumentSource, config: DataConfig, scratch: Path, report: Reporter) -> Found:
    """Writes all documents of `source` to `scratch`, one after another, and lists them in hash order.

    Where two documents have the same package and path, their contents decide which comes first, so that the order in
    which the source yields them never matters.
    """
    skipped: Counter[str] = Counter()
    placed: list[tuple[int, bytes, Candidate]] = []
    with open(scratch, "wb") as file:
        for document in source.documents(config.decontaminate, skipped, report):
            try:
                data = document.text.encode()
            except UnicodeEncodeError:
                skipped["half of a surrogate pair"] += 1
                continue
            candidate = Candidate(
                str(scratch), document.package, document.path, len(data), mtime_ns=0, offset=file.tell()
            )
            order = unit_hash(config.split_seed, candidate.key), hashlib.sha256(data).digest()
            placed.append((*order, candidate))
            file.write(data)
    placed.sort(key=lambda entry: entry[:2])
    return Found(tuple(candidate for *_, candidate in placed), skipped)
