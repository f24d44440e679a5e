"""Batches of token windows: grain gives the order, the prefetching and the place to resume from.

A record of the source is a whole batch, because grain's cost is per record. Batch `i` holds the run's windows numbered
`i * batch_size` to `(i + 1) * batch_size - 1`, so that a batch may straddle two epochs and no window is dropped.
"""

from collections.abc import Iterator, Sequence

import grain
import numpy as np

from codelm_jax.data.mixture import Mixture
from codelm_jax.data.tokens import TokenFile
from codelm_jax.data.training_sets import OWN, TrainingData, TrainingSet
from codelm_jax.data.windows import Windows, as_rows, cut_into_windows
from codelm_jax.errors import UserError

_ENDLESS = 1 << 40  # batches; grain wants a length
_PREFETCHED = 4  # batches made ahead by one thread


def train_batches(
    data: TokenFile | TrainingData,
    *,
    batch_size: int,
    seq_length: int,
    seed: int,
    start_index: int = 0,
    process_index: int = 0,
    process_count: int = 1,
) -> grain.DatasetIterator:
    """Endless training batches, the same for the same arguments at every index.

    Args:
        data: one token file, or the sets of a mixture.
        batch_size: windows of all processes.
        seq_length: T.
        seed: of the orders.
        start_index: batches to skip.
        process_index: of this process.
        process_count: over which a batch is split.

    Returns:
        An iterator of arrays `w`, `[batch_size / process_count, T + 1]`: inputs `w[:, :-1]`, targets `w[:, 1:]`. They are
        uint16; where a set cuts along documents they are int32, and a negative number `~id` is an input whose own
        prediction is not trained. `get_state()` is `{"next_index": n}`: n batches were taken.

    Raises:
        UserError: too few tokens for one window, or for one batch of different windows; `process_count` does not divide
            `batch_size`; or the mixture is at fault.
    """
    if isinstance(data, TokenFile):
        data = TrainingData((TrainingSet(OWN, data),))
    sets = data.sets
    if batch_size % process_count:
        raise UserError(
            f"config.batch_size = {batch_size}: does not divide over {process_count} processes; make it a multiple"
        )
    rows = batch_size // process_count
    source = _Batches(
        sets,
        [cut_into_windows(each.tokens, each.windows, seq_length=seq_length, seed=seed) for each in sets],
        Mixture(data.mixture, [each.name for each in sets], batch_size=batch_size, seed=seed),
        first_row=process_index * rows,
        rows=rows,
        batch_size=batch_size,
        width=seq_length + 1,
    )
    for each, windows in zip(sets, source.windows, strict=True):
        if batch_size > windows.per_epoch:
            raise UserError(
                f"config.batch_size = {batch_size}: {each.tokens.path} has only {windows.per_epoch} windows of"
                f" {seq_length} tokens; lower config.batch_size or add data"
            )
    options = grain.ReadOptions(num_threads=1, prefetch_buffer_size=_PREFETCHED)
    iterator = iter(grain.MapDataset.source(source).to_iter_dataset(options))
    if start_index:
        iterator.set_state({"next_index": start_index})
    return iterator


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


class _Batches:
    """A random-access source for grain: item `i` is this process's rows of batch `i`."""

    def __init__(
        self,
        sets: Sequence[TrainingSet],
        windows: Sequence[Windows],
        mixture: Mixture,
        *,
        first_row: int,
        rows: int,
        batch_size: int,
        width: int,
    ):
        self.windows = windows
        self._sets = sets
        self._mixture = mixture
        self._rows = np.arange(first_row, first_row + rows, dtype=np.int64)
        self._batch_size = batch_size
        self._width = width
        self._skips_targets = any(each.windows == "documents" for each in sets)

    def __len__(self) -> int:
        return _ENDLESS

    def __getitem__(self, index: int) -> np.ndarray:
        numbers = index * self._batch_size + self._rows
        if len(self._sets) == 1:
            return self._batch(self._taken(0, numbers, numbers))
        sets, places = self._mixture.deal(numbers)
        rows: list[np.ndarray] = [self._rows] * len(numbers)
        for number in range(len(self._sets)):
            chosen = np.flatnonzero(sets == number)
            for row, window in zip(chosen, self._taken(number, places[chosen], numbers[chosen]), strict=True):
                rows[row] = window
        return self._batch(rows)

    def _taken(
        self, number: int, places: np.ndarray, numbers: np.ndarray
    ) -> np.ndarray | Sequence[np.ndarray]:
        """Windows of one set: `places` number them within the set, `numbers` within the run."""
        windows = self.windows[number].take(places)
        infilling = self._sets[number].infilling
        if infilling is None:
            return windows
        return [
            infilling(window, int(n), room=self._width) for window, n in zip(windows, numbers, strict=True)
        ]

    def _batch(self, windows: np.ndarray | Sequence[np.ndarray]) -> np.ndarray:
        if self._skips_targets:
            return as_rows(windows, self._width, self._sets[0].tokens.header.endoftext_id)
        return np.asarray(windows)
