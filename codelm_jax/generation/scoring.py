"""Log-probabilities of texts that are already there."""

import dataclasses
from collections.abc import Sequence
from typing import get_args

import jax.numpy as jnp
import numpy as np

from codelm_jax.errors import UserError
from codelm_jax.generation.decode import token_logprobs
from codelm_jax.generation.params import Overflow
from codelm_jax.model.transformer import Transformer

# Logits held at once, in numbers.
_MOST_LOGITS = 2**25


@dataclasses.dataclass(frozen=True)
class Score:
    """How probable a text is.

    Attributes:
        token_ids: the tokens that were scored: all of the text's, unless its beginning was truncated.
        logprobs: log-probability of each, in nats, given <|endoftext|> and the tokens before it.
    """

    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]


def score_windows(model: Transformer, params: dict, windows: np.ndarray) -> np.ndarray:
    """Scores equally long windows: ids `[B, T + 1]` to the log-probability of all but the first, float32 `[B, T]`."""
    batch, length = windows.shape
    # A few batch shapes only, each compiled once: full groups, and a power of two where all fit in one.
    group = min(
        max(1, _MOST_LOGITS // (length * model.config.vocab_size)), 1 << max(0, batch - 1).bit_length()
    )
    scored = [np.zeros((0, length - 1), np.float32)]
    for start in range(0, batch, group):
        part = windows[start : start + group]
        padded = np.zeros((group, length), np.int32)
        padded[: len(part)] = part
        scored.append(np.asarray(token_logprobs(model, params, jnp.asarray(padded)))[: len(part)])
    return np.concatenate(scored)


def score_texts(
    model: Transformer, params: dict, texts: Sequence[Sequence[int]], overflow: Overflow
) -> list[Score]:
    """Scores whole texts, each beginning with <|endoftext|>.

    Args:
        model: static side of the model.
        params: its parameters.
        texts: token ids.
        overflow: of texts beyond the context: "slide" scores all tokens, in windows that overlap by half;
            "truncate_left" scores the last ones.

    Raises:
        UserError: a text exceeds the context and `overflow` is "error".
        ValueError: `overflow` is none of the three.
    """
    if overflow not in get_args(Overflow):
        raise ValueError(f"overflow is one of {', '.join(get_args(Overflow))}, not {overflow!r}")
    longest = max((len(ids) for ids in texts), default=1)
    context = model.config.max_seq_length
    length = min(context, max(16, 1 << max(0, longest - 2).bit_length())) + 1
    windows, owners = [], []
    for number, ids in enumerate(texts):
        for start, first in _cut(number, len(ids), context + 1, overflow):
            part = np.zeros(length, np.int32)
            part[: len(ids) - start] = ids[start : start + length]
            windows.append(part)
            owners.append((number, start, first))
    logprobs = score_windows(model, params, np.stack(windows)) if windows else np.zeros((0, 0))
    results: list[tuple[list[int], list[float]]] = [([], []) for _ in texts]
    for (number, start, first), row in zip(owners, logprobs, strict=True):
        own = texts[number][start : start + length]
        results[number][0].extend(own[first:])
        results[number][1].extend(row[first - 1 : len(own) - 1].tolist())
    return [Score(tuple(ids), tuple(values)) for ids, values in results]


def _cut(number: int, count: int, length: int, overflow: Overflow) -> list[tuple[int, int]]:
    """Windows of `length` over `count` tokens: where each starts, and the first place in it that counts."""
    if count <= length:
        return [(0, 1)]
    if overflow == "error":
        raise UserError(
            f"text {number}: its {count - 1} tokens exceed the context of {length - 1}; shorten it or set overflow to "
            '"truncate_left" or "slide"'
        )
    if overflow == "truncate_left":
        return [(count - length, 1)]
    windows = [(0, 1)]
    while (end := windows[-1][0] + length) < count:
        start = min(windows[-1][0] + length // 2, count - length)
        windows.append((start, end - start))
    return windows
