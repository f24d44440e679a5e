"""Runs prompts through the model and draws the first token of each completion.

Axes: G distinct prompts, T their padded length, V vocabulary, M levels of healing, N inserted rows; B, D as in
model/transformer.py.
"""

from functools import partial

import flax.struct
import jax
import jax.numpy as jnp
from jax import Array

from codelm_jax.generation.filters import RowSampling
from codelm_jax.generation.next_token import ChosenTokens, Vocabulary, choose_next
from codelm_jax.model.kv_cache import KVCache, init_cache
from codelm_jax.model.transformer import Transformer


@flax.struct.dataclass
class PaddedPrompts:
    """Distinct prompts, right-padded, and the constraints of healing on their first new token.

    Level i of a prompt keeps its first i backed-up tokens and needs a token that completes the rest. A prompt without
    healing has level 0 only, with every token allowed.
    """

    tokens_GT: Array  # int32, including the backed-up tokens
    length_G: Array  # int32, number of tokens
    kept_G: Array  # int32, number of tokens that are not backed up
    allowed_GMV: Array  # bool


@flax.struct.dataclass
class Insertion:
    """Which row starts from which prompt, and with which parameters."""

    row_N: Array  # int32; beyond the last row: dropped
    prompt_N: Array  # int32
    new_tokens_N: Array  # int32, maximum number of new tokens
    position_offset_N: Array  # int32
    top_logprobs_N: Array  # bool
    sampling: RowSampling


@flax.struct.dataclass
class Prefilled:
    """Prompts that have been run."""

    cache: KVCache
    first_GV: Array  # logits of the first new token
    level_GV: Array  # int32, the level of healing at which each token would be placed


@partial(jax.jit, static_argnames="model")
def prefill(model: Transformer, params: dict, prompts: PaddedPrompts) -> Prefilled:
    """Runs each prompt once, however many rows start from it."""
    cache, hidden_GTD = extend_empty_cache(model, params, prompts.tokens_GT)
    group_G1 = jnp.arange(prompts.kept_G.shape[0])[:, None]
    level_1M = jnp.arange(prompts.allowed_GMV.shape[1])[None, :]
    backed_up_GM = jnp.minimum(prompts.kept_G[:, None] + level_1M, prompts.tokens_GT.shape[1] - 1)
    logits_GMV = unembed(model, params, hidden_GTD[group_G1, prompts.kept_G[:, None] + level_1M - 1])

    # log P(the backed-up tokens before level i), relative so that level 0 keeps its raw logits.
    normaliser_GM = jax.nn.logsumexp(logits_GMV, axis=-1)
    forced_GM1 = prompts.tokens_GT[group_G1, backed_up_GM][..., None]
    logprob_GM = jnp.take_along_axis(logits_GMV, forced_GM1, axis=-1)[..., 0] - normaliser_GM
    before_GM = jnp.cumsum(logprob_GM, axis=1) - logprob_GM
    offset_GM = before_GM - normaliser_GM + normaliser_GM[:, :1]
    joint_GMV = jnp.where(prompts.allowed_GMV, logits_GMV + offset_GM[..., None], -jnp.inf)
    return Prefilled(
        cache=cache,
        first_GV=jax.nn.logsumexp(joint_GMV, axis=1),
        level_GV=jnp.argmax(joint_GMV, axis=1).astype(jnp.int32),
    )


@partial(jax.jit, static_argnames="model")
def choose_first(
    model: Transformer,
    vocabulary: Vocabulary,
    prompts: PaddedPrompts,
    prefilled: Prefilled,
    insertion: Insertion,
) -> tuple[ChosenTokens, Array]:
    """Draws the first token of each inserted row.

    Returns:
        The tokens `[N]`, and their places in the context `[N]`.
    """
    prompt_N = insertion.prompt_N
    # One token more than the prompt: the first new token may follow all of it.
    tokens_NT = pad_right(prompts.tokens_GT, prompts.tokens_GT.shape[1] + 1)[prompt_N]
    kept_N = prompts.kept_G[prompt_N]
    chosen = choose_next(
        model,
        vocabulary,
        insertion.sampling,
        prefilled.first_GV[prompt_N],
        tokens_RS=tokens_NT,
        length_R=kept_N,
        position_R=insertion.position_offset_N + kept_N,
        top_logprobs_R=insertion.top_logprobs_N,
    )
    return chosen, kept_N + prefilled.level_GV[prompt_N, chosen.token]


def extend_empty_cache(model: Transformer, params: dict, tokens_GT: Array) -> tuple[KVCache, Array]:
    """Runs right-padded texts: their cache, and the hidden states `[G, T, D]`."""
    batch, length = tokens_GT.shape
    positions_GT = jnp.broadcast_to(jnp.arange(length), (batch, length))
    cache = init_cache(model.config, batch, length, model.backend.dtype)
    hidden_GTD, cache = model.apply({"params": params}, tokens_GT, positions_GT, cache, method="extend")
    assert isinstance(hidden_GTD, Array)
    assert isinstance(cache, KVCache)
    return cache, hidden_GTD


def unembed(model: Transformer, params: dict, hidden: Array) -> Array:
    """Logits of hidden states, float32."""
    logits = model.apply({"params": params}, hidden, method="unembed")
    assert isinstance(logits, Array)
    return logits.astype(jnp.float32)


def pad_right(tokens_GT: Array, length: int) -> Array:
    """Pads token ids with zeros to `length`."""
    return jnp.pad(tokens_GT, ((0, 0), (0, length - tokens_GT.shape[1])))
