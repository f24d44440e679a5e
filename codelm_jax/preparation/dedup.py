"""Finds near-duplicate files: MinHash signatures in a locality-sensitive index, then compared entry by entry."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from codelm_jax.preparation.fingerprints import SIGNATURE_SIZE

_RECALL_AT_THRESHOLD = 0.995


@dataclass(frozen=True)
class _Sketch:
    """The part of datasketch's MinHash that its index reads; our signatures come from a faster hash."""

    hashvalues: np.ndarray

    def __len__(self) -> int:
        return len(self.hashvalues)


class NearDuplicates:
    """The signatures of the files kept so far.

    The index misses at most 0.5 % of pairs at the threshold. Pairs that it proposes are compared on all 128 entries: they
    count as duplicates if the estimated Jaccard similarity (standard error 0.04) reaches the threshold.
    """

    def __init__(self, threshold: float):
        # Imported here because it imports scipy: half a second that commands on prepared data do not need.
        from datasketch import MinHashLSH

        self._threshold = threshold
        # Any: its annotations ask for datasketch's own MinHash, of which it reads only what `_Sketch` has.
        self._index: Any = MinHashLSH(threshold=threshold, num_perm=SIGNATURE_SIZE, params=_bands(threshold))
        self._signatures: list[np.ndarray] = []

    def find_or_add(self, signature: np.ndarray) -> bool:
        """Returns True if a kept file is a near duplicate; otherwise keeps this one and returns False."""
        sketch = _Sketch(signature)
        for number in self._index.query(sketch):
            if similarity(self._signatures[number], signature) >= self._threshold:
                return True
        self._index.insert(len(self._signatures), sketch)
        self._signatures.append(signature)
        return False


def similarity(a: np.ndarray, b: np.ndarray) -> float:
    """Estimates the Jaccard similarity of two files from their signatures."""
    return float(np.mean(a == b))


def _bands(threshold: float) -> tuple[int, int]:
    """Bands and rows a band, with as many rows as the recall allows: fewer rows propose more pairs to compare."""
    best = (SIGNATURE_SIZE, 1)
    for rows in range(1, SIGNATURE_SIZE // 2 + 1):  # datasketch wants two bands or more
        bands = SIGNATURE_SIZE // rows
        if 1 - (1 - threshold**rows) ** bands < _RECALL_AT_THRESHOLD:
            break
        best = (bands, rows)
    return best
