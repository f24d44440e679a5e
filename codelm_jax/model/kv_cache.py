"""Keys and values of the positions already seen: a plain pytree, passed in and returned."""

import flax.struct
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import DTypeLike

from codelm_jax.model.config import ModelConfig


@flax.struct.dataclass
class KVCache:
    """One array a layer; slot s of a row holds the key and value of the row's position s.

    Rows may be of different lengths: who decodes keeps each row's next position. A query at position p sees slots 0 to
    p only, and its own step has just written slot p, so what right-padding left beyond a row's end is never read.

    Heads come before slots, so that attention's batched products read the cache in place: with the heads inside, a
    CPU transposed all of it at every step. Layers are apart because a slice of one array for all would be a copy.
    """

    k_BHSK: tuple[Array, ...]
    v_BHSK: tuple[Array, ...]

    @property
    def length(self) -> int:
        """Positions that fit."""
        return self.k_BHSK[0].shape[2]

    def write(self, layer: int, k_BTHK: Array, v_BTHK: Array, positions_BT: Array) -> "KVCache":
        """Stores one layer's keys and values at the rows' own positions; positions beyond the end are dropped."""
        rows = jnp.arange(k_BTHK.shape[0])[:, None]

        def put(layers: tuple[Array, ...], x_BTHK: Array) -> tuple[Array, ...]:
            written_BHSK = layers[layer].at[rows, :, positions_BT].set(x_BTHK, mode="drop")
            # Merged into attention, the write is done twice, once for it and once in place: 20 % at 64 rows on a CPU.
            written_BHSK = lax.optimization_barrier(written_BHSK)
            return (*layers[:layer], written_BHSK, *layers[layer + 1 :])

        return KVCache(k_BHSK=put(self.k_BHSK, k_BTHK), v_BHSK=put(self.v_BHSK, v_BTHK))


def init_cache(config: ModelConfig, batch: int, length: int, dtype: DTypeLike) -> KVCache:
    """An empty cache for `batch` rows of up to `length` positions.

    Raises:
        ValueError: `length` is beyond what learned positions reach.
    """
    if config.position_encoding == "learned" and length > config.max_seq_length:
        raise ValueError(
            f"a cache of {length} positions needs max_seq_length >= {length}, not {config.max_seq_length}"
        )
    shape = (batch, config.num_heads, length, config.head_dim)

    def empty() -> tuple[Array, ...]:
        return tuple(jnp.zeros(shape, dtype) for _ in range(config.num_layers))

    return KVCache(k_BHSK=empty(), v_BHSK=empty())
