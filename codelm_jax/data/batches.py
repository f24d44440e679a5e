"""Batches of token windows: grain gives the order, the prefetching and the place to resume from.

A record of the source is a whole batch, because grain's cost is per record. Batch `i` holds the windows numbered
`i * batch_size` to `(i + 1) * batch_size - 1`; `divmod` by the windows of an epoch gives a window's epoch and place,
so that a batch may straddle two epochs and no window is dropped.
"""

from collections.abc import Iterator

import grain
import numpy as np

from codelm_jax.data.tokens import TokenFile
from codelm_jax.errors import UserError

_ENDLESS = 1 << 40  # batches; grain wants a length
_PREFETCHED = 4  # batches made ahead by one thread


def train_batches(
    tokens: TokenFile,
    *,
    batch_size: int,
    seq_length: int,
    seed: int,
    start_index: int = 0,
    process_index: int = 0,
    process_count: int = 1,
) -> grain.DatasetIterator:
    """Endless training batches, the same for the same (tokens, batch_size, seq_length, seed) at every index.

    Each epoch cuts the tokens, taken as a ring, into `count // seq_length` windows from a fresh offset and visits
    them in a fresh order. Element `w` is uint16 [batch_size / process_count, seq_length + 1]: inputs `w[:, :-1]`,
    targets `w[:, 1:]`. `get_state()` is `{"next_index": n}`: n batches were taken.

    Raises:
        UserError: too few tokens for one window, or for one batch of different windows; or `process_count` does not
            divide `batch_size`.
    """
    if batch_size % process_count:
        raise UserError(
            f"config.batch_size = {batch_size}: does not divide over {process_count} processes; make it a multiple"
        )
    source = _WindowBatches(tokens.ids, batch_size, seq_length, seed, process_index, process_count)
    if source.windows_per_epoch < 1 or len(tokens.ids) <= seq_length:
        raise UserError(
            f"config.model.max_seq_length = {seq_length}: the {len(tokens.ids)} tokens of {tokens.path} are less than one"
            f" window of max_seq_length + 1 = {seq_length + 1}; lower it or add data"
        )
    if batch_size > source.windows_per_epoch:
        raise UserError(
            f"config.batch_size = {batch_size}: {tokens.path} has only {source.windows_per_epoch} windows of {seq_length}"
            " tokens; lower config.batch_size or add data"
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


class _WindowBatches:
    """A random-access source for grain: item `i` is this process's rows of batch `i`."""

    def __init__(
        self,
        ids: np.ndarray,
        batch_size: int,
        seq_length: int,
        seed: int,
        process_index: int,
        process_count: int,
    ):
        self._ids = np.asarray(ids)
        self._batch_size = batch_size
        self._columns = np.arange(seq_length + 1, dtype=np.int64)
        self._seed = seed
        rows = batch_size // process_count
        self._rows = np.arange(process_index * rows, (process_index + 1) * rows, dtype=np.int64)
        self._seq_length = seq_length
        self.windows_per_epoch = len(ids) // seq_length
        self._starts_of_epoch: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return _ENDLESS

    def __getitem__(self, index: int) -> np.ndarray:
        epochs, places = np.divmod(index * self._batch_size + self._rows, self.windows_per_epoch)
        starts = np.empty_like(places)
        for epoch in np.unique(epochs):
            chosen = epochs == epoch
            starts[chosen] = self._starts(int(epoch))[places[chosen]]
        # A window may run over the end of the ring; `take` wraps at a third of what an explicit modulo costs.
        return self._ids.take(starts[:, None] + self._columns[None, :], mode="wrap")

    def _starts(self, epoch: int) -> np.ndarray:
        """First tokens of the epoch's windows in the order of visit: int64 [windows_per_epoch]."""
        known = self._starts_of_epoch.get(epoch)
        if known is None:
            # Our own arithmetic rather than numpy's generators, whose streams may change between versions: a run
            # must resume on the windows it would have seen.
            keys = _hash(self._seed, epoch, np.arange(self.windows_per_epoch + 1, dtype=np.uint64))
            offset = int(keys[-1] % np.uint64(len(self._ids)))
            order = np.argsort(keys[:-1], kind="stable")
            known = (order * self._seq_length + offset) % len(self._ids)
            self._starts_of_epoch = {
                number: s for number, s in self._starts_of_epoch.items() if number == epoch - 1
            }
            self._starts_of_epoch[epoch] = known
        return known


def _hash(seed: int, epoch: int, numbers: np.ndarray) -> np.ndarray:
    """A keyed splitmix64: uint64, independent between seeds and epochs."""
    key = _splitmix(np.array([seed % (1 << 64)], np.uint64))
    key = _splitmix(key + np.uint64(epoch))
    return _splitmix(_splitmix(numbers + key))


def _splitmix(values: np.ndarray) -> np.ndarray:
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
