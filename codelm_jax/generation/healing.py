r"""Token healing: where a prompt that may end inside a token is taken back to, and what its first token must match.

A prompt that ends in `:\n` or `pri` is cut where the tokenizer would not have cut the finished text, so the model has
hardly ever seen what follows. The last tokens are taken back, and only tokens that complete the text they covered may
come instead. All the ways to do that are weighed exactly: see `Prompts` in decode.py.
"""

import bisect
import dataclasses
import re
from collections.abc import Sequence

import numpy as np

MAX_BACKED_UP = 4

# What may still grow into another token: white space, a word with what binds to its front, a run of punctuation.
_UNSETTLED = re.compile(r"(?:\s+|(?:[^\w\s]| )?\w+| ?[^\w\s]+)\Z")
_LONGEST_TAIL = 64


class TokenPrefixes:
    """Finds the tokens that begin with given bytes."""

    def __init__(self, token_bytes: Sequence[bytes]):
        """Takes the bytes of each token id; tokens without bytes (special ones) begin with nothing."""
        self._ids = np.array(sorted((i for i, b in enumerate(token_bytes) if b), key=token_bytes.__getitem__))
        self._bytes = [token_bytes[i] for i in self._ids]

    def starting_with(self, prefix: bytes) -> np.ndarray:
        """Ids of the tokens that are `prefix` or longer."""
        first = bisect.bisect_left(self._bytes, prefix)
        last = bisect.bisect_left(self._bytes, True, lo=first, key=lambda b: not b.startswith(prefix))
        return self._ids[first:last]


@dataclasses.dataclass(frozen=True)
class Healing:
    """How a prompt is healed.

    Attributes:
        backed_up: how many of its last tokens are taken back.
        rest: for each of these, the bytes that they and those after them cover.
    """

    backed_up: int
    rest: tuple[bytes, ...]

    def skip(self, level: int) -> int:
        """Bytes of the first token that belong to the prompt, when it stands in place of backed-up token `level`."""
        return len(self.rest[level]) if level < self.backed_up else 0


NO_HEALING = Healing(0, ())


def heal(text: str, token_bytes: Sequence[bytes]) -> Healing:
    """Decides how far to go back.

    Args:
        text: the prompt.
        token_bytes: the bytes of its tokens; together they are the end of `text`.
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
