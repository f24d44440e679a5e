"""Sampling from a model that may lack a mask: no cache can serve it, so every token takes a whole forward pass."""

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from mask_study.model import (
    Visibility,
    hidden_states,
)

from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.evals.interfaces import Generate, Sampling
from codelm_jax.model.config import ModelConfig

# Prompts are padded to one of few lengths, since each compiles.
_LENGTH_STEP = 64


@dataclasses.dataclass(frozen=True)
class MaskSample:
    """One completion; see `evals.interfaces.SampledText`."""

    text: str
    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    finish_reason: str


def generate_with(
    config: ModelConfig, params: Any, tokenizer: CodeTokenizer, visibility: Visibility
) -> Generate:
    """Top-k sampling, each prompt after `<|endoftext|>`; `top_p` must be 1 and `stop` empty, as the reference has them."""

    def generate(prompts: Sequence[str], sampling: Sampling) -> list[list[MaskSample]]:
        n, max_new_tokens = sampling.n, sampling.max_new_tokens
        if sampling.top_p != 1.0 or sampling.stop or not isinstance(max_new_tokens, int):
            raise ValueError("only top_p = 1, no stop texts and one max_new_tokens")
        encoded = [
            [tokenizer.endoftext_id, *tokenizer.encode(prompt)] for prompt in prompts for _ in range(n)
        ]
        lengths = np.array([len(ids) for ids in encoded], np.int32)
        width = min(
            -(-(int(lengths.max()) + max_new_tokens) // _LENGTH_STEP) * _LENGTH_STEP, config.max_seq_length
        )
        tokens_BT = np.zeros((len(encoded), width), np.int32)
        for row, ids in enumerate(encoded):
            tokens_BT[row, : len(ids)] = ids
        never_V = np.zeros(config.vocab_size, np.bool_)
        never_V[[i for i in tokenizer.special_ids if i != tokenizer.endoftext_id]] = True
        never_V[tokenizer.vocab_size :] = True
        new_BN, logprob_BN = jax.device_get(
            _sample(
                config,
                visibility,
                max_new_tokens,
                sampling.top_k,
                params,
                jnp.asarray(tokens_BT),
                jnp.asarray(lengths),
                jnp.asarray(never_V),
                jnp.asarray(sampling.temperature, jnp.float32),
                jax.random.key(sampling.seed),
            )
        )
        samples = [
            _completion(tokenizer, ids, logprobs)
            for ids, logprobs in zip(new_BN.tolist(), logprob_BN.tolist(), strict=True)
        ]
        return [samples[first : first + n] for first in range(0, len(samples), n)]

    return generate


def next_token_with(
    config: ModelConfig, params: Any, tokenizer: CodeTokenizer, visibility: Visibility
) -> Callable[[str], np.ndarray]:
    """The distribution after a text, float `[V]`, as evaluations ask for it."""

    def next_token(text: str) -> np.ndarray:
        ids = [tokenizer.endoftext_id, *tokenizer.encode(text)]
        tokens_BT = np.zeros((1, config.max_seq_length), np.int32)
        tokens_BT[0, : len(ids)] = ids
        logits_BV = _last_logits(config, visibility, params, jnp.asarray(tokens_BT), jnp.asarray([len(ids)]))
        return np.asarray(jax.nn.softmax(logits_BV[0]))

    return next_token


@partial(jax.jit, static_argnums=(0, 1))
def _last_logits(
    config: ModelConfig, visibility: Visibility, params: Any, tokens_BT: Array, lengths_B: Array
) -> Array:
    """Logits `[B, V]` of each row's last token; tokens beyond it are masked."""
    width = tokens_BT.shape[1]
    within_BS = jnp.arange(width)[None, :] < lengths_B[:, None]
    visible_BTS = visibility(width)[None] & within_BS[:, None, :]
    hidden_BTD = hidden_states(config, params, tokens_BT, visible_BTS, None)
    last_BD = jnp.take_along_axis(hidden_BTD, (lengths_B - 1)[:, None, None], axis=1)[:, 0]
    return last_BD @ params["head"]["kernel"]


@partial(jax.jit, static_argnums=(0, 1, 2, 3))
def _sample(
    config: ModelConfig,
    visibility: Visibility,
    steps: int,
    top_k: int,
    params: Any,
    tokens_BT: Array,
    lengths_B: Array,
    never_V: Array,
    temperature: Array,
    key: Array,
) -> tuple[Array, Array]:
    rows = jnp.arange(tokens_BT.shape[0])

    def step(carry: tuple[Array, Array], step_key: Array):
        tokens_BT, lengths_B = carry
        logits_BV = _last_logits(config, visibility, params, tokens_BT, lengths_B)
        allowed_BV = jnp.where(never_V[None, :], -jnp.inf, logits_BV)
        least_B = jax.lax.top_k(allowed_BV, top_k)[0][:, -1]
        scaled_BV = jnp.where(allowed_BV >= least_B[:, None], allowed_BV / temperature, -jnp.inf)
        token_B = jax.random.categorical(step_key, scaled_BV).astype(jnp.int32)
        logprob_B = jnp.take_along_axis(jax.nn.log_softmax(logits_BV), token_B[:, None], axis=1)[:, 0]
        return (tokens_BT.at[rows, lengths_B].set(token_B), lengths_B + 1), (token_B, logprob_B)

    _, (token_NB, logprob_NB) = jax.lax.scan(step, (tokens_BT, lengths_B), jax.random.split(key, steps))
    return token_NB.T, logprob_NB.T


def _completion(tokenizer: CodeTokenizer, ids: list[int], logprobs: list[float]) -> MaskSample:
    ended = tokenizer.endoftext_id in ids
    count = ids.index(tokenizer.endoftext_id) if ended else len(ids)
    return MaskSample(
        text=tokenizer.decode(ids[:count]),
        token_ids=tuple(ids[:count]),
        logprobs=tuple(logprobs[:count]),
        finish_reason="endoftext" if ended else "length",
    )
