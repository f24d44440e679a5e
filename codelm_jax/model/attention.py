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
    probs_BHTS = _probabilities(q_BTHK, k_BTHK, visible_TS[None, None])
    if dropout_seed is not None:
        probs_BHTS = dropout(probs_BHTS, dropout_seed, dropout_rate)
    return jnp.einsum("BHTS,BSHK->BTHK", probs_BHTS, v_BTHK)


def cached_attention(q_BTHK: Array, k_BSHK: Array, v_BSHK: Array, positions_BT: Array) -> Array:
    """Queries at `positions_BT` attend to the cache slots up to and including their own position.

    Returns:
        B T H K, in `v_BSHK`'s type.
    """
    slots_S = jnp.arange(k_BSHK.shape[1])
    visible_BTS = positions_BT[:, :, None] >= slots_S[None, None, :]
    probs_BHTS = _probabilities(q_BTHK, k_BSHK, visible_BTS[:, None])
    return jnp.einsum("BHTS,BSHK->BTHK", probs_BHTS, v_BSHK)


def _probabilities(q_BTHK: Array, k_BSHK: Array, visible: Array) -> Array:
    scale = q_BTHK.shape[-1] ** -0.5
    logits_BHTS = jnp.einsum("BTHK,BSHK->BHTS", q_BTHK, k_BSHK, preferred_element_type=jnp.float32) * scale
    logits_BHTS = jnp.where(visible, logits_BHTS, jnp.finfo(jnp.float32).min)
    return jax.nn.softmax(logits_BHTS, axis=-1).astype(q_BTHK.dtype)
