"""Mixtures of prepared sets: which set each window of a run comes from.

`config.data.mixture` is a table of rows (first step, set, weight). From a step on, the rows of that step hold:

    ((0, "corpus", 1.0), (12_600, "corpus", 0.5), (12_600, "exercises", 0.5))

The choice is a function of (seed, window number), so a run resumes on the windows that it would have seen.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from codelm_jax.data.hashing import keyed_hash
from codelm_jax.errors import UserError, did_you_mean

MixtureRow = tuple[int, str, float]

# Every so many windows hold each set in exact proportion to its weight, in shuffled order.
_BLOCK = 1024
_STREAM = 1 << 40  # of the keyed hash; epochs are the other streams


@dataclass(frozen=True)
class _Stage:
    first_window: int
    quota: np.ndarray  # int64 [sets], windows of a block; they add up to _BLOCK


class Mixture:
    """Deals the windows of a run to sets."""

    def __init__(self, rows: Sequence[MixtureRow], names: Sequence[str], *, batch_size: int, seed: int):
        """Reads the table.

        Args:
            rows: of `config.data.mixture`; empty: everything from the first set.
            names: of the sets.
            batch_size: windows a step.
            seed: of the order within a block.

        Raises:
            UserError: a row names an unknown set, is out of order, or a step's weights are not positive.
        """
        self._seed = seed
        self._stages = [
            _Stage(step * batch_size, _quota(weights, names)) for step, weights in _by_step(rows, names)
        ]
        self._counts_before = self._count_stages()

    def deal(self, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The set of each window and its number within the set.

        Args:
            numbers: of windows in the run, int64 `[n]`.

        Returns:
            `(sets, places)`, int64 `[n]`.
        """
        sets, places = np.empty_like(numbers), np.empty_like(numbers)
        for index, stage in enumerate(self._stages):
            chosen = numbers >= stage.first_window
            if index + 1 < len(self._stages):
                chosen &= numbers < self._stages[index + 1].first_window
            if chosen.any():
                sets[chosen], places[chosen] = self._deal_in_stage(
                    index, numbers[chosen] - stage.first_window
                )
        return sets, places

    def counts(self, windows: int) -> np.ndarray:
        """How many of a run's first `windows` windows come from each set: int64 `[sets]`."""
        index = max(i for i, stage in enumerate(self._stages) if stage.first_window <= windows)
        return self._counts_before[index] + self._counts_in_stage(
            index, windows - self._stages[index].first_window
        )

    def _deal_in_stage(self, index: int, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        blocks, within = np.divmod(numbers, _BLOCK)
        sets, places = np.empty_like(numbers), np.empty_like(numbers)
        for block in np.unique(blocks):
            chosen = blocks == block
            order, ranks = self._block(index, int(block))
            sets[chosen] = order[within[chosen]]
            before = self._counts_before[index] + block * self._stages[index].quota
            places[chosen] = before[sets[chosen]] + ranks[within[chosen]]
        return sets, places

    def _counts_in_stage(self, index: int, windows: int) -> np.ndarray:
        quota = self._stages[index].quota
        block, within = divmod(windows, _BLOCK)
        order, _ = self._block(index, block)
        return block * quota + np.bincount(order[:within], minlength=len(quota))

    def _block(self, index: int, block: int) -> tuple[np.ndarray, np.ndarray]:
        """A block's sets in order and each window's rank among those of its set."""
        quota = self._stages[index].quota
        sets = np.repeat(np.arange(len(quota)), quota)
        first = self._stages[index].first_window + block * _BLOCK
        keys = keyed_hash(self._seed, _STREAM, np.arange(first, first + _BLOCK, dtype=np.uint64))
        order = sets[np.argsort(keys, kind="stable")]
        ranks = np.empty_like(order)
        for number, size in enumerate(quota):
            ranks[order == number] = np.arange(size)
        return order, ranks

    def _count_stages(self) -> list[np.ndarray]:
        self._counts_before = [np.zeros_like(self._stages[0].quota)]
        for index, stage in enumerate(self._stages[1:]):
            windows = stage.first_window - self._stages[index].first_window
            self._counts_before.append(self._counts_before[-1] + self._counts_in_stage(index, windows))
        return self._counts_before


def _by_step(rows: Sequence[MixtureRow], names: Sequence[str]) -> list[tuple[int, Mapping[str, float]]]:
    if not rows:
        return [(0, {names[0]: 1.0})]
    stages: dict[int, dict[str, float]] = {}
    for step, name, weight in rows:
        if name not in names:
            raise UserError(
                f"config.data.mixture: no set is called {name!r}{did_you_mean(name, list(names))}"
            )
        if not (math.isfinite(weight) and weight > 0):
            raise UserError(f"config.data.mixture: the weight of {name!r} from step {step} must be positive")
        if name in stages.setdefault(step, {}):
            raise UserError(f"config.data.mixture: two weights of {name!r} from step {step}; keep one")
        stages[step][name] = weight
    steps = list(stages)
    if steps[0] != 0 or steps != sorted(steps):
        raise UserError(f"config.data.mixture: steps must begin at 0 and rise, not {steps}")
    return list(stages.items())


def _quota(weights: Mapping[str, float], names: Sequence[str]) -> np.ndarray:
    """Windows of each set in a block: the largest remainders are rounded up."""
    shares = np.array([weights.get(name, 0.0) for name in names])
    exact = shares / shares.sum() * _BLOCK
    quota = np.floor(exact).astype(np.int64)
    for place in np.argsort(quota - exact, kind="stable")[: _BLOCK - quota.sum()]:
        quota[place] += 1
    return quota
