"""Batches of token windows: grain gives the order, the prefetching and the place to resume from.

A record of the source is a whole batch, because grain's cost is per record. Window numbers run on from batch to batch and
from epoch to epoch, so that a batch may straddle two epochs and no window is dropped.
"""

from collections.abc import Iterator
from pathlib import Path

import grain
import numpy as np

from codelm_jax.data.mixture import Phase, Schedule, TokenMixture
from codelm_jax.data.tokens import TokenFile
from codelm_jax.data.windows import DocumentWindows, StreamWindows
from codelm_jax.errors import UserError

_ENDLESS = 1 << 40  # batches; grain wants a length
_PREFETCHED = 4  # batches made ahead by one thread
_WINDOWS = {"stream": StreamWindows, "documents": DocumentWindows}


def train_batches(
    tokens: TokenFile | TokenMixture,
    *,
    batch_size: int,
    seq_length: int,
    seed: int,
    start_index: int = 0,
    process_index: int = 0,
    process_count: int = 1,
) -> grain.DatasetIterator:
    """Endless training batches, the same for the same arguments at every index.

    Each epoch of a set visits its windows in a fresh order. Element `w` is uint16
    [batch_size / process_count, seq_length + 1]: inputs `w[:, :-1]`, targets `w[:, 1:]`. `get_state()` is
    `{"next_index": n}`: n batches were taken.

    Raises:
        UserError: too few tokens for one window, or for one batch of different windows; or `process_count` does not
            divide `batch_size`.
    """
    if batch_size % process_count:
        raise UserError(
            f"config.batch_size = {batch_size}: does not divide over {process_count} processes; make it a multiple"
        )
    mixture = _as_mixture(tokens)
    source = _MixedBatches(mixture, batch_size, seq_length, seed, process_index, process_count)
    options = grain.ReadOptions(num_threads=1, prefetch_buffer_size=_PREFETCHED)
    iterator = iter(grain.MapDataset.source(source).to_iter_dataset(options))
    if start_index:
        iterator.set_state({"next_index": start_index})
    return iterator


def epochs(
    tokens: TokenFile | TokenMixture, *, steps: int, batch_size: int, seq_length: int
) -> dict[Path, float]:
    """How often the first `steps` batches visit each set, by the path of its token file."""
    mixture = _as_mixture(tokens)
    taken = Schedule(mixture.phases, batch_size).taken(steps)
    per_epoch = [_WINDOWS[mixture.windows](each, seq_length, 0).per_epoch for each in mixture.sets]
    return {
        each.path: float(count) / windows
        for each, count, windows in zip(mixture.sets, taken, per_epoch, strict=True)
    }


def eval_batches(
    tokens: TokenFile, *, batch_size: int, seq_length: int, max_tokens: int | None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields every target once, in order: (windows uint16 [B, T + 1], mask bool [B, T] over targets).

    The last window is filled up with `<|endoftext|>` and the last batch with empty rows, both masked, so that all
    batches have one shape. The file's first token is no target: nothing predicts it.

    Args:
        tokens: the held-out tokens.
        batch_size: B, windows a batch.
        seq_length: T, targets a window.
        max_tokens: only the first so many targets; None for all.

    Raises:
        UserError: there is not a single target.
    """
    available = len(tokens.ids) - 1
    targets = available if max_tokens is None else min(available, max_tokens)
    if targets < 1:
        raise UserError(f"{tokens.path}: no tokens to evaluate on; add data")
    return _masked_windows(tokens, batch_size, seq_length, targets)


def _masked_windows(
    tokens: TokenFile, batch_size: int, seq_length: int, targets: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    stride = batch_size * seq_length
    for start in range(0, targets, stride):
        taken = min(stride, targets - start)
        flat = np.full(stride + 1, tokens.header.endoftext_id, np.uint16)
        flat[: taken + 1] = tokens.ids[start : start + taken + 1]
        rows = np.arange(batch_size)[:, None] * seq_length + np.arange(seq_length + 1)[None, :]
        mask = np.arange(stride) < taken
        yield flat[rows], mask.reshape(batch_size, seq_length)


def _as_mixture(tokens: TokenFile | TokenMixture) -> TokenMixture:
    return tokens if isinstance(tokens, TokenMixture) else TokenMixture((tokens,), (Phase(0, (1,)),))


class _MixedBatches:
    """A random-access source for grain: item `i` is this process's rows of batch `i`."""

    def __init__(
        self,
        mixture: TokenMixture,
        batch_size: int,
        seq_length: int,
        seed: int,
        process_index: int,
        process_count: int,
    ):
        self._windows = [_WINDOWS[mixture.windows](tokens, seq_length, seed) for tokens in mixture.sets]
        self._schedule = Schedule(mixture.phases, batch_size)
        rows = batch_size // process_count
        self._rows = np.arange(process_index * rows, (process_index + 1) * rows, dtype=np.int64)
        self._shape = (rows, seq_length + 1)
        for phase in mixture.phases:
            for tokens, windows, weight in zip(mixture.sets, self._windows, phase.weights, strict=True):
                if batch_size * weight > windows.per_epoch * sum(phase.weights):
                    raise UserError(
                        f"config.batch_size = {batch_size}: {tokens.path} has only {windows.per_epoch} windows of"
                        f" {seq_length} tokens; lower config.batch_size or add data"
                    )

    def __len__(self) -> int:
        return _ENDLESS

    def __getitem__(self, index: int) -> np.ndarray:
        sets, numbers = self._schedule.locate(index, self._rows)
        batch = np.empty(self._shape, np.uint16)
        for number, windows in enumerate(self._windows):
            chosen = sets == number
            if chosen.any():
                batch[chosen] = windows.take(numbers[chosen])
        return batch
