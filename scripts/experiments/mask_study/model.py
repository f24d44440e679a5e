"""The model as a function with an explicit mask; the package's own model is always causal.

Same parameters, same dropout sites and masks as `model.transformer.Transformer`; under `causal` it computes the same.
"""

from collections.abc import Callable
from typing import Any, cast

import jax
import jax.numpy as jnp
from jax import Array

from codelm_jax.errors import UserError
from codelm_jax.model.config import ModelConfig
from codelm_jax.model.transformer import NORM_EPSILON
from codelm_jax.ops.dropout import dropout, layer_seeds
from codelm_jax.ops.matmul import matmul, unstack3
from codelm_jax.ops.rotary import apply_rope

# From the number of positions to which of them each sees, bool [T, S].
Visibility = Callable[[int], Array]

_ONLY = {"normalization": "layernorm", "activation": "gelu", "position_encoding": "rope"}


def causal(length: int) -> Array:
    """Each position sees itself and those before it."""
    return jnp.tril(jnp.ones((length, length), jnp.bool_))


def everything(length: int) -> Array:
    """Each position sees all, the next one included: the reference's attention, called without a mask."""
    return jnp.ones((length, length), jnp.bool_)


def check_supported(config: ModelConfig) -> None:
    """Refuses an architecture other than the reference's.

    Raises:
        UserError: names the key.
    """
    for key, needed in _ONLY.items():
        if getattr(config, key) != needed:
            raise UserError(f"config.model.{key} = {getattr(config, key)!r}: this study has only {needed!r}")


def hidden_states(
    config: ModelConfig, params: Any, tokens_BT: Array, visible_BTS: Array, dropout_key: Array | None
) -> Array:
    """Normalised hidden states `[B, T, D]`, float32.

    Args:
        config: of the parameters.
        params: as `init_params` makes them.
        tokens_BT: integer ids.
        visible_BTS: whether position t sees position s; an axis of size 1 broadcasts.
        dropout_key: None drops nothing.
    """
    positions_BT = jnp.arange(tokens_BT.shape[1])[None, :]
    x_BTD = params["embedding"]["embedding"][tokens_BT.astype(jnp.int32)]
    for i, seeds in enumerate(layer_seeds(dropout_key, config.num_layers)):
        layer = params[f"layers_{i}"]
        normed_BTD = _layer_norm(layer["attention_norm"], x_BTD)
        qkv_BTE = _product(normed_BTD, layer["attention"]["qkv"]["kernel"])
        qkv_BT3HK = qkv_BTE.reshape(*qkv_BTE.shape[:2], 3, config.num_heads, config.head_dim)
        q_BTHK, k_BTHK, v_BTHK = unstack3(qkv_BT3HK)
        q_BHTK, k_BHSK, v_BHSK = (
            x.transpose(0, 2, 1, 3)
            for x in (apply_rope(q_BTHK, positions_BT), apply_rope(k_BTHK, positions_BT), v_BTHK)
        )
        logits_BHTS = jnp.einsum("BHTK,BHSK->BHTS", q_BHTK, k_BHSK) * config.head_dim**-0.5
        logits_BHTS = jnp.where(visible_BTS[:, None], logits_BHTS, jnp.finfo(jnp.float32).min)
        probs_BHTS = dropout(jax.nn.softmax(logits_BHTS), seeds.attention, config.attention_dropout)
        attended_BHTK = jnp.einsum("BHTS,BHSK->BHTK", probs_BHTS, v_BHSK)
        attended_BTD = attended_BHTK.transpose(0, 2, 1, 3).reshape(x_BTD.shape)
        branch_BTD = _product(attended_BTD, layer["attention"]["output"]["kernel"])
        x_BTD = x_BTD + dropout(branch_BTD, seeds.attention_branch, config.residual_dropout)
        up_BTF = _product(_layer_norm(layer["ffn_norm"], x_BTD), layer["ffn"]["up"]["kernel"])
        hidden_BTF = dropout(jax.nn.gelu(up_BTF, approximate=False), seeds.ffn, config.residual_dropout)
        x_BTD = x_BTD + dropout(
            _product(hidden_BTF, layer["ffn"]["down"]["kernel"]), seeds.ffn_branch, config.residual_dropout
        )
    return _layer_norm(params["final_norm"], x_BTD)


def _product(x: Array, kernel: Array) -> Array:
    """`x` `[B, T, inputs]` times a kernel whose axes are those of its inputs, then those of its outputs."""
    inputs = x.shape[-1]
    product = cast(Array, matmul(x.reshape(-1, inputs), kernel.reshape(inputs, -1), True))
    return product.reshape(*x.shape[:2], -1)


def _layer_norm(params: Any, x: Array) -> Array:
    mean = x.mean(axis=-1, keepdims=True)
    variance = jnp.square(x - mean).mean(axis=-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + NORM_EPSILON) * params["scale"][None, None, :] + params[
        "bias"
    ][None, None, :]
