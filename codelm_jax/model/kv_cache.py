"""Keys and values of the positions already seen: a plain pytree, passed in and returned."""

import flax.struct
import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike

from codelm_jax.model.config import ModelConfig


@flax.struct.dataclass
class LayerCache:
    """One layer's keys and values, `[N, S, K]` with N = B x H: entry s of a row belongs to its position s.

    The shape is that of attention's batched products. With axes in another order, or with batch and heads apart, a CPU
    copies or transposes the whole cache at every step.
    """

    k_NSK: Array
    v_NSK: Array

    def write(self, k_BTHK: Array, v_BTHK: Array, positions_BT: Array) -> "LayerCache":
        """Stores keys and values at the rows' own positions; positions beyond the end are dropped."""
        batch, _, heads, _ = k_BTHK.shape
        rows = jnp.arange(batch)[:, None]

        def put(old_NSK: Array, x_BTHK: Array) -> Array:
            old_BHSK = old_NSK.reshape(batch, heads, *old_NSK.shape[1:])
            return old_BHSK.at[rows, :, positions_BT].set(x_BTHK, mode="drop").reshape(old_NSK.shape)

        return LayerCache(put(self.k_NSK, k_BTHK), put(self.v_NSK, v_BTHK))


@flax.struct.dataclass
class KVCache:
    """The caches of all layers.

    Rows may have different lengths: the caller keeps each row's next position. A query at position p sees entries 0 to p
    only, and its own step has just written entry p, so right-padding beyond the end of a row is never read.
    """

    layers: tuple[LayerCache, ...]

    @property
    def length(self) -> int:
        """Positions that fit."""
        return self.layers[0].k_NSK.shape[1]


def init_cache(config: ModelConfig, batch: int, length: int, dtype: DTypeLike) -> KVCache:
    """An empty cache for `batch` rows of up to `length` positions.

    Raises:
        ValueError: `length` is beyond what learned positions reach.
    """
    if config.position_encoding == "learned" and length > config.max_seq_length:
        raise ValueError(
            f"a cache of {length} positions needs max_seq_length >= {length}, not {config.max_seq_length}"
        )

    def empty() -> Array:
        return jnp.zeros((batch * config.num_heads, length, config.head_dim), dtype)

    return KVCache(tuple(LayerCache(empty(), empty()) for _ in range(config.num_layers)))
