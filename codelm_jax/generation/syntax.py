"""Tokens that Python needs however often they have occurred."""

import keyword
from collections.abc import Sequence

import numpy as np

_NAMES = frozenset({*keyword.kwlist, *keyword.softkwlist, "self", "cls"})


def syntax_tokens(token_bytes: Sequence[bytes]) -> np.ndarray:
    """Marks white space, punctuation, keywords, `self` and `cls` among the tokens, bool `[V]`.

    Args:
        token_bytes: the bytes of each token id; special tokens have none and are not marked.
    """
    return np.array([bool(piece) and _is_syntax(piece) for piece in token_bytes])


def _is_syntax(piece: bytes) -> bool:
    try:
        word = piece.decode().strip()
    except UnicodeDecodeError:
        return False  # part of a character in a string or a comment
    return word in _NAMES or not any(character.isalnum() for character in word)
