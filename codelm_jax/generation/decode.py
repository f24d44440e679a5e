"""The jitted core: rows of different prompts and lengths are admitted once and decoded together, chunk by chunk.

Everything that lives as long as a row stands in `Rows`, which each function takes, donates and returns. What compiles
anew is a change of the static sizes only: rows, slots, steps, and the padded shape of the prompts.

Axes: R rows, S slots of the context, V vocabulary; G distinct prompts of one admission, T their padded length,
N rows admitted, M levels of healing; C steps of a chunk; A alternatives; B, D as in model/transformer.py.
"""

import dataclasses
from functools import partial
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
from jax import Array

from codelm_jax.generation.filters import RowSampling, adjust_repetition, draw, filter_logits
from codelm_jax.model.kv_cache import KVCache, init_cache
from codelm_jax.model.transformer import Transformer

NO_TOKEN = -1
MAX_ALTERNATIVES = 5


@flax.struct.dataclass
class Vocabulary:
    """What sampling must know of the tokens."""

    never_V: Array  # bool: never sampled
    syntax_V: Array  # bool: left alone by repetition control
    endoftext: Array  # int32 scalar: ends a row


@flax.struct.dataclass
class Rows:
    """All rows being decoded. A row's last token has been chosen, but not been run through the model yet."""

    cache: KVCache
    tokens_RS: Array  # int32, the context: prompt and completion
    length_R: Array  # int32, how many of them are real
    limit_R: Array  # int32, the length at which the row stops
    shift_R: Array  # int32, tokens of the text that lie before the context
    running_R: Array  # bool
    alternatives_R: Array  # bool: asks for the most probable tokens at each place
    sampling: RowSampling


@flax.struct.dataclass
class Prompts:
    """Distinct prompts, right-padded, and what healing asks of their first new token.

    Level i of a prompt takes its first i backed-up tokens for granted and asks for a token that completes the rest.
    A prompt without healing has level 0 only, with every token allowed.
    """

    tokens_GT: Array  # int32, the backed-up tokens included
    length_G: Array  # int32, how many of them are real
    kept_G: Array  # int32, how many of these are not backed up
    allowed_GMV: Array  # bool


@flax.struct.dataclass
class Admission:
    """Which row starts from which prompt, and with what parameters."""

    row_N: Array  # int32; beyond the last row: dropped
    prompt_N: Array  # int32
    new_tokens_N: Array  # int32, the most that the row may add
    shift_N: Array  # int32
    alternatives_N: Array  # bool
    sampling: RowSampling


@flax.struct.dataclass
class Prefilled:
    """Prompts that have been run."""

    cache: KVCache
    first_GV: Array  # the logits of the first new token
    level_GV: Array  # int32, the level at which each token would stand


@flax.struct.dataclass
class Choice:
    """Tokens that were chosen, any axes `...`, and log-probabilities under the model itself: before any filter."""

    token: Array  # int32 [...], NO_TOKEN where a row had stopped
    logprob: Array  # float32 [...]
    alternative: (
        Array  # int32 [..., A], the most probable tokens in order; anything where no row asks for them
    )
    alternative_logprob: Array  # float32 [..., A]


def empty_rows(model: Transformer, rows: int, slots: int) -> Rows:
    """Rows that run nothing until they are admitted."""

    def zeros(dtype: type) -> Array:
        return jnp.zeros(rows, dtype)

    return Rows(
        cache=init_cache(model.config, rows, slots, model.backend.dtype),
        tokens_RS=jnp.zeros((rows, slots), jnp.int32),
        length_R=zeros(jnp.int32),
        limit_R=zeros(jnp.int32),
        shift_R=zeros(jnp.int32),
        running_R=zeros(jnp.bool_),
        alternatives_R=zeros(jnp.bool_),
        sampling=neutral_sampling(rows),
    )


