"""Documents that may become part of the corpus, and the order in which they are taken."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from codelm_jax.data.licences import UNKNOWN


@dataclass(frozen=True)
class Package:
    """What is held out, licensed and counted as one."""

    name: str
    version: str = ""
    licence: str = UNKNOWN


@dataclass(frozen=True)
class Candidate:
    """A document on disk that may become part of the corpus.

    Attributes:
        path: the file that holds it.
        package: its package.
        name: its path below its package's root.
        size: in bytes.
        mtime_ns: of the file.
        offset: where it begins, in a file of many UTF-8 documents; None where it is the whole file.
    """

    path: str
    package: Package
    name: str
    size: int
    mtime_ns: int
    offset: int | None = None

    @property
    def key(self) -> str:
        """Identifies the document wherever the packages are installed."""
        return f"{self.package.name}/{self.name}"


@dataclass(frozen=True)
class Found:
    """All candidates, in an order that depends only on their keys and the seed.

    Attributes:
        candidates: in the order in which they are taken.
        skipped: how many files were passed over, by reason.
        held_out: packages that only test; where it is empty, packages are dealt to `test` by hash.
    """

    candidates: tuple[Candidate, ...]
    skipped: Counter[str]
    held_out: frozenset[str] = frozenset()


def unit_hash(seed: int, text: str) -> int:
    """A 64-bit number that orders `text`: the same on every machine, whatever else is there."""
    digest = hashlib.sha256(f"{seed}/{text}".encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big")


def in_hash_order(candidates: Iterable[Candidate], seed: int) -> tuple[Candidate, ...]:
    """Sorts `candidates` by the hash of seed and key."""
    return tuple(sorted(candidates, key=lambda c: unit_hash(seed, c.key)))
