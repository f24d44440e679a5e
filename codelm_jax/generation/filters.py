"""From logits to the next token: repetition controls, temperature, top-k, top-p, min-p, and the draw.

Parameters are traced, one value per row: rows may differ, and a change compiles nothing. A filter that no row asks for
is skipped at run time.

Axes: R rows, V vocabulary, S cache length.
"""

import dataclasses
from collections.abc import Callable, Sequence

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from codelm_jax.generation.params import MAX_NGRAM, SamplingParams
from codelm_jax.ops.dropout import mix32
from codelm_jax.ops.threshold import largest_threshold, ordered

# Below this temperature a row is greedy: any difference of float32 logits decides.
_COLDEST = 1e-6


@flax.struct.dataclass
class RowSampling:
    """The numeric fields of `SamplingParams`, one value per row, and the row's number among its `n` completions."""

    temperature_R: Array
    top_k_R: Array
    top_p_R: Array
    min_p_R: Array
    repetition_penalty_R: Array
    no_repeat_ngram_R: Array
    spare_syntax_R: Array
    seed_R: Array
    sample_R: Array


_DTYPES = {float: np.float32, int: np.int32, bool: np.bool_}


def row_sampling(params: Sequence[SamplingParams], rows: int, samples: Sequence[int] = ()) -> RowSampling:
    """Parameters as one column a field, padded to `rows` with the defaults of `SamplingParams`.

    Args:
        params: of the first rows.
        rows: of the columns.
        samples: the rows' numbers among their `n` completions; 0 where missing.
    """

    def column(values: Sequence[float], fill: float, dtype: type) -> Array:
        padded = np.full(rows, fill, dtype)
        padded[: len(values)] = values
        return jnp.asarray(padded)

    defaults = SamplingParams()
    columns = {"sample_R": column(samples, 0, np.uint32)}
    for name in (field.name.removesuffix("_R") for field in dataclasses.fields(RowSampling)):
        if name != "sample":
            fill = getattr(defaults, name)
            dtype = np.uint32 if name == "seed" else _DTYPES[type(fill)]
            columns[f"{name}_R"] = column([getattr(each, name) for each in params], fill, dtype)
    return RowSampling(**columns)


def adjust_repetition(
    logits_RV: Array, history_RS: Array, length_R: Array, sampling: RowSampling, spared_RV: Array
) -> Array:
    """Applies repetition penalty and no-repeat n-grams to logits.

    Args:
        logits_RV: float32.
        history_RS: int32, the tokens so far.
        length_R: int32, how many of them are real.
        sampling: the rows' parameters.
        spared_RV: bool, the tokens that are left alone.
    """
    logits_RV = lax.cond(
        jnp.any(sampling.repetition_penalty_R != 1.0),
        lambda logits: _penalise(logits, history_RS, length_R, sampling.repetition_penalty_R, spared_RV),
        lambda logits: logits,
        logits_RV,
    )
    return lax.cond(
        jnp.any(sampling.no_repeat_ngram_R > 0),
        lambda logits: _ban_ngrams(logits, history_RS, length_R, sampling.no_repeat_ngram_R, spared_RV),
        lambda logits: logits,
        logits_RV,
    )


def filter_logits(logits_RV: Array, sampling: RowSampling, *, on_cpu: bool) -> Array:
    """Applies temperature, top-k, top-p and min-p; excluded tokens get -inf.

    Each filter works on the renormalised rest of the one before. Greedy rows keep one token, the first of equals.

    Args:
        logits_RV: float32; -inf is never chosen.
        sampling: the rows' parameters.
        on_cpu: static; whether the program is compiled for a CPU.

    Returns:
        Float32 logits with a maximum of 0 in each row.
    """
    logits_RV = logits_RV - jnp.max(logits_RV, axis=-1, keepdims=True)
    greedy_R = (sampling.temperature_R < _COLDEST) | (sampling.top_k_R == 1)
    scaled_RV = logits_RV / jnp.maximum(sampling.temperature_R, _COLDEST)[:, None]
    is_first_RV = jnp.arange(logits_RV.shape[1])[None, :] == first_argmax(logits_RV)[:, None]
    scaled_RV = jnp.where(greedy_R[:, None] & ~is_first_RV, -jnp.inf, scaled_RV)

    vocab_size = logits_RV.shape[1]
    uses_top_k_R = (sampling.top_k_R > 1) & (sampling.top_k_R < vocab_size) & ~greedy_R
    uses_top_p_R = (sampling.top_p_R < 1.0) & ~greedy_R
    scaled_RV = _when(
        jnp.any(uses_top_k_R), lambda x: _top_k(x, sampling.top_k_R, uses_top_k_R, on_cpu), scaled_RV
    )
    scaled_RV = _when(
        jnp.any(uses_top_p_R), lambda x: _top_p(x, sampling.top_p_R, uses_top_p_R, on_cpu), scaled_RV
    )
    # The maximum is 0, so a log-probability ratio is the logit itself.
    return jnp.where(scaled_RV >= jnp.log(sampling.min_p_R)[:, None], scaled_RV, -jnp.inf)


