"""The batch on the device: prompts are inserted as rows, and all rows advance together in chunks of steps.

All state of a batch is in `BatchRows`, which each function takes and returns. Only a change of a static size compiles
a program: number of rows, cache length, steps, and the padded shape of the prompts.

Axes: R rows, S cache length, C steps of a chunk, K head size; the others as in prefill.py.
"""

import dataclasses
from functools import partial
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
from jax import Array

from codelm_jax.generation.filters import RowSampling, row_sampling
from codelm_jax.generation.next_token import ChosenTokens, Vocabulary, choose_next
from codelm_jax.generation.prefill import Insertion, PaddedPrompts, Prefilled, pad_right, unembed
from codelm_jax.model.kv_cache import KVCache, init_cache
from codelm_jax.model.transformer import Transformer

# In place of a token of a row that had stopped.
NO_TOKEN = -1


@flax.struct.dataclass
class BatchRows:
    """All rows of a batch. The last token of a row has been chosen, but not been run through the model yet."""

    cache: KVCache
    tokens_RS: Array  # int32, the context: prompt and completion
    length_R: Array  # int32, number of tokens in the context
    limit_R: Array  # int32, length at which the row stops
    position_offset_R: Array  # int32, tokens of the text before the context
    running_R: Array  # bool
    top_logprobs_R: Array  # bool: asks for the most likely tokens at each position
    sampling: RowSampling


def empty_rows(model: Transformer, rows: int, cache_length: int) -> BatchRows:
    """Rows that run nothing until something is inserted."""

    def zeros(dtype: type) -> Array:
        return jnp.zeros(rows, dtype)

    return BatchRows(
        cache=init_cache(model.config, rows, cache_length, model.backend.dtype),
        tokens_RS=jnp.zeros((rows, cache_length), jnp.int32),
        length_R=zeros(jnp.int32),
        limit_R=zeros(jnp.int32),
        position_offset_R=zeros(jnp.int32),
        running_R=zeros(jnp.bool_),
        top_logprobs_R=zeros(jnp.bool_),
        sampling=row_sampling([], rows),
    )


@partial(jax.jit, static_argnames="model", donate_argnames="rows")
def insert(
    model: Transformer,
    vocabulary: Vocabulary,
    rows: BatchRows,
    prompts: PaddedPrompts,
    prefilled: Prefilled,
    insertion: Insertion,
    token_N: Array,
    place_N: Array,
) -> BatchRows:
    """Puts prompts and their first tokens, at `place_N` of the context, into rows; rows may share a prompt.

    A first token that only restores the last backed-up token does not count as new: the prompt stays as typed.
    """
    tokens_NS = pad_right(prompts.tokens_GT, rows.tokens_RS.shape[1])[insertion.prompt_N]
    entry_N = jnp.arange(token_N.shape[0])
    typed_N = tokens_NS[entry_N, place_N]
    tokens_NS = tokens_NS.at[entry_N, place_N].set(token_N)
    length_N = place_N + 1
    is_new_N = (place_N >= prompts.length_G[insertion.prompt_N]) | (token_N != typed_N)
    limit_N = place_N + insertion.new_tokens_N + 1 - is_new_N.astype(jnp.int32)
    limit_N = jnp.minimum(limit_N, model.config.max_seq_length)

    width = prompts.tokens_GT.shape[1]

    def put(old: Array, new: Array) -> Array:
        return old.at[insertion.row_N].set(new, mode="drop")

    def put_cache(old: Array, new: Array) -> Array:
        old_RHSK, new_GHTK = _by_rows(model, old), _by_rows(model, new)
        put_RHSK = old_RHSK.at[insertion.row_N, :, :width].set(new_GHTK[insertion.prompt_N], mode="drop")
        return put_RHSK.reshape(old.shape)

    return BatchRows(
        cache=jax.tree.map(put_cache, rows.cache, prefilled.cache),
        tokens_RS=put(rows.tokens_RS, tokens_NS),
        length_R=put(rows.length_R, length_N),
        limit_R=put(rows.limit_R, limit_N),
        position_offset_R=put(rows.position_offset_R, insertion.position_offset_N),
        running_R=put(rows.running_R, (token_N != vocabulary.endoftext) & (length_N < limit_N)),
        top_logprobs_R=put(rows.top_logprobs_R, insertion.top_logprobs_N),
        sampling=jax.tree.map(put, rows.sampling, insertion.sampling),
    )


