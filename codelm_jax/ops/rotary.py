"""Rotary position embedding (Su 2021), half-split as in GPT-NeoX, so that checkpoints export to it exactly."""

import jax
import jax.numpy as jnp
from jax import Array

ROPE_BASE = 10_000.0


def apply_rope(x_BTHK: Array, positions_BT: Array) -> Array:
    """Rotates the pairs (x_i, x_{i+K/2}) of each head by the angle `position * base^(-2i/K)`, in float32.

    Args:
        x_BTHK: queries or keys; K even.
        positions_BT: int32; an axis of size 1 broadcasts.
    """
    cos, sin = _tables(positions_BT, x_BTHK.shape[-1])
    # Halves are swapped along an axis of their own: on a CPU, concatenating pieces is ten times slower.
    halves = x_BTHK.astype(jnp.float32).reshape(*x_BTHK.shape[:-1], 2, -1)
    rotated = halves * cos + halves[..., ::-1, :] * sin
    return rotated.reshape(x_BTHK.shape).astype(x_BTHK.dtype)


def _tables(positions_BT: Array, head_dim: int) -> tuple[Array, Array]:
    """Cosine and signed sine of the angles, float32 `[B, T, 1, 2, K/2]` each.

    The compiler keeps one copy for all layers. Without the barrier a CPU would compute them again for every element.
    """
    frequencies = ROPE_BASE ** (-jnp.arange(0, head_dim, 2, dtype=jnp.float32) / head_dim)
    angles = (positions_BT[..., None].astype(jnp.float32) * frequencies[None, None, :])[:, :, None, None, :]
    cos, sin = jnp.cos(angles), jnp.sin(angles)
    tables = jnp.concatenate([cos, cos], axis=3), jnp.concatenate([-sin, sin], axis=3)
    return jax.lax.optimization_barrier(tables)
