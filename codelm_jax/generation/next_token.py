"""Chooses the next token of every batch row; jitted as part of `prefill.py` and `decode.py`.

Axes: R rows, S cache length, V vocabulary, A top log-probabilities.
"""

import flax.struct
import jax
import jax.numpy as jnp
from jax import Array

from codelm_jax.generation.filters import RowSampling, adjust_repetition, draw, filter_logits
from codelm_jax.model.transformer import Transformer

MAX_TOP_LOGPROBS = 5


@flax.struct.dataclass
class Vocabulary:
    """Properties of the tokens that sampling needs."""

    suppressed_V: Array  # bool: never sampled
    syntax_V: Array  # bool: left alone by repetition control
    endoftext: Array  # int32 scalar: ends a row


@flax.struct.dataclass
class ChosenTokens:
    """Tokens of any axes `...`, with log-probabilities under the model itself: before any filter."""

    token: Array  # int32 [...]
    logprob: Array  # float32 [...]
    top_token: Array  # int32 [..., A], most likely first; undefined where no row asks for them
    top_logprob: Array  # float32 [..., A]


def choose_next(
    model: Transformer,
    vocabulary: Vocabulary,
    sampling: RowSampling,
    logits_RV: Array,
    *,
    tokens_RS: Array,
    length_R: Array,
    position_R: Array,
    top_logprobs_R: Array,
) -> ChosenTokens:
    """Applies all sampling parameters to logits and draws one token per row.

    Args:
        model: static.
        vocabulary: of the tokenizer.
        sampling: parameters of the rows.
        logits_RV: float32, of the model.
        tokens_RS: int32, the context.
        length_R: int32, number of tokens in the context.
        position_R: int32, position of the new token in its text.
        top_logprobs_R: bool, whether the row asks for the most likely tokens.
    """
    possible_RV = jnp.where(vocabulary.suppressed_V[None, :], -jnp.inf, logits_RV)
    # Every text begins with <|endoftext|>: if that counted as a repetition, no text would end.
    ends_V = jnp.arange(logits_RV.shape[1]) == vocabulary.endoftext
    spared_RV = (vocabulary.syntax_V[None, :] & sampling.spare_syntax_R[:, None]) | ends_V[None, :]
    adjusted_RV = adjust_repetition(possible_RV, tokens_RS, length_R, sampling, spared_RV)
    filtered_RV = filter_logits(adjusted_RV, sampling, on_cpu=model.backend.on_cpu)
    token_R = draw(filtered_RV, sampling, position_R)
    chosen_R = jnp.take_along_axis(logits_RV, token_R[:, None], axis=1)[:, 0]
    normaliser_R = jax.nn.logsumexp(logits_RV, axis=-1)
    top_token_RA, top_RA = jax.lax.cond(jnp.any(top_logprobs_R), most_likely, _nothing, logits_RV)
    return ChosenTokens(
        token=token_R,
        logprob=chosen_R - normaliser_R,
        top_token=top_token_RA,
        top_logprob=top_RA - normaliser_R[:, None],
    )


def most_likely(logits: Array) -> tuple[Array, Array]:
    """Ids and logits of the `MAX_TOP_LOGPROBS` largest logits of the last axis, largest first."""
    largest, token = jax.lax.top_k(logits, MAX_TOP_LOGPROBS)
    return token, largest


def _nothing(logits_RV: Array) -> tuple[Array, Array]:
    shape = (logits_RV.shape[0], MAX_TOP_LOGPROBS)
    return jnp.zeros(shape, jnp.int32), jnp.zeros(shape, jnp.float32)
