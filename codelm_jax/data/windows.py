"""Ways to cut a token file into training windows: over the whole stream, or along its documents.

A window has at most `seq_length + 1` ids: inputs `ids[:-1]`, targets `ids[1:]`. Windows are numbered from 0 through all
epochs, and a window is the same whenever it is asked for.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np

from codelm_jax.data.hashing import keyed_hash
from codelm_jax.data.tokens import TokenFile
from codelm_jax.errors import UserError

WindowKind = Literal["stream", "documents"]


class Windows(Protocol):
    """The windows of one token file."""

    per_epoch: int

    def take(self, numbers: np.ndarray) -> np.ndarray | list[np.ndarray]:
        """The windows of these numbers, int64 `[n]`: uint16 `[n, seq_length + 1]`, or n arrays that may be shorter."""
        ...


def cut_into_windows(tokens: TokenFile, kind: WindowKind, *, seq_length: int, seed: int) -> Windows:
    """The windows of a token file.

    Raises:
        UserError: too few tokens for one window.
    """
    if len(tokens.ids) <= seq_length:
        raise UserError(
            f"config.model.max_seq_length = {seq_length}: the {len(tokens.ids)} tokens of {tokens.path} are less than one"
            f" window of max_seq_length + 1 = {seq_length + 1}; lower it or add data"
        )
    return {"stream": StreamWindows, "documents": DocumentWindows}[kind](tokens, seq_length, seed)


class StreamWindows:
    """Windows over all documents end to end.

    Each epoch cuts the tokens, taken as a ring, into `count // seq_length` windows from a fresh offset and visits them
    in a fresh order.
    """

    def __init__(self, tokens: TokenFile, seq_length: int, seed: int):
        self._ids = np.asarray(tokens.ids)
        self._columns = np.arange(seq_length + 1, dtype=np.int64)
        self._seq_length = seq_length
        self._seed = seed
        self.per_epoch = len(self._ids) // seq_length
        self._starts_of_epoch: dict[int, np.ndarray] = {}

    def take(self, numbers: np.ndarray) -> np.ndarray:
        epochs, places = np.divmod(numbers, self.per_epoch)
        starts = np.empty_like(places)
        for epoch in np.unique(epochs):
            chosen = epochs == epoch
            starts[chosen] = self._starts(int(epoch))[places[chosen]]
        # A window may run over the end of the ring; `take` wraps at a third of what an explicit modulo costs.
        return self._ids.take(starts[:, None] + self._columns[None, :], mode="wrap")

    def _starts(self, epoch: int) -> np.ndarray:
        """First tokens of the epoch's windows in the order of visit: int64 [per_epoch]."""
        known = self._starts_of_epoch.get(epoch)
        if known is None:
            keys = keyed_hash(self._seed, epoch, np.arange(self.per_epoch + 1, dtype=np.uint64))
            offset = int(keys[-1] % np.uint64(len(self._ids)))
            order = np.argsort(keys[:-1], kind="stable")
            known = (order * self._seq_length + offset) % len(self._ids)
            self._starts_of_epoch = {
                number: s for number, s in self._starts_of_epoch.items() if number == epoch - 1
            }
            self._starts_of_epoch[epoch] = known
        return known


class DocumentWindows:
    """Windows that start where a document starts and hold whole documents, each with `<|endoftext|>` on both sides.

    A document longer than the window is cut into parts that overlap by one token, so that each of its tokens is a
    target once. Documents and last parts are packed by best fit; the packing is the same in every epoch, the order of
    the windows is not.
    """

    def __init__(self, tokens: TokenFile, seq_length: int, seed: int):
        self._ids = np.asarray(tokens.ids)
        self._seq_length = seq_length
        self._end = np.array([tokens.header.endoftext_id], self._ids.dtype)
        self._seed = seed
        self._windows = _packed(self._ids, tokens.header.endoftext_id, seq_length)
        self.per_epoch = len(self._windows)
        self._order_of_epoch: tuple[int, np.ndarray] | None = None

    def take(self, numbers: np.ndarray) -> list[np.ndarray]:
        return [self._window(*divmod(int(number), self.per_epoch)) for number in numbers]

    def _window(self, epoch: int, place: int) -> np.ndarray:
        segments = self._windows[self._order(epoch)[place]]
        ids = np.concatenate([self._ids[start:stop] for start, stop in segments])
        stop = segments[-1][1]
        ends = stop == len(self._ids) or self._ids[stop] == self._end[0]
        return np.append(ids, self._end) if ends and len(ids) <= self._seq_length else ids

    def _order(self, epoch: int) -> np.ndarray:
        if self._order_of_epoch is None or self._order_of_epoch[0] != epoch:
            keys = keyed_hash(self._seed, epoch, np.arange(self.per_epoch, dtype=np.uint64))
            self._order_of_epoch = epoch, np.argsort(keys, kind="stable")
        return self._order_of_epoch[1]


def _packed(ids: np.ndarray, endoftext_id: int, seq_length: int) -> list[list[tuple[int, int]]]:
    """The windows as (start, stop) ranges of ids; every window but a full part has room for one more token, an end."""
    starts = np.flatnonzero(ids == endoftext_id)
    stops = np.append(starts[1:], len(ids))
    full: list[list[tuple[int, int]]] = []
    # Windows that still have room, by their room; bit r of `rooms` says that there is one with room r.
    by_room: dict[int, list[list[tuple[int, int]]]] = {}
    rooms = 0
    for first, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        start = first
        while stop - start > seq_length:
            full.append([(start, start + seq_length + 1)])
            start += seq_length
        length = stop - start
        if start > first and length == 1:  # the one token was the last target of the part before
            continue
        # A later part starts in the middle of a document, and nothing but an end may come before it.
        fitting = rooms >> length if start == first else 0
        if fitting:
            room = length + (fitting & -fitting).bit_length() - 1
            window = by_room[room].pop()
            if not by_room[room]:
                rooms ^= 1 << room
        else:
            room, window = seq_length, []
        window.append((start, stop))
        if room == length:
            full.append(window)
        else:
            by_room.setdefault(room - length, []).append(window)
            rooms |= 1 << (room - length)
    return [*full, *(window for left in sorted(by_room) for window in by_room[left])]


def as_rows(windows: np.ndarray | Sequence[np.ndarray], width: int, fill: int) -> np.ndarray:
    """Windows as the rows of one array, for a loss that may skip targets.

    Args:
        windows: uint16, each at most `width` ids.
        width: of a row.
        fill: id that fills short rows up.

    Returns:
        int32 `[n, width]`; the filling is written as `~fill`, a negative number, and is no target.
    """
    rows = np.full((len(windows), width), ~fill, np.int32)
    for row, window in zip(rows, windows, strict=True):
        row[: len(window)] = window
    return rows