def draw(logits_RV: Array, sampling: RowSampling, position_R: Array) -> Array:
    """Draws one token a row from the softmax of its logits (Gumbel-max trick), int32 `[R]`.

    A row's noise is a keyed hash of (seed, sample, position, token), whatever its place in the batch.

    Args:
        logits_RV: float32, filtered.
        sampling: the rows' seeds.
        position_R: int32, position of the new token in its text.
    """
    keys_R2 = jax.vmap(_row_key)(sampling.seed_R, sampling.sample_R, position_R)
    token_V = lax.iota(jnp.uint32, logits_RV.shape[1])
    # Two keys, one before and one between two rounds of mixing: see ops/dropout.py.
    bits_RV = mix32(mix32(token_V[None, :] ^ keys_R2[:, :1]) ^ keys_R2[:, 1:])
    # The smallest exponential wins: its precision is that of the uniform near 0, all 32 bits of it.
    uniform_RV = (bits_RV.astype(jnp.float32) + 0.5) * 2.0**-32
    exponential_RV = -jnp.log1p(-jnp.minimum(uniform_RV, 1.0 - 2.0**-24))
    return first_argmax(logits_RV - jnp.log(exponential_RV))


def first_argmax(x_RV: Array) -> Array:
    """Index of the first maximum of each row, int32 `[R]`; on a CPU several times faster than `jnp.argmax`."""
    size = x_RV.shape[-1]
    is_max_RV = x_RV == jnp.max(x_RV, axis=-1, keepdims=True)
    first_R = jnp.min(jnp.where(is_max_RV, jnp.arange(size)[None, :], size), axis=-1)
    # Nothing equals NaN.
    return jnp.minimum(first_R, size - 1).astype(jnp.int32)


def _row_key(seed: Array, sample: Array, position: Array) -> Array:
    key = jax.random.key(seed, impl="threefry2x32")
    key = jax.random.fold_in(jax.random.fold_in(key, sample), position)
    return jax.random.bits(key, (2,), jnp.uint32)


def _when(condition: Array, change: Callable[[Array], Array], x: Array) -> Array:
    return lax.cond(condition, change, lambda x: x, x)


def _top_k(logits_RV: Array, top_k_R: Array, uses_R: Array, on_cpu: bool) -> Array:
    keys_RV = ordered(logits_RV)
    threshold_R = largest_threshold(
        keys_RV, jnp.ones_like(logits_RV), top_k_R.astype(jnp.float32), on_cpu=on_cpu
    )
    return jnp.where((keys_RV >= threshold_R[:, None]) | ~uses_R[:, None], logits_RV, -jnp.inf)


def _top_p(logits_RV: Array, top_p_R: Array, uses_R: Array, on_cpu: bool) -> Array:
    keys_RV = ordered(logits_RV)
    weights_RV = jnp.exp(logits_RV)
    # Below the range of float32 a share is 0, which nothing at all would reach.
    needed_R = jnp.maximum(top_p_R, jnp.finfo(jnp.float32).tiny) * jnp.sum(weights_RV, axis=-1)
    threshold_R = largest_threshold(keys_RV, weights_RV, needed_R, on_cpu=on_cpu)
    return jnp.where((keys_RV >= threshold_R[:, None]) | ~uses_R[:, None], logits_RV, -jnp.inf)


def _penalise(
    logits_RV: Array, history_RS: Array, length_R: Array, penalty_R: Array, spared_RV: Array
) -> Array:
    real_RS = jnp.arange(history_RS.shape[1])[None, :] < length_R[:, None]
    rows_R1 = jnp.arange(history_RS.shape[0])[:, None]
    seen_RV = jnp.zeros(logits_RV.shape, jnp.bool_).at[rows_R1, history_RS].max(real_RS)
    penalty_R1 = penalty_R[:, None]
    penalised_RV = jnp.where(logits_RV > 0, logits_RV / penalty_R1, logits_RV * penalty_R1)
    return jnp.where(seen_RV & ~spared_RV, penalised_RV, logits_RV)


def _ban_ngrams(logits_RV: Array, history_RS: Array, length_R: Array, n_R: Array, spared_RV: Array) -> Array:
    rows, length = history_RS.shape
    place_S = jnp.arange(length)
    rows_R1 = jnp.arange(rows)[:, None]

    def also_matches(back: Array, matches_RS: Array) -> Array:
        """Keeps place s where the token `back` before it equals the one `back` before the token to come."""
        source_S = jnp.maximum(place_S - back, 0)
        recent_R = history_RS[rows_R1[:, 0], jnp.maximum(length_R - back, 0)]
        same_RS = (history_RS[:, source_S] == recent_R[:, None]) & (place_S >= back)[None, :]
        return matches_RS & (same_RS | (back >= n_R)[:, None])

    real_RS = (place_S[None, :] < length_R[:, None]) & (n_R > 0)[:, None]
    matches_RS = lax.fori_loop(1, MAX_NGRAM, also_matches, real_RS)
    banned_RV = jnp.zeros(logits_RV.shape, jnp.bool_).at[rows_R1, history_RS].max(matches_RS)
    kept_RV = jnp.where(banned_RV & ~spared_RV, -jnp.inf, logits_RV)
    # Where every token that may follow would repeat, the rule gives way.
    return jnp.where(jnp.isfinite(kept_RV).any(axis=-1, keepdims=True), kept_RV, logits_RV)
