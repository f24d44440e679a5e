"""Selection without a sort: the threshold of the k largest keys, or of those that reach a weight."""

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array, lax


def ordered(x: Array) -> Array:
    """Maps float32 to uint32 and keeps the order."""
    bits = lax.bitcast_convert_type(x, jnp.uint32)
    sign = jnp.uint32(1 << 31)
    return jnp.where(bits >= sign, ~bits, bits | sign)


def largest_threshold(keys_RV: Array, weights_RV: Array, needed_R: Array, *, on_cpu: bool) -> Array:
    """The largest uint32 threshold such that the keys at or above it weigh at least `needed`, found without a sort.

    With weights of 1 it is the k-th largest key.

    Args:
        keys_RV: uint32.
        weights_RV: float32, not negative.
        needed_R: float32; a row that cannot reach it gets the threshold 0.
        on_cpu: static; whether the program is compiled for a CPU.

    Returns:
        uint32 `[R]`.
    """
    if on_cpu:
        # Few operations are fast: one binary digit at a time; row by row is 3 times faster than all rows at once.
        return lax.map(lambda row: threshold_of_row(*row, bits=1), (keys_RV, weights_RV, needed_R))
    # Few kernels are fast.
    return jax.vmap(partial(threshold_of_row, bits=4))(keys_RV, weights_RV, needed_R)


def threshold_of_row(keys_V: Array, weights_V: Array, needed: Array, *, bits: int) -> Array:
    """`largest_threshold` of one row: a search from the top, `bits` binary digits at a time."""
    digits_N = jnp.arange(1, 2**bits, dtype=jnp.uint32)

    def next_digit(i: Array, found: Array) -> Array:
        shift = (32 - bits * (i + 1)).astype(jnp.uint32)
        candidates_N = found + (digits_N << shift)
        reached_NV = keys_V[None, :] >= candidates_N[:, None]
        weight_N = jnp.sum(jnp.where(reached_NV, weights_V[None, :], 0.0), axis=-1)
        # Weight falls as the threshold rises, so the number of digits that reach `needed` is the largest such digit.
        return found + (jnp.sum(weight_N >= needed, dtype=jnp.uint32) << shift)

    return lax.fori_loop(0, 32 // bits, next_digit, jnp.uint32(0))
