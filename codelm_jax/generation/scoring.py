"""Log-probabilities of given tokens, and of the next token after a text.

Axes as in prefill.py.
"""

import codecs
import dataclasses
from collections.abc import Sequence
from functools import partial
from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from codelm_jax.errors import UserError
from codelm_jax.generation.buckets import Buckets
from codelm_jax.generation.next_token import ChosenTokens, most_likely
from codelm_jax.generation.params import Overflow
from codelm_jax.generation.prefill import extend_empty_cache, unembed
from codelm_jax.generation.prompts import encode_prompt, require_list
from codelm_jax.generation.text_model import TextModel
from codelm_jax.generation.transcript import ScoredToken, TopLogprob
from codelm_jax.model.transformer import Transformer

# Numbers in the logits of one call: bounds its memory.
_MAX_LOGITS = 2**25


@dataclasses.dataclass(frozen=True)
class TextScore:
    """How likely a text is.

    Attributes:
        token_ids: the tokens that were scored: all of the text's, unless its beginning was truncated.
        logprobs: log-probability of each, in nats, given <|endoftext|> and the tokens before it.
    """

    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class NextToken:
    """A possible next token."""

    token_id: int
    text: str
    probability: float


def score_windows(model: TextModel, windows: np.ndarray) -> np.ndarray:
    """Scores equally long windows: ids `[B, T + 1]` to the log-probability of all but the first, float32 `[B, T]`."""
    batch, length = windows.shape
    # A few batch shapes only, each compiled once: full groups, and a power of two where all fit in one.
    largest = max(1, _MAX_LOGITS // (length * model.model.config.vocab_size))
    group = min(largest, 1 << max(0, batch - 1).bit_length())
    scored = [np.zeros((0, length - 1), np.float32)]
    for start in range(0, batch, group):
        part = windows[start : start + group]
        padded = np.zeros((group, length), np.int32)
        padded[: len(part)] = part
        scored.append(np.asarray(token_logprobs(model.model, model.params, jnp.asarray(padded)))[: len(part)])
    return np.concatenate(scored)


def score_texts(model: TextModel, texts: Sequence[str], overflow: Overflow = "error") -> list[TextScore]:
    """Log-probability of every token of each text.

    Args:
        model: to score them.
        texts: any texts.
        overflow: of texts beyond the context: "slide" scores all tokens, in windows that overlap by half;
            "truncate_left" scores the last ones.

    Raises:
        TypeError: `texts` is a single text.
        UserError: a text exceeds the context and `overflow` is "error".
        ValueError: `overflow` is none of the three.
    """
    require_list(texts, "texts")
    if overflow not in get_args(Overflow):
        raise ValueError(f"overflow is one of {', '.join(get_args(Overflow))}, not {overflow!r}")
    encoded = [encode_prompt(model.tokenizer, text).ids for text in texts]
    longest = max((len(ids) for ids in encoded), default=1)
    context = model.context_length
    length = Buckets().prompt_length(longest - 1, context) + 1
    windows, owners = [], []
    for number, ids in enumerate(encoded):
        for start, first in _cut(number, len(ids), context + 1, overflow):
            part = np.zeros(length, np.int32)
            part[: len(ids) - start] = ids[start : start + length]
            windows.append(part)
            owners.append((number, start, first))
    logprobs = score_windows(model, np.stack(windows)) if windows else np.zeros((0, 0))
    results: list[tuple[list[int], list[float]]] = [([], []) for _ in encoded]
    for (number, start, first), row in zip(owners, logprobs, strict=True):
        own = encoded[number][start : start + length]
        results[number][0].extend(own[first:])
        results[number][1].extend(row[first - 1 : len(own) - 1].tolist())
    return [TextScore(tuple(ids), tuple(values)) for ids, values in results]


def score_prompt(model: TextModel, ids: Sequence[int], buckets: Buckets) -> list[ScoredToken]:
    """Each token but the first, as if it had been chosen after those before it.

    Args:
        model: to score them.
        ids: no more than the context holds.
        buckets: array sizes.
    """
    padded = _padded(ids, model, buckets)
    chosen = jax.tree.map(np.asarray, rank_tokens(model.model, model.params, padded))
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    offset = 0
    tokens = []
    for place, token_id in enumerate(ids[1:]):
        top = chosen.top_token[0, place].tolist(), chosen.top_logprob[0, place].tolist()
        logprob = float(chosen.logprob[0, place])
        tokens.append(ScoredToken(token_id, offset, logprob, tuple(map(TopLogprob, *top))))
        offset += len(decoder.decode(model.token_bytes[token_id]))
    return tokens


def next_token_logprobs(model: TextModel, text: str) -> np.ndarray:
    """Log-probabilities of all tokens after a text, without healing: float32 `[V]`, in nats.

    Raises:
        UserError: the text does not fit in the context.
    """
    ids = encode_prompt(model.tokenizer, text).ids
    if len(ids) > model.context_length:
        raise UserError(f"the prompt has {len(ids)} tokens, the context takes {model.context_length}")
    padded = _padded(ids, model, Buckets())
    logits = last_logits(model.model, model.params, padded, jnp.asarray([len(ids)]))
    return np.asarray(jax.nn.log_softmax(logits[0]))


def next_tokens(model: TextModel, text: str, k: int = 10) -> list[NextToken]:
    """The `k` most likely next tokens after a text, most likely first.

    Raises:
        UserError: the text does not fit in the context.
        ValueError: `k` is less than 1.
    """
    if k < 1:
        raise ValueError(f"k = {k}: at least one token must be asked for")
    logprobs = next_token_logprobs(model, text)
    top = np.argsort(-logprobs, kind="stable")[:k].tolist()
    return [NextToken(i, _token_text(model, i), float(np.exp(logprobs[i]))) for i in top]


@partial(jax.jit, static_argnames="model")
def last_logits(model: Transformer, params: dict, tokens_GT: Array, length_G: Array) -> Array:
    """The next-token logits of right-padded texts, float32 `[G, V]`."""
    _, hidden_GTD = extend_empty_cache(model, params, tokens_GT)
    return unembed(model, params, hidden_GTD[jnp.arange(tokens_GT.shape[0]), length_G - 1])


@partial(jax.jit, static_argnames="model")
def token_logprobs(model: Transformer, params: dict, windows_BT: Array) -> Array:
    """Log-probability of each token but the first, given those before it: float32 `[B, T - 1]`."""
    windows_BT = windows_BT.astype(jnp.int32)
    _, hidden_BTD = extend_empty_cache(model, params, windows_BT[:, :-1])
    logits_BTV = unembed(model, params, hidden_BTD)
    target_BT = jnp.take_along_axis(logits_BTV, windows_BT[:, 1:, None], axis=-1)[..., 0]
    return target_BT - jax.nn.logsumexp(logits_BTV, axis=-1)


@partial(jax.jit, static_argnames="model")
def rank_tokens(model: Transformer, params: dict, tokens_GT: Array) -> ChosenTokens:
    """Each token but the first, as if it had been chosen after those before it: `[G, T - 1]`."""
    _, hidden_GTD = extend_empty_cache(model, params, tokens_GT[:, :-1])
    logits_GTV = unembed(model, params, hidden_GTD)
    token_GT = tokens_GT[:, 1:]
    normaliser_GT = jax.nn.logsumexp(logits_GTV, axis=-1)
    own_GT = jnp.take_along_axis(logits_GTV, token_GT[..., None], axis=-1)[..., 0]
    top_token_GTA, top_GTA = most_likely(logits_GTV)
    return ChosenTokens(
        token=token_GT,
        logprob=own_GT - normaliser_GT,
        top_token=top_token_GTA,
        top_logprob=top_GTA - normaliser_GT[..., None],
    )


def _padded(ids: Sequence[int], model: TextModel, buckets: Buckets) -> Array:
    tokens = np.zeros((1, buckets.prompt_length(len(ids), model.context_length)), np.int32)
    tokens[0, : len(ids)] = ids
    return jnp.asarray(tokens)


def _token_text(model: TextModel, token_id: int) -> str:
    if token_id >= model.tokenizer.vocab_size:
        return f"<unused {token_id}>"
    return model.tokenizer.decode([token_id], skip_special=False)


def _cut(number: int, count: int, length: int, overflow: Overflow) -> list[tuple[int, int]]:
    """Windows of `length` over `count` tokens: the start of each, and its first token that is not in the one before."""
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
