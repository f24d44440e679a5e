r"""Token healing: how many tokens to back up at the end of a prompt, and what its first new token must match.

A prompt that ends in `:\n` or `pri` may be cut where the tokenizer would not cut the finished text; the model has hardly
ever seen what follows such a cut. So the last tokens are removed, and only tokens that complete their text may follow.
All ways to do that are weighed exactly: see `PaddedPrompts` in prefill.py.
"""

import bisect
import dataclasses
import re
from collections.abc import Sequence

import numpy as np

MAX_BACKED_UP = 4

# May still become part of another token: white space, a word with the character before it, a run of punctuation.
_UNSETTLED = re.compile(r"(?:\s+|(?:[^\w\s]| )?\w+| ?[^\w\s]+)\Z")
_LONGEST_TAIL = 64


class TokenPrefixes:
    """Finds the tokens that start with given bytes."""

    def __init__(self, token_bytes: Sequence[bytes]):
        """Sorts the tokens; those without bytes (special ones) are never found."""
        self._ids = np.array(sorted((i for i, b in enumerate(token_bytes) if b), key=token_bytes.__getitem__))
        self._bytes = [token_bytes[i] for i in self._ids]

    def starting_with(self, prefix: bytes) -> np.ndarray:
        """Ids of the tokens that start with `prefix`."""
        first = bisect.bisect_left(self._bytes, prefix)
        last = bisect.bisect_left(self._bytes, True, lo=first, key=lambda b: not b.startswith(prefix))
        return self._ids[first:last]


@dataclasses.dataclass(frozen=True)
class Healing:
    """How the end of a prompt is healed.

    Attributes:
        backed_up: how many of its last tokens are removed.
        rest: for each of these, its bytes and those of the tokens after it.
    """

    backed_up: int
    rest: tuple[bytes, ...]

    def skip(self, level: int) -> int:
        """Bytes of the first new token that belong to the prompt, where it replaces backed-up token `level`."""
        return len(self.rest[level]) if level < self.backed_up else 0


NO_HEALING = Healing(0, ())


def heal(text: str, token_bytes: Sequence[bytes]) -> Healing:
    """Decides how many tokens to remove.

    Args:
        text: the prompt.
        token_bytes: the bytes of its tokens, which join to the end of `text`.
    """
    tail = _UNSETTLED.search(text[-_LONGEST_TAIL:])
    if tail is None:
        return NO_HEALING
    unsettled = len(tail.group().encode())
    backed_up = covered = 0
    rest: list[bytes] = []
    for piece in reversed(token_bytes):
        if covered >= unsettled or backed_up == MAX_BACKED_UP or not piece:
            break
        backed_up += 1
        covered += len(piece)
        rest.append(piece + (rest[-1] if rest else b""))
    return Healing(backed_up, tuple(reversed(rest)))
