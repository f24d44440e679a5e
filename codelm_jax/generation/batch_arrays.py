"""Prompts and parameters as padded arrays for the device."""

from collections.abc import Callable, Sequence

import jax.numpy as jnp
import numpy as np

from codelm_jax.generation.filters import row_sampling
from codelm_jax.generation.healing import MAX_BACKED_UP, TokenPrefixes
from codelm_jax.generation.prefill import Insertion, PaddedPrompts
from codelm_jax.generation.request import DecodeRequest, Prompt


def pad_prompts(
    prompts: Sequence[Prompt], prefixes: TokenPrefixes, *, count: int, length: int, vocab_size: int
) -> PaddedPrompts:
    """Pads prompts to `count` of `length` tokens."""
    tokens_GT = np.zeros((count, length), np.int32)
    length_G, kept_G = np.ones(count, np.int32), np.ones(count, np.int32)
    allowed_GMV = np.zeros((count, MAX_BACKED_UP, vocab_size), np.bool_)
    for g, prompt in enumerate(prompts):
        tokens_GT[g, : len(prompt.ids)] = prompt.ids
        length_G[g], kept_G[g] = len(prompt.ids), prompt.kept
        for level, rest in enumerate(prompt.healing.rest):
            allowed_GMV[g, level, prefixes.starting_with(rest)] = True
        if not prompt.healing.rest:
            allowed_GMV[g, 0] = True
    return PaddedPrompts(
        tokens_GT=jnp.asarray(tokens_GT),
        length_G=jnp.asarray(length_G),
        kept_G=jnp.asarray(kept_G),
        allowed_GMV=jnp.asarray(allowed_GMV),
    )


def pad_insertion(
    entering: Sequence[tuple[int, DecodeRequest]],
    prompts: Sequence[Prompt],
    *,
    count: int,
    no_row: int,
    context: int,
) -> Insertion:
    """Pads rows and their requests to `count`.

    Args:
        entering: rows, each with the request that it takes.
        prompts: of the requests.
        count: padded length.
        no_row: number of a row that does not exist.
        context: maximum length of a row.
    """
    number = {prompt: g for g, prompt in enumerate(prompts)}
    requests = [request for _, request in entering]

    def column(value: Callable[[DecodeRequest], int], dtype: type = np.int32) -> jnp.ndarray:
        return pad_column([value(request) for request in requests], count, 0, dtype)

    return Insertion(
        row_N=pad_column([row for row, _ in entering], count, no_row),
        prompt_N=column(lambda request: number[request.prompt]),
        # No row holds more than the context; a larger number would overflow int32 when a position is added.
        new_tokens_N=column(lambda request: min(request.remaining, context)),
        position_offset_N=column(lambda request: request.prompt.position_offset),
        top_logprobs_N=column(lambda request: request.top_logprobs > 0, np.bool_),
        sampling=row_sampling(
            [request.params for request in requests], count, [request.sample for request in requests]
        ),
    )


def pad_column(values: Sequence[int], count: int, fill: int, dtype: type = np.int32) -> jnp.ndarray:
    """Values as an array of length `count`, padded with `fill`."""
    column = np.full(count, fill, dtype)
    column[: len(values)] = values
    return jnp.asarray(column)
