"""Attention: causal over a whole sequence by the backend's implementation, and over a key-value cache."""

import jax
import jax.numpy as jnp
from jax import Array

from codelm_jax.ops.backend import Backend
from codelm_jax.ops.dropout import dropout
from codelm_jax.ops.flash_attention import flash_attention
from codelm_jax.ops.tiled_attention import TILE, tiled_attention


def causal_attention(
    q_BTHK: Array,
    k_BTHK: Array,
    v_BTHK: Array,
    *,
    dropout_rate: float,
    dropout_seed: Array | None,
    backend: Backend,
) -> Array:
    """Causal scaled dot-product attention (Vaswani 2017).

    All implementations drop the same probabilities and agree up to rounding. On a CPU plain XLA works tile by tile.

    Args:
        q_BTHK: queries.
        k_BTHK: keys.
        v_BTHK: values.
        dropout_rate: of the attention probabilities; static.
        dropout_seed: uint32 `[2]`; None drops nothing.
        backend: static.

    Returns:
        B T H K, in `v_BTHK`'s type. Logits and softmax are float32.
    """
    if backend.attention != "xla":
        return flash_attention(
            q_BTHK,
            k_BTHK,
            v_BTHK,
            dropout_rate=dropout_rate,
            dropout_seed=dropout_seed,
            interpret=backend.attention == "interpreted",
        )
    if backend.on_cpu and q_BTHK.shape[1] > TILE:
        return tiled_attention(q_BTHK, k_BTHK, v_BTHK, dropout_rate=dropout_rate, dropout_seed=dropout_seed)
    positions_T = jnp.arange(q_BTHK.shape[1])
    visible_TS = positions_T[:, None] >= positions_T[None, :]
    logits_BHTS = jnp.einsum("BTHK,BSHK->BHTS", q_BTHK, k_BTHK, preferred_element_type=jnp.float32)
    probs_BHTS = _softmax(logits_BHTS, visible_TS[None, None], q_BTHK)
    if dropout_seed is not None:
        probs_BHTS = dropout(probs_BHTS, dropout_seed, dropout_rate)
    return jnp.einsum("BHTS,BSHK->BTHK", probs_BHTS, v_BTHK)


def cached_attention(q_BTHK: Array, k_NSK: Array, v_NSK: Array, positions_BT: Array) -> Array:
    """Queries at `positions_BT` attend to the cached positions up to and including their own.

    Args:
        q_BTHK: queries.
        k_NSK: cached keys, N = B x H.
        v_NSK: cached values.
        positions_BT: int32.

    Returns:
        B T H K, in `v_NSK`'s type.
    """
    batch, length, heads, head_dim = q_BTHK.shape
    cached = k_NSK.shape[1]
    visible_BTS = positions_BT[:, :, None] >= jnp.arange(cached)[None, None, :]
    q_NTK = q_BTHK.transpose(0, 2, 1, 3).reshape(batch * heads, length, head_dim)
    logits_NTS = jnp.einsum("NTK,NSK->NTS", q_NTK, k_NSK, preferred_element_type=jnp.float32)
    logits_BHTS = logits_NTS.reshape(batch, heads, length, cached)
    probs_BHTS = _softmax(logits_BHTS, visible_BTS[:, None], q_BTHK)
    out_NTK = jnp.einsum("NTS,NSK->NTK", probs_BHTS.reshape(logits_NTS.shape), v_NSK)
    return out_NTK.reshape(batch, heads, length, head_dim).transpose(0, 2, 1, 3)


def _softmax(logits_BHTS: Array, visible: Array, q_BTHK: Array) -> Array:
    """Attention probabilities from unscaled float32 logits, in the queries' type."""
    logits_BHTS = logits_BHTS * q_BTHK.shape[-1] ** -0.5
    logits_BHTS = jnp.where(visible, logits_BHTS, jnp.finfo(jnp.float32).min)
    return jax.nn.softmax(logits_BHTS, axis=-1).astype(q_BTHK.dtype)
