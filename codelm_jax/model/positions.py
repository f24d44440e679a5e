"""Rotary position embedding (Su 2021), half-split as in GPT-NeoX, so that checkpoints export to it exactly."""

import jax.numpy as jnp
from jax import Array

ROPE_BASE = 10_000.0


def rope_angles(positions_BT: Array, head_dim: int) -> Array:
    """Angles `position * base^(-2i/K)`, float32 `[B, T, K/2]`.

    Args:
        positions_BT: int32; an axis of size 1 broadcasts.
        head_dim: K, even.
    """
    frequencies = ROPE_BASE ** (-jnp.arange(0, head_dim, 2, dtype=jnp.float32) / head_dim)
    return positions_BT[..., None].astype(jnp.float32) * frequencies[None, None, :]


def apply_rope(x_BTHK: Array, angles_BTK: Array) -> Array:
    """Rotates the pairs (x_i, x_{i+K/2}) of each head by the angle of their position, in float32."""
    cos = jnp.cos(angles_BTK)[:, :, None, :]
    sin = jnp.sin(angles_BTK)[:, :, None, :]
    first, second = jnp.split(x_BTHK.astype(jnp.float32), 2, axis=-1)
    rotated = jnp.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)
    return rotated.astype(x_BTHK.dtype)
