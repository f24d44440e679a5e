"""Every attention path behind two functions: causal over a whole sequence, and over a key-value cache."""

import jax
import jax.numpy as jnp
from jax import Array

from codelm_jax.model.dropout import dropout


def causal_attention(
    q_BTHK: Array, k_BTHK: Array, v_BTHK: Array, *, dropout_rate: float, dropout_seed: Array | None
) -> Array:
    """Each position attends to itself and to those before it (Vaswani 2017, scaled dot product).

    Args:
        q_BTHK: queries.
        k_BTHK: keys.
        v_BTHK: values.
        dropout_rate: of the attention probabilities.
        dropout_seed: uint32 `[2]`; None drops nothing.

    Returns:
        B T H K, in `v_BTHK`'s type. Logits and softmax are float32.
    """
    positions_T = jnp.arange(q_BTHK.shape[1])
    visible_TS = positions_T[:, None] >= positions_T[None, :]
    logits_BHTS = jnp.einsum("BTHK,BSHK->BHTS", q_BTHK, k_BTHK, preferred_element_type=jnp.float32)
    probs_BHTS = _softmax(logits_BHTS, visible_TS[None, None], q_BTHK)
    if dropout_seed is not None:
        probs_BHTS = dropout(probs_BHTS, dropout_seed, dropout_rate)
    return jnp.einsum("BHTS,BSHK->BTHK", probs_BHTS, v_BTHK)


def cached_attention(q_BTHK: Array, k_BHSK: Array, v_BHSK: Array, positions_BT: Array) -> Array:
    """Queries at `positions_BT` attend to the cache slots up to and including their own position.

    Returns:
        B T H K, in `v_BHSK`'s type.
    """
    slots_S = jnp.arange(k_BHSK.shape[2])
    visible_BTS = positions_BT[:, :, None] >= slots_S[None, None, :]
    logits_BHTS = jnp.einsum("BTHK,BHSK->BHTS", q_BTHK, k_BHSK, preferred_element_type=jnp.float32)
    probs_BHTS = _softmax(logits_BHTS, visible_BTS[:, None], q_BTHK)
    return jnp.einsum("BHTS,BHSK->BTHK", probs_BHTS, v_BHSK)


def _softmax(logits_BHTS: Array, visible: Array, q_BTHK: Array) -> Array:
    """Attention probabilities from unscaled float32 logits, in the queries' type."""
    logits_BHTS = logits_BHTS * q_BTHK.shape[-1] ** -0.5
    logits_BHTS = jnp.where(visible, logits_BHTS, jnp.finfo(jnp.float32).min)
    return jax.nn.softmax(logits_BHTS, axis=-1).astype(q_BTHK.dtype)