def neutral_sampling(rows: int) -> RowSampling:
    """Plain sampling with seed 0."""
    return RowSampling(
        temperature_R=jnp.ones(rows, jnp.float32),
        top_k_R=jnp.zeros(rows, jnp.int32),
        top_p_R=jnp.ones(rows, jnp.float32),
        min_p_R=jnp.zeros(rows, jnp.float32),
        repetition_penalty_R=jnp.ones(rows, jnp.float32),
        no_repeat_ngram_R=jnp.zeros(rows, jnp.int32),
        spare_syntax_R=jnp.ones(rows, jnp.bool_),
        seed_R=jnp.zeros(rows, jnp.uint32),
        sample_R=jnp.zeros(rows, jnp.uint32),
    )


@partial(jax.jit, static_argnames="model")
def prefill(model: Transformer, params: dict, prompts: Prompts) -> Prefilled:
    """Runs prompts, once each whatever the number of rows that will start from them."""
    cache, hidden_GTD = _run(model, params, prompts.tokens_GT)
    group_G1 = jnp.arange(prompts.kept_G.shape[0])[:, None]
    level_1M = jnp.arange(prompts.allowed_GMV.shape[1])[None, :]
    backed_up_GM = jnp.minimum(prompts.kept_G[:, None] + level_1M, prompts.tokens_GT.shape[1] - 1)
    logits_GMV = _logits(model, params, hidden_GTD[group_G1, prompts.kept_G[:, None] + level_1M - 1])

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
    model: Transformer, vocabulary: Vocabulary, prompts: Prompts, prefilled: Prefilled, admission: Admission
) -> tuple[Choice, Array]:
    """Draws the first token of each admitted row.

    Returns:
        The tokens `[N]`, and the slots `[N]` where they stand.
    """
    prompt_N = admission.prompt_N
    # One slot more than the prompt: the first token may stand after all of it.
    tokens_NT = _pad(prompts.tokens_GT, prompts.tokens_GT.shape[1] + 1)[prompt_N]
    kept_N = prompts.kept_G[prompt_N]
    choice = _next_token(
        prefilled.first_GV[prompt_N],
        tokens_NT,
        kept_N,
        admission.shift_N + kept_N,
        admission.alternatives_N,
        admission.sampling,
        vocabulary,
        model.backend.on_cpu,
    )
    return choice, kept_N + prefilled.level_GV[prompt_N, choice.token]


@partial(jax.jit, static_argnames="model", donate_argnames="rows")
def admit(
    model: Transformer,
    vocabulary: Vocabulary,
    rows: Rows,
    prompts: Prompts,
    prefilled: Prefilled,
    admission: Admission,
    token_N: Array,
    slot_N: Array,
) -> Rows:
    """Puts prompts and their first tokens into rows, any number of which may share a prompt.

    A first token that only restores the last backed-up one is not new: the prompt stands as it was typed.
    """
    tokens_NS = _pad(prompts.tokens_GT, rows.tokens_RS.shape[1])[admission.prompt_N]
    admission_N = jnp.arange(token_N.shape[0])
    typed_N = tokens_NS[admission_N, slot_N]
    tokens_NS = tokens_NS.at[admission_N, slot_N].set(token_N)
    length_N = slot_N + 1
    is_new_N = (slot_N >= prompts.length_G[admission.prompt_N]) | (token_N != typed_N)
    limit_N = slot_N + admission.new_tokens_N + 1 - is_new_N.astype(jnp.int32)
    limit_N = jnp.minimum(limit_N, model.config.max_seq_length)

    width = prompts.tokens_GT.shape[1]

    def put(old: Array, new: Array) -> Array:
        return old.at[admission.row_N].set(new, mode="drop")

    def put_cache(old: Array, new: Array) -> Array:
        old_RHSK, new_GHTK = _by_rows(model, old), _by_rows(model, new)
        put_RHSK = old_RHSK.at[admission.row_N, :, :width].set(new_GHTK[admission.prompt_N], mode="drop")
        return put_RHSK.reshape(old.shape)

    return Rows(
        cache=jax.tree.map(put_cache, rows.cache, prefilled.cache),
        tokens_RS=put(rows.tokens_RS, tokens_NS),
        length_R=put(rows.length_R, length_N),
        limit_R=put(rows.limit_R, limit_N),
        shift_R=put(rows.shift_R, admission.shift_N),
        running_R=put(rows.running_R, (token_N != vocabulary.endoftext) & (length_N < limit_N)),
        alternatives_R=put(rows.alternatives_R, admission.alternatives_N),
        sampling=jax.tree.map(put, rows.sampling, admission.sampling),
    )