@partial(jax.jit, static_argnames=("model", "steps"), donate_argnames="rows")
def decode(
    model: Transformer, params: dict, vocabulary: Vocabulary, rows: BatchRows, *, steps: int
) -> tuple[BatchRows, ChosenTokens]:
    """Adds up to `steps` tokens to every running row.

    Args:
        model: static.
        params: of the model.
        vocabulary: of the tokenizer.
        rows: donated; their cache holds every running row and `steps` tokens more, up to the model's context.
        steps: static.

    Returns:
        The rows, and the new tokens `[R, C]`.
    """
    row_R = jnp.arange(rows.length_R.shape[0])

    def step(rows: BatchRows, _: None) -> tuple[BatchRows, ChosenTokens]:
        # A stopped row runs its last token again, which changes nothing.
        last_R = jnp.maximum(rows.length_R - 1, 0)
        hidden_RTD, cache = model.apply(
            {"params": params},
            rows.tokens_RS[row_R, last_R][:, None],
            last_R[:, None],
            rows.cache,
            method="extend",
        )
        running_R = rows.running_R
        chosen = choose_next(
            model,
            vocabulary,
            rows.sampling,
            unembed(model, params, hidden_RTD[:, 0]),
            tokens_RS=rows.tokens_RS,
            length_R=rows.length_R,
            position_R=rows.position_offset_R + rows.length_R,
            top_logprobs_R=rows.top_logprobs_R & running_R,
        )
        # Out of range is dropped: a stopped row keeps its tokens.
        place_R = jnp.where(running_R, rows.length_R, rows.tokens_RS.shape[1])
        length_R = rows.length_R + running_R.astype(jnp.int32)
        rows = dataclasses.replace(
            rows,
            cache=cache,
            tokens_RS=rows.tokens_RS.at[row_R, place_R].set(chosen.token, mode="drop"),
            length_R=length_R,
            running_R=running_R & (chosen.token != vocabulary.endoftext) & (length_R < rows.limit_R),
        )
        return rows, dataclasses.replace(chosen, token=jnp.where(running_R, chosen.token, NO_TOKEN))

    rows, chosen_CR = jax.lax.scan(step, rows, None, length=steps)
    return rows, jax.tree.map(lambda x: jnp.swapaxes(x, 0, 1), chosen_CR)


@partial(jax.jit, static_argnames="model")
def take_rows(model: Transformer, rows: BatchRows, index_R: Array) -> BatchRows:
    """Keeps the rows `index_R`, in this order; an index beyond the last row gives one that runs nothing."""

    def take(x: Array) -> Array:
        return x.at[index_R].get(mode="clip")

    def take_cache(x: Array) -> Array:
        return take(_by_rows(model, x)).reshape(-1, *x.shape[1:])

    cache = jax.tree.map(take_cache, rows.cache)
    others: Any = jax.tree.map(take, dataclasses.replace(rows, cache=None))
    running_R = others.running_R & (index_R < rows.length_R.shape[0])
    return dataclasses.replace(others, cache=cache, running_R=running_R)


@partial(jax.jit, static_argnames="cache_length")
def resize(rows: BatchRows, *, cache_length: int) -> BatchRows:
    """Lengthens the cache, or cuts it where no text reaches: attention reads all of it."""
    more = cache_length - rows.tokens_RS.shape[1]
    if more < 0:
        cache = jax.tree.map(lambda x: x[:, :cache_length], rows.cache)
        return dataclasses.replace(rows, cache=cache, tokens_RS=rows.tokens_RS[:, :cache_length])
    cache = jax.tree.map(lambda x: jnp.pad(x, ((0, 0), (0, more), (0, 0))), rows.cache)
    return dataclasses.replace(rows, cache=cache, tokens_RS=pad_right(rows.tokens_RS, cache_length))


def _by_rows(model: Transformer, cache_NSK: Array) -> Array:
    """Takes rows and heads apart: `[B, H, S, K]`."""
    return cache_NSK.reshape(-1, model.config.num_heads, *cache_NSK.shape[1:])
