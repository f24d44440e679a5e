"""Dropout whose mask is a hash of (seed, row, place): nothing is stored, every device computes the same mask.

A threefry mask costs about as much as the matrix products around it; this one is a few integer operations that fuse
into the consumer. The backward pass computes the mask again, so no array of its size outlives the forward pass.

`hash(place ^ seed)` alone would be broken: two seeds that differ by d give the same mask with places i and i ^ d
swapped. So each row gets two keys of its own, one mixed in before and one between two rounds of mixing. The mixer is a
bijection, so no two rows of one seed share a key.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax


def mix32(x: Array) -> Array:
    """Scrambles 32-bit words, one to one (the `lowbias32` constants of C. Wellons' hash prospector).

    Args:
        x: uint32, any shape.
    """
    x = x ^ (x >> jnp.uint32(16))
    x = x * jnp.uint32(0x7FEB352D)
    x = x ^ (x >> jnp.uint32(15))
    x = x * jnp.uint32(0x846CA68B)
    return x ^ (x >> jnp.uint32(16))


class LayerSeeds(NamedTuple):
    """Where a transformer layer drops: one seed a site, uint32 `[2]`; None drops nothing."""

    attention: Array | None = None  # attention probabilities
    attention_branch: Array | None = None  # what attention adds to the residual stream
    ffn: Array | None = None  # the hidden layer of the feed-forward network
    ffn_branch: Array | None = None  # what the feed-forward network adds to the residual stream


def layer_seeds(key: Array | None, num_layers: int) -> list[LayerSeeds]:
    """Draws the seeds of all layers from a PRNG key; without a key nothing is dropped."""
    if key is None:
        return [LayerSeeds()] * num_layers
    sites = len(LayerSeeds._fields)
    return [LayerSeeds(*seeds) for seeds in site_seeds(key, num_layers * sites).reshape(num_layers, sites, 2)]


def site_seeds(key: Array, num_sites: int) -> Array:
    """Draws one fully mixed seed for each dropout site, uint32 `[num_sites, 2]`, from a PRNG key."""
    return jax.random.bits(key, (num_sites, 2), jnp.uint32)


def keep_mask(seed: Array, shape: tuple[int, ...], rate: float) -> Array:
    """Which elements are kept: each independently with probability `1 - rate`.

    The last two axes are the place within a row, all axes before them number the rows. The mask does not depend on how
    the array is split over devices.

    Args:
        seed: uint32 `[2]`.
        shape: at least two axes; the last two hold fewer than 2^32 elements.
        rate: probability of dropping, in [0, 1).
    """
    rows_shape, (height, width) = shape[:-2], shape[-2:]
    outer, inner = (key[..., None, None] for key in row_keys(seed, rows_shape))
    row = lax.broadcasted_iota(jnp.uint32, (height, width), 0)
    column = lax.broadcasted_iota(jnp.uint32, (height, width), 1)
    place = (row * jnp.uint32(width) + column).reshape(*(1 for _ in rows_shape), height, width)
    return kept(place, outer, inner, rate)


def row_keys(seed: Array, rows_shape: tuple[int, ...]) -> tuple[Array, Array]:
    """The two keys of each row of a mask, uint32 `rows_shape`.

    Args:
        seed: uint32 `[2]`.
        rows_shape: all axes of the mask but its last two.
    """
    rows = lax.iota(jnp.uint32, math.prod(rows_shape)).reshape(rows_shape)
    outer = mix32(rows ^ seed[0])
    return outer, mix32(outer ^ seed[1])


def kept(place: Array, outer: Array, inner: Array, rate: float) -> Array:
    """Whether the element at `place` of the row with these keys is kept; uint32 shapes that broadcast."""
    bits = mix32(mix32(place ^ outer) ^ inner)
    return bits >= jnp.uint32(min(round(rate * 2**32), 2**32 - 1))


def dropout(x: Array, seed: Array | None, rate: float) -> Array:
    """Zeroes each element with probability `rate` and scales the rest by `1 / (1 - rate)` (Srivastava 2014).

    Args:
        x: floating, at least two axes.
        seed: uint32 `[2]`, see `site_seeds`; None returns `x`.
        rate: in [0, 1); 0 returns `x`.
    """
    if seed is None or rate == 0.0:
        return x
    return _dropout(x, seed, rate)


def _masked(x: Array, seed: Array, rate: float) -> Array:
    # In float32: the factor rounded to bfloat16 is wrong by up to 0.4 %.
    scaled = (x.astype(jnp.float32) * (1.0 / (1.0 - rate))).astype(x.dtype)
    return jnp.where(keep_mask(seed, x.shape, rate), scaled, 0)


_dropout = jax.custom_vjp(_masked, nondiff_argnums=(2,))
_dropout.defvjp(
    lambda x, seed, rate: (_masked(x, seed, rate), seed),
    lambda rate, seed, grad: (_masked(grad, seed, rate), None),
)