@partial(jax.jit, static_argnames=("model", "steps"), donate_argnames="rows")
def decode(
    model: Transformer, params: dict, vocabulary: Vocabulary, rows: Rows, *, steps: int
) -> tuple[Rows, Choice]:
    """Adds up to `steps` tokens to every running row.

    Args:
        model: static.
        params: of the model.
        vocabulary: of the tokenizer.
        rows: donated; their slots hold every running row and `steps` tokens more, up to the model's context.
        steps: static.

    Returns:
        The rows, and the new tokens `[R, C]`.
    """
    row_R = jnp.arange(rows.length_R.shape[0])

    def step(rows: Rows, _: None) -> tuple[Rows, Choice]:
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
        choice = _next_token(
            _logits(model, params, hidden_RTD[:, 0]),
            rows.tokens_RS,
            rows.length_R,
            rows.shift_R + rows.length_R,
            rows.alternatives_R & running_R,
            rows.sampling,
            vocabulary,
            model.backend.on_cpu,
        )
        # Out of range is dropped: a stopped row keeps its tokens.
        slot_R = jnp.where(running_R, rows.length_R, rows.tokens_RS.shape[1])
        length_R = rows.length_R + running_R.astype(jnp.int32)
        rows = dataclasses.replace(
            rows,
            cache=cache,
            tokens_RS=rows.tokens_RS.at[row_R, slot_R].set(choice.token, mode="drop"),
            length_R=length_R,
            running_R=running_R & (choice.token != vocabulary.endoftext) & (length_R < rows.limit_R),
        )
        return rows, dataclasses.replace(choice, token=jnp.where(running_R, choice.token, NO_TOKEN))

    rows, choices_CR = jax.lax.scan(step, rows, None, length=steps)
    return rows, jax.tree.map(lambda x: jnp.swapaxes(x, 0, 1), choices_CR)


@partial(jax.jit, static_argnames="model")
def take_rows(model: Transformer, rows: Rows, index_R: Array) -> Rows:
    """Keeps the rows `index_R`, in this order; an index beyond the last row gives one that runs nothing."""

    def take(x: Array) -> Array:
        return x.at[index_R].get(mode="clip")

    def take_cache(x: Array) -> Array:
        return take(_by_rows(model, x)).reshape(-1, *x.shape[1:])

    cache = jax.tree.map(take_cache, rows.cache)
    others: Any = jax.tree.map(take, dataclasses.replace(rows, cache=None))
    running_R = others.running_R & (index_R < rows.length_R.shape[0])
    return dataclasses.replace(others, cache=cache, running_R=running_R)


@partial(jax.jit, static_argnames="slots")
def resize(rows: Rows, *, slots: int) -> Rows:
    """Gives the rows more slots, or takes off those that no text reaches; attention reads all there are."""
    more = slots - rows.tokens_RS.shape[1]
    if more < 0:
        cache = jax.tree.map(lambda x: x[:, :slots], rows.cache)
        return dataclasses.replace(rows, cache=cache, tokens_RS=rows.tokens_RS[:, :slots])
    cache = jax.tree.map(lambda x: jnp.pad(x, ((0, 0), (0, more), (0, 0))), rows.cache)
    return dataclasses.replace(rows, cache=cache, tokens_RS=_pad(rows.tokens_RS, slots))


@partial(jax.jit, static_argnames="model")
def last_logits(model: Transformer, params: dict, tokens_GT: Array, length_G: Array) -> Array:
    """The next-token logits of right-padded texts, float32 `[G, V]`."""
    _, hidden_GTD = _run(model, params, tokens_GT)
    return _logits(model, params, hidden_GTD[jnp.arange(tokens_GT.shape[0]), length_G - 1])


@partial(jax.jit, static_argnames="model")
def token_logprobs(model: Transformer, params: dict, windows_BT: Array) -> Array:
    """Log-probability of each token but the first, given those before it: float32 `[B, T - 1]`."""
    windows_BT = windows_BT.astype(jnp.int32)
    _, hidden_BTD = _run(model, params, windows_BT[:, :-1])
    logits_BTV = _logits(model, params, hidden_BTD)
    target_BT = jnp.take_along_axis(logits_BTV, windows_BT[:, 1:, None], axis=-1)[..., 0]
    return target_BT - jax.nn.logsumexp(logits_BTV, axis=-1)


