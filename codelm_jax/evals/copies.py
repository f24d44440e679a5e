"""The longest run of a sample's tokens that also occurs in the training tokens, and where.

Hashed n-grams instead of a suffix array, which would need gigabytes. One pass over the corpus in chunks: the places
whose 4-gram occurs in some sample are checked again for n = 5, 6, ..., each time only those that still match. A
hash is `sum(token[j] * base^j)` modulo 2^64, so that the next n costs one multiplication a place. Over 30 M places
and 100,000 n-grams a false match has a chance below one in a million.
"""

from collections.abc import Sequence

import numpy as np

_BASE = 0x9E3779B97F4A7C15
_SHORTEST = 4
_CHUNK = 1 << 20
_TABLE_BITS = 22
_WORTH_A_TABLE = 1 << 18
_TABLE_SHIFT = np.uint64(64 - _TABLE_BITS)


def longest_runs(samples: Sequence[Sequence[int]], corpus_ids: np.ndarray) -> list[tuple[int, int, int]]:
    """For each sample (length of its longest run in the corpus, the run's start in it, its first place in the corpus).

    Runs of fewer than four tokens are everywhere and count as none: (0, 0, 0).
    """
    grams = _SampleGrams(samples)
    for begin in range(0, len(corpus_ids), _CHUNK):
        # The overlap lets a run that begins in this chunk end in the next.
        chunk = np.asarray(corpus_ids[begin : begin + _CHUNK + grams.longest]).astype(np.uint64)
        places = np.arange(min(_CHUNK, len(corpus_ids) - begin))
        hashes = np.zeros(len(places), np.uint64)
        for n in range(1, grams.longest + 1):
            inside = places + n <= len(chunk)
            if not inside.all():
                places, hashes = places[inside], hashes[inside]
            hashes = hashes + chunk[places + n - 1] * _power(n - 1)
            if n < _SHORTEST:
                continue
            hits = grams.mark(n, hashes, places + begin)
            places, hashes = places[hits], hashes[hits]
            if not places.size:
                break
    return grams.longest_seen()


class _SampleGrams:
    """The n-grams of all samples, for the n that are asked for, and where in the corpus each was first seen."""

    def __init__(self, samples: Sequence[Sequence[int]]):
        lengths = np.array([len(ids) for ids in samples], np.int64)
        self.longest = int(lengths.max(initial=0))
        self._tokens = np.array([token for ids in samples for token in ids], np.uint64)
        self._owners = np.repeat(np.arange(len(samples)), lengths)
        self._starts = np.cumsum(lengths) - lengths
        # Tokens from each position to the end of its sample.
        self._room = (self._starts + lengths)[self._owners] - np.arange(len(self._tokens))
        self._hashes = np.zeros(len(self._tokens), np.uint64)
        self._levels: list[_Level] = []

    def mark(self, n: int, hashes: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Notes the n-grams found at `places` of the corpus; returns which of the places hold one, as indices."""
        while len(self._levels) < n:
            self._add_level()
        return self._levels[n - 1].mark(hashes, places)

    def longest_seen(self) -> list[tuple[int, int, int]]:
        """(n, start in the sample, place in the corpus) of each sample's longest n-gram seen."""
        best = [(0, 0, 0)] * len(self._starts)
        for n, level in enumerate(self._levels, start=1):
            seen = level.places[level.gram_of_position] >= 0
            # Backwards, so that the first of several in a sample is kept.
            for position, gram in zip(
                level.positions[seen][::-1], level.gram_of_position[seen][::-1], strict=True
            ):
                owner = self._owners[position]
                best[owner] = (n, int(position - self._starts[owner]), int(level.places[gram]))
        return best

    def _add_level(self) -> None:
        n = len(self._levels) + 1
        positions = np.flatnonzero(self._room >= n)
        self._hashes[positions] += self._tokens[positions + n - 1] * _power(n - 1)
        self._levels.append(
            _Level(positions, self._hashes[positions] if n >= _SHORTEST else np.zeros(0, np.uint64))
        )


class _Level:
    """The samples' n-grams for one n."""

    def __init__(self, positions: np.ndarray, hashes: np.ndarray):
        self._grams, self.gram_of_position = np.unique(hashes, return_inverse=True)
        self.positions = positions[: len(hashes)]
        self.places = np.full(len(self._grams), -1, np.int64)
        self._table: np.ndarray | None = None

    def mark(self, hashes: np.ndarray, places: np.ndarray) -> np.ndarray:
        likely = self._likely(hashes)
        gram = np.minimum(np.searchsorted(self._grams, hashes[likely]), len(self._grams) - 1)
        equal = self._grams[gram] == hashes[likely]
        hits, gram = likely[equal], gram[equal]
        found, first = np.unique(gram, return_index=True)
        new = self.places[found] < 0
        self.places[found[new]] = places[hits[first[new]]]
        return hits

    def _likely(self, hashes: np.ndarray) -> np.ndarray:
        """Indices of the hashes worth looking up: one look at a table of their high bits dismisses most."""
        if len(hashes) < _WORTH_A_TABLE:
            return np.arange(len(hashes))
        if self._table is None:
            self._table = np.zeros(1 << _TABLE_BITS, bool)
            self._table[self._grams >> _TABLE_SHIFT] = True
        return np.flatnonzero(self._table[hashes >> _TABLE_SHIFT])


def _power(exponent: int) -> np.uint64:
    return np.uint64(pow(_BASE, exponent, 1 << 64))
