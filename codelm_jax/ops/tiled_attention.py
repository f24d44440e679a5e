"""Causal attention in plain XLA that skips most of what the mask removes, for CPUs.

Each tile of queries is multiplied with the keys up to its own last position only: with four tiles that is 5/8 of the
square, in products, softmax, dropout and their gradients.
"""

import jax
import jax.numpy as jnp
from jax import Array, lax

from codelm_jax.ops.dropout import kept, row_keys

# Queries per tile: smaller tiles skip more, but their products are slower.
TILE = 64


def tiled_attention(
    q_BTHK: Array, k_BTHK: Array, v_BTHK: Array, *, dropout_rate: float, dropout_seed: Array | None
) -> Array:
    """`attention.causal_attention` tile by tile: the same mask, the same values up to rounding."""
    q_BHTK, k_BHSK, v_BHSK = (x.transpose(0, 2, 1, 3) for x in (q_BTHK, k_BTHK, v_BTHK))
    length, scale = q_BTHK.shape[1], q_BTHK.shape[-1] ** -0.5
    tiles = []
    for start in range(0, length, TILE):
        stop = min(start + TILE, length)
        logits_BHTS = scale * jnp.einsum(
            "BHTK,BHSK->BHTS",
            q_BHTK[:, :, start:stop],
            k_BHSK[:, :, :stop],
            preferred_element_type=jnp.float32,
        )
        visible_TS = jnp.arange(start, stop)[:, None] >= jnp.arange(stop)[None, :]
        logits_BHTS = jnp.where(visible_TS[None, None], logits_BHTS, jnp.finfo(jnp.float32).min)
        probs_BHTS = jax.nn.softmax(logits_BHTS, axis=-1).astype(q_BTHK.dtype)
        if dropout_seed is not None and dropout_rate:
            probs_BHTS = _dropout(probs_BHTS, dropout_seed, dropout_rate, start, length)
        tiles.append(jnp.einsum("BHTS,BHSK->BHTK", probs_BHTS, v_BHSK[:, :, :stop]))
    return jnp.concatenate(tiles, axis=2).transpose(0, 2, 1, 3)


def _masked(x_BHTS: Array, seed: Array, rate: float, start: int, length: int) -> Array:
    """Drops what `dropout.dropout` drops in these rows of the whole square."""
    outer, inner = (key[..., None, None] for key in row_keys(seed, x_BHTS.shape[:2]))
    shape = x_BHTS.shape[2:]
    row = lax.broadcasted_iota(jnp.uint32, shape, 0) + jnp.uint32(start)
    place_TS = row * jnp.uint32(length) + lax.broadcasted_iota(jnp.uint32, shape, 1)
    scaled = (x_BHTS.astype(jnp.float32) * (1.0 / (1.0 - rate))).astype(x_BHTS.dtype)
    return jnp.where(kept(place_TS[None, None], outer, inner, rate), scaled, 0)


_dropout = jax.custom_vjp(_masked, nondiff_argnums=(2, 3, 4))
_dropout.defvjp(
    lambda x, seed, rate, start, length: (_masked(x, seed, rate, start, length), seed),
    lambda rate, start, length, seed, grad: (_masked(grad, seed, rate, start, length), None),
)