@partial(jax.jit, static_argnames="model")
def rank_tokens(model: Transformer, params: dict, tokens_GT: Array) -> Choice:
    """Each token but the first as if it had been chosen after those before it: `[G, T - 1]`."""
    _, hidden_GTD = _run(model, params, tokens_GT[:, :-1])
    logits_GTV = _logits(model, params, hidden_GTD)
    token_GT = tokens_GT[:, 1:]
    normaliser_GT = jax.nn.logsumexp(logits_GTV, axis=-1)
    own_GT = jnp.take_along_axis(logits_GTV, token_GT[..., None], axis=-1)[..., 0]
    alternative_GTA, largest_GTA = _most_probable(logits_GTV)
    return Choice(
        token=token_GT,
        logprob=own_GT - normaliser_GT,
        alternative=alternative_GTA,
        alternative_logprob=largest_GTA - normaliser_GT[..., None],
    )


def _run(model: Transformer, params: dict, tokens_GT: Array) -> tuple[Any, Array]:
    batch, length = tokens_GT.shape
    positions_GT = jnp.broadcast_to(jnp.arange(length), (batch, length))
    cache = init_cache(model.config, batch, length, model.backend.dtype)
    hidden_GTD, cache = model.apply({"params": params}, tokens_GT, positions_GT, cache, method="extend")
    return cache, hidden_GTD


def _logits(model: Transformer, params: dict, hidden: Array) -> Array:
    logits = model.apply({"params": params}, hidden, method="unembed")
    assert isinstance(logits, Array)
    return logits.astype(jnp.float32)


def _next_token(
    logits_RV: Array,
    tokens_RS: Array,
    length_R: Array,
    position_R: Array,
    alternatives_R: Array,
    sampling: RowSampling,
    vocabulary: Vocabulary,
    on_cpu: bool,
) -> Choice:
    possible_RV = jnp.where(vocabulary.never_V[None, :], -jnp.inf, logits_RV)
    # Every text begins with <|endoftext|>: penalised for that, no text would ever end.
    ends_V = jnp.arange(logits_RV.shape[1]) == vocabulary.endoftext
    spared_RV = (vocabulary.syntax_V[None, :] & sampling.spare_syntax_R[:, None]) | ends_V[None, :]
    adjusted_RV = adjust_repetition(possible_RV, tokens_RS, length_R, sampling, spared_RV)
    token_R = draw(filter_logits(adjusted_RV, sampling, on_cpu=on_cpu), sampling, position_R)
    chosen_R = jnp.take_along_axis(logits_RV, token_R[:, None], axis=1)[:, 0]
    normaliser_R = jax.nn.logsumexp(logits_RV, axis=-1)
    alternative_RA, largest_RA = jax.lax.cond(jnp.any(alternatives_R), _most_probable, _nothing, logits_RV)
    return Choice(
        token=token_R,
        logprob=chosen_R - normaliser_R,
        alternative=alternative_RA,
        alternative_logprob=largest_RA - normaliser_R[:, None],
    )


def _most_probable(logits: Array) -> tuple[Array, Array]:
    """The `MAX_ALTERNATIVES` largest logits of the last axis, largest first."""
    largest, token = jax.lax.top_k(logits, MAX_ALTERNATIVES)
    return token, largest


def _nothing(logits_RV: Array) -> tuple[Array, Array]:
    shape = (logits_RV.shape[0], MAX_ALTERNATIVES)
    return jnp.zeros(shape, jnp.int32), jnp.zeros(shape, jnp.float32)


def _by_rows(model: Transformer, cache_NSK: Array) -> Array:
    """Takes rows and heads apart: `[B, H, S, K]`."""
    return cache_NSK.reshape(-1, model.config.num_heads, *cache_NSK.shape[1:])


def _pad(tokens_GT: Array, slots: int) -> Array:
    return jnp.pad(tokens_GT, ((0, 0), (0, slots - tokens_GT.shape[1])))
