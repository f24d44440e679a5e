"""Refuses to train a model that sees the tokens it has to predict.

The system that this project re-implements had no causal mask. Its loss was too good to be true, and its samples
collapsed, because at sampling time there is no next token to copy.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from codelm_jax.errors import UserError
from codelm_jax.model.config import ModelConfig
from codelm_jax.ops.backend import Backend
from codelm_jax.training.config import TrainConfig
from codelm_jax.training.step import training_hidden

# Real code has not been compressed below this by any small model; the reference's figure was about 0.02.
IMPLAUSIBLE_BITS_PER_BYTE = 0.25
IMPLAUSIBLE_NATS_ABOVE_FLOOR = 0.1

_MEANING = (
    "no model of this size predicts unseen code that well: the model sees its targets (a missing causal mask), or the "
    "held-out files are copies of training files"
)


def training_logits(model: ModelConfig, backend: Backend, params: Any, inputs_BT: Array, key: Array) -> Array:
    """Logits `[B, T, V]` of the forward pass that training differentiates."""
    hidden_BTD = training_hidden(model, backend, params, inputs_BT, key)
    return hidden_BTD @ params["head"]["kernel"].astype(hidden_BTD.dtype)


def check_causality(config: TrainConfig, backend: Backend, params: Any, forward=training_logits) -> None:
    """Changes future tokens and checks that no earlier logit changes, in the forward pass of training.

    Both passes have dropout with the same key. Earlier logits may change by 1e-5 of what later ones change by.

    Args:
        config: of the run.
        backend: of the run.
        params: of the run.
        forward: `(model_config, backend, params, inputs_BT, key) -> logits_BTV`.

    Raises:
        UserError: a logit moved; says at which distance.
    """
    length = config.model.max_seq_length
    rng = np.random.default_rng(config.seed)
    first_BT = rng.integers(0, config.model.vocab_size, (2, length))
    logits = jax.jit(forward, static_argnums=(0, 1))
    key = jax.random.key(config.seed)
    before_BTV = logits(config.model, backend, params, jnp.asarray(first_BT), key)
    if not bool(jnp.isfinite(before_BTV).all()):
        raise UserError(
            "leak guard: the parameters give non-finite logits before the first step; not training"
        )
    for cut in sorted({1, length // 2, length - 1}):
        second_BT = first_BT.copy()
        second_BT[:, cut:] = (first_BT[:, cut:] + 1) % config.model.vocab_size
        after_BTV = logits(config.model, backend, params, jnp.asarray(second_BT), key)
        moved_T = np.asarray(
            jnp.abs(after_BTV.astype(jnp.float32) - before_BTV.astype(jnp.float32)).max(axis=(0, 2))
        )
        if not moved_T[:cut].max() <= 1e-5 * moved_T[cut:].max():
            leaked = int(moved_T[:cut].argmax())
            raise UserError(
                f"leak guard: changing the tokens from position {cut} on moved the logits of position {leaked}: the "
                "model sees the future it is trained to predict. Not training; the attention must be causal"
            )


def implausible(bits_per_byte: float, smoothed_loss: float, floor: float) -> str | None:
    """Why held-out figures are too good to be honest; None when they are not.

    Args:
        bits_per_byte: held out.
        smoothed_loss: held out, nats.
        floor: the lowest smoothed loss there can be, nats.
    """
    if bits_per_byte < IMPLAUSIBLE_BITS_PER_BYTE:
        return f"held-out bits per byte {bits_per_byte:.3f} is below {IMPLAUSIBLE_BITS_PER_BYTE}: {_MEANING}"
    if floor > 0 and smoothed_loss < floor + IMPLAUSIBLE_NATS_ABOVE_FLOOR:
        return (
            f"held-out smoothed loss {smoothed_loss:.4f} is within {IMPLAUSIBLE_NATS_ABOVE_FLOOR} nats of its floor "
            f"{floor:.4f}: {_MEANING}"
        )
    return None
