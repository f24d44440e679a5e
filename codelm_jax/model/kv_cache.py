"""Keys and values of the positions already seen: a plain pytree, passed in and returned."""

import flax.struct
import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike

from codelm_jax.model.config import ModelConfig


@flax.struct.dataclass
class KVCache:
    """One array a layer, `[N, S, K]` with N = B x H; slot s of a row holds the key and value of its position s.

    Rows may be of different lengths: who decodes keeps each row's next position. A query at position p sees slots 0 to
    p only, and its own step has just written slot p, so what right-padding left beyond a row's end is never read.

    The shape is the one that attention's batched products take as it is. With axes in
    another order, or batch and heads apart, a CPU copies or transposes the whole cache at every step.
    """

    k_NSK: tuple[Array, ...]
    v_NSK: tuple[Array, ...]

    @property
    def length(self) -> int:
        """Positions that fit."""
        return self.k_NSK[0].shape[1]

    def write(self, layer: int, k_BTHK: Array, v_BTHK: Array, positions_BT: Array) -> "KVCache":
        """Stores one layer's keys and values at the rows' own positions; positions beyond the end are dropped."""
        batch, _, heads, head_dim = k_BTHK.shape
        rows = jnp.arange(batch)[:, None]

        def put(layers: tuple[Array, ...], x_BTHK: Array) -> tuple[Array, ...]:
            old_BHSK = layers[layer].reshape(batch, heads, self.length, head_dim)
            new_BHSK = old_BHSK.at[rows, :, positions_BT].set(x_BTHK, mode="drop")
            return (*layers[:layer], new_BHSK.reshape(layers[layer].shape), *layers[layer + 1 :])

        return KVCache(k_NSK=put(self.k_NSK, k_BTHK), v_NSK=put(self.v_NSK, v_BTHK))


def init_cache(config: ModelConfig, batch: int, length: int, dtype: DTypeLike) -> KVCache:
    """An empty cache for `batch` rows of up to `length` positions.

    Raises:
        ValueError: `length` is beyond what learned positions reach.
    """
    if config.position_encoding == "learned" and length > config.max_seq_length:
        raise ValueError(
            f"a cache of {length} positions needs max_seq_length >= {length}, not {config.max_seq_length}"
        )
    shape = (batch * config.num_heads, length, config.head_dim)

    def empty() -> tuple[Array, ...]:
        return tuple(jnp.zeros(shape, dtype) for _ in range(config.num_layers))

    return KVCache(k_NSK=empty(), v_NSK=empty())
