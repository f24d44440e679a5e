"""Rotary position embedding (Su 2021), half-split as in GPT-NeoX, so that checkpoints export to it exactly."""

import jax
import jax.numpy as jnp
from jax import Array

ROPE_BASE = 10_000.0


def rope_tables(positions_BT: Array, head_dim: int) -> tuple[Array, Array]:
    """Cosine and signed sine of the angles `position * base^(-2i/K)`, float32 `[B, T, 1, 2, K/2]` each.

    For all layers at once: behind a barrier, because a CPU would compute them anew for every element that they rotate.

    Args:
        positions_BT: int32; an axis of size 1 broadcasts.
        head_dim: K, even.
    """
    frequencies = ROPE_BASE ** (-jnp.arange(0, head_dim, 2, dtype=jnp.float32) / head_dim)
    angles = (positions_BT[..., None].astype(jnp.float32) * frequencies[None, None, :])[:, :, None, None, :]
    cos, sin = jnp.cos(angles), jnp.sin(angles)
    tables = jnp.concatenate([cos, cos], axis=3), jnp.concatenate([-sin, sin], axis=3)
    return jax.lax.optimization_barrier(tables)


def apply_rope(x_BTHK: Array, tables: tuple[Array, Array]) -> Array:
    """Rotates the pairs (x_i, x_{i+K/2}) of each head by the angle of their position, in float32.

    Halves are swapped as an axis of their own: a CPU's loop over pieces that are concatenated is ten times slower.
    """
    cos, sin = tables
    halves = x_BTHK.astype(jnp.float32).reshape(*x_BTHK.shape[:-1], 2, -1)
    rotated = halves * cos + halves[..., ::-1, :] * sin
    return rotated.reshape(x_BTHK.shape).astype(x_BTHK.dtype)
