"""Cuts a token file into training windows, shuffled anew in every epoch, with random access to each of them.

The order comes from this module's own arithmetic rather than from numpy's generators, whose streams may change between
versions: a run must resume on the windows that it would have seen.
"""

import abc

import numpy as np

from codelm_jax.data.tokens import TokenFile
from codelm_jax.errors import UserError


class Windows(abc.ABC):
    """The windows of one token file: window `n` is number `n % per_epoch` of epoch `n // per_epoch`.

    Attributes:
        per_epoch: windows an epoch.
    """

    per_epoch: int

    def __init__(self, seed: int):
        self._seed = seed
        self._known: dict[int, tuple[np.ndarray, int]] = {}

    def take(self, numbers: np.ndarray) -> np.ndarray:
        """Windows by number, int64 [N]: uint16 [N, T + 1]; inputs `w[:, :-1]`, targets `w[:, 1:]`."""
        epochs, places = np.divmod(numbers, self.per_epoch)
        indices, draws = np.empty_like(places), np.empty_like(places)
        for epoch in np.unique(epochs):
            chosen = epochs == epoch
            order, draw = self._epoch(int(epoch))
            indices[chosen], draws[chosen] = order[places[chosen]], draw
        return self._windows(indices, draws)

    @abc.abstractmethod
    def _windows(self, indices: np.ndarray, draws: np.ndarray) -> np.ndarray:
        """The windows `indices`, each of an epoch that drew the number in `draws`."""

    @property
    @abc.abstractmethod
    def _draw_below(self) -> int:
        """Each epoch draws a number below this."""

    def _epoch(self, epoch: int) -> tuple[np.ndarray, int]:
        """The order in which an epoch visits its windows, int64 [per_epoch], and the number that it drew."""
        known = self._known.get(epoch)
        if known is None:
            keys = _hash(self._seed, epoch, np.arange(self.per_epoch + 1, dtype=np.uint64))
            known = np.argsort(keys[:-1], kind="stable"), int(keys[-1] % np.uint64(self._draw_below))
            self._known = {number: entry for number, entry in self._known.items() if number == epoch - 1}
            self._known[epoch] = known
        return known


class StreamWindows(Windows):
    """Each epoch cuts the tokens, taken as a ring, into `count // T` windows from a fresh offset.

    Args:
        tokens: the file.
        seq_length: T, targets a window.
        seed: of order and offsets.

    Raises:
        UserError: there are too few tokens for one window.
    """

    def __init__(self, tokens: TokenFile, seq_length: int, seed: int):
        super().__init__(seed)
        count = len(tokens.ids)
        if count <= seq_length:
            raise UserError(
                f"config.model.max_seq_length = {seq_length}: the {count} tokens of {tokens.path} are less than one"
                f" window of max_seq_length + 1 = {seq_length + 1}; lower it or add data"
            )
        self.per_epoch = count // seq_length
        self._ids = np.asarray(tokens.ids)
        self._seq_length = seq_length
        self._columns = np.arange(seq_length + 1, dtype=np.int64)

    @property
    def _draw_below(self) -> int:
        return len(self._ids)

    def _windows(self, indices: np.ndarray, draws: np.ndarray) -> np.ndarray:
        starts = (indices * self._seq_length + draws) % len(self._ids)
        # A window may run over the end of the ring; `take` wraps at a third of what an explicit modulo costs.
        return self._ids.take(starts[:, None] + self._columns[None, :], mode="wrap")


class DocumentWindows(Windows):
    """Whole documents packed into windows; only a document longer than a window is cut.

    Best fit, longest documents first; what stays free at the end of a window is filled with `<|endoftext|>`. A document
    that is cut goes on in the next window, whose first input is the last target of the one before. The same documents
    share a window in every epoch.

    Args:
        tokens: the file.
        seq_length: T, targets a window.
        seed: of the order.
    """

    def __init__(self, tokens: TokenFile, seq_length: int, seed: int):
        super().__init__(seed)
        self._ids = np.asarray(tokens.ids)
        self._endoftext_id = tokens.header.endoftext_id
        self._size = seq_length + 1
        pieces = _pieces(self._ids, self._endoftext_id, seq_length)
        self._packed = _pack(pieces, self._size)
        self.per_epoch = len(self._packed)

    @property
    def _draw_below(self) -> int:
        return 1

    def _windows(self, indices: np.ndarray, draws: np.ndarray) -> np.ndarray:
        windows = np.full((len(indices), self._size), self._endoftext_id, np.uint16)
        for window, index in zip(windows, indices, strict=True):
            filled = 0
            for start, length in self._packed[index]:
                window[filled : filled + length] = self._ids[start : start + length]
                filled += length
        return windows


def _pieces(ids: np.ndarray, endoftext_id: int, seq_length: int) -> list[tuple[int, int]]:
    """(start, length) of each document with the `<|endoftext|>` before it, or of the parts of a long one."""
    starts = np.flatnonzero(ids == endoftext_id)
    pieces = []
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(ids)], strict=True):
        # A part of one token, after the first, would hold no target.
        for first in range(start, max(start + 1, end - 1), seq_length):
            pieces.append((first, min(seq_length + 1, end - first)))
    return pieces


def _pack(pieces: list[tuple[int, int]], size: int) -> list[list[tuple[int, int]]]:
    windows: list[list[tuple[int, int]]] = []
    with_room: list[list[int]] = [[] for _ in range(size + 1)]  # windows by free tokens
    rooms = 0  # bit r is set where a window has r free tokens
    for piece in sorted(pieces, key=lambda piece: (-piece[1], piece[0])):
        length = piece[1]
        if fitting := rooms >> length:
            room = length + (fitting & -fitting).bit_length() - 1
            window = with_room[room].pop()
            if not with_room[room]:
                rooms ^= 1 << room
            windows[window].append(piece)
        else:
            room, window = size, len(windows)
            windows.append([piece])
        left = room - length
        with_room[left].append(window)
        rooms |= 1 << left
    return windows


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
