"""Keys and values of the positions already seen: a plain pytree, passed in and returned."""

import flax.struct
import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike

from codelm_jax.model.config import ModelConfig


@flax.struct.dataclass
class KVCache:
    """Slot s of a row holds the key and value of the row's position s.

    Rows may be of different lengths: who decodes keeps each row's next position. A query at position p sees slots 0 to
    p only, and its own step has just written slot p, so what right-padding left beyond a row's end is never read.
    """

    k_LBSHK: Array
    v_LBSHK: Array

    @property
    def length(self) -> int:
        """Positions that fit."""
        return self.k_LBSHK.shape[2]

    def write(self, layer: int, k_BTHK: Array, v_BTHK: Array, positions_BT: Array) -> "KVCache":
        """Stores one layer's keys and values at the rows' own positions; positions beyond the end are dropped."""
        rows = jnp.arange(k_BTHK.shape[0])[:, None]
        return KVCache(
            k_LBSHK=self.k_LBSHK.at[layer, rows, positions_BT].set(k_BTHK, mode="drop"),
            v_LBSHK=self.v_LBSHK.at[layer, rows, positions_BT].set(v_BTHK, mode="drop"),
        )


def init_cache(config: ModelConfig, batch: int, length: int, dtype: DTypeLike) -> KVCache:
    """An empty cache for `batch` rows of up to `length` positions.

    Raises:
        ValueError: `length` is beyond what learned positions reach.
    """
    if config.position_encoding == "learned" and length > config.max_seq_length:
        raise ValueError(
            f"a cache of {length} positions needs max_seq_length >= {length}, not {config.max_seq_length}"
        )
    shape = (config.num_layers, batch, length, config.num_heads, config.head_dim)
    return KVCache(k_LBSHK=jnp.zeros(shape, dtype), v_LBSHK=jnp.zeros(shape, dtype))
