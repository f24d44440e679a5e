"""The two GPU kernels of `flash_attention`, and the sizes of their tiles.

Both walk the score matrix tile by tile and keep only running sums (Dao 2023, "FlashAttention-2"), so no array of the
size T x T ever exists. Tiles above the diagonal are never visited. Scores are kept in base 2: the GPU has an
instruction for 2^x, not for e^x.
"""

import dataclasses
import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton as plt
from jax.typing import DTypeLike

from codelm_jax.ops.dropout import kept

# Tensor cores multiply tiles of at least 16 x 16.
_SMALLEST_TILE = 16

# Bytes of one tile of queries, keys or values: six of them fit the shared memory of every GPU since 2020.
_TILE_BYTES = 8192
_LARGEST_TILE = 64


@dataclasses.dataclass(frozen=True)
class Tuning:
    """Settings that change the speed of the kernels and, but for rounding, nothing else; tiles are powers of two from 16.

    Attributes:
        forward_queries: rows of a forward tile.
        forward_keys: columns of a forward tile.
        forward_warps: of 32 threads, working on one row of tiles.
        forward_stages: tiles in flight.
        backward_tile: rows and columns of a backward tile.
        backward_warps: as in the forward pass.
        backward_stages: as in the forward pass.
    """

    forward_queries: int
    forward_keys: int
    forward_warps: int
    forward_stages: int
    backward_tile: int
    backward_warps: int
    backward_stages: int


def default_tuning(head_dim: int, dtype: DTypeLike) -> Tuning:
    """Tiles that fit into shared memory; a guess that no GPU has confirmed yet."""
    fitting = _TILE_BYTES // (padded(head_dim) * jnp.dtype(dtype).itemsize)
    tile = min(max(fitting, _SMALLEST_TILE), _LARGEST_TILE)
    return Tuning(tile, tile, 4, 2, tile, 4, 2)


def padded(size: int) -> int:
    """The smallest side of a tile that holds `size`."""
    return max(_SMALLEST_TILE, pl.next_power_of_2(size))


def forward(
    q_BTHK: Array,
    k_BTHK: Array,
    v_BTHK: Array,
    keys_BH2: Array,
    *,
    rate: float,
    tuning: Tuning,
    interpret: bool,
) -> tuple[Array, Array]:
    """Attention, and what the backward pass needs besides its inputs.

    Args:
        q_BTHK: queries.
        k_BTHK: keys.
        v_BTHK: values.
        keys_BH2: uint32, `dropout.row_keys` of each row and head; not read where `rate` is 0.
        rate: of dropout, static.
        tuning: static.
        interpret: run as plain XLA operations, on any device.

    Returns:
        Values B T H K and the logarithm to base 2 of each softmax's denominator, float32 B H T.
    """
    batch, length, heads, head_dim = q_BTHK.shape
    tile_q, tile_k = (min(tile, padded(length)) for tile in (tuning.forward_queries, tuning.forward_keys))
    whole = _whole(length, max(tile_q, tile_k), head_dim)
    kernel = partial(
        _forward_kernel,
        tile_q=tile_q,
        tile_k=tile_k,
        length=length,
        head_dim=head_dim,
        rate=rate,
    )
    return pl.pallas_call(
        kernel,
        grid=(pl.cdiv(length, tile_q), batch, heads),
        in_specs=[_tile(tile_q, head_dim), whole, whole, _KEYS],
        out_specs=[_tile(tile_q, head_dim), pl.BlockSpec((None, None, tile_q), lambda i, b, h: (b, h, i))],
        out_shape=[
            jax.ShapeDtypeStruct(v_BTHK.shape, v_BTHK.dtype),
            jax.ShapeDtypeStruct((batch, heads, length), jnp.float32),
        ],
        compiler_params=plt.CompilerParams(num_warps=tuning.forward_warps, num_stages=tuning.forward_stages),
        interpret=interpret,
        name="attention_forward",
    )(q_BTHK, k_BTHK, v_BTHK, keys_BH2)


def backward(
    q_BTHK: Array,
    k_BTHK: Array,
    v_BTHK: Array,
    keys_BH2: Array,
    grad_BTHK: Array,
    lse_BHT: Array,
    delta_BHT: Array,
    *,
    rate: float,
    tuning: Tuning,
    interpret: bool,
) -> tuple[Array, Array, Array]:
    """Gradients of queries, keys and values; the mask is computed again from its keys.

    Args:
        q_BTHK: as for `forward`, like all arguments that are not explained here.
        k_BTHK: as for `forward`.
        v_BTHK: as for `forward`.
        keys_BH2: as for `forward`.
        grad_BTHK: gradient of the attended values.
        lse_BHT: from `forward`.
        delta_BHT: inner product of each attended value with its gradient, float32.
        rate: as for `forward`.
        tuning: as for `forward`.
        interpret: as for `forward`.
    """
    batch, length, heads, head_dim = q_BTHK.shape
    tile = min(tuning.backward_tile, padded(length))
    whole, own = _whole(length, tile, head_dim), _tile(tile, head_dim)
    whole_row = pl.BlockSpec((None, None, pl.cdiv(length, tile) * tile), lambda i, b, h: (b, h, 0))
    kernel = partial(_backward_kernel, tile=tile, length=length, head_dim=head_dim, rate=rate)
    return pl.pallas_call(
        kernel,
        grid=(pl.cdiv(length, tile), batch, heads),
        in_specs=[whole, whole, whole, _KEYS, whole, whole_row, whole_row],
        out_specs=[own, own, own],
        out_shape=[jax.ShapeDtypeStruct(x.shape, x.dtype) for x in (q_BTHK, k_BTHK, v_BTHK)],
        compiler_params=plt.CompilerParams(
            num_warps=tuning.backward_warps, num_stages=tuning.backward_stages
        ),
        interpret=interpret,
        name="attention_backward",
    )(q_BTHK, k_BTHK, v_BTHK, keys_BH2, grad_BTHK, lse_BHT, delta_BHT)


# One (batch row, head) of the keys.
_KEYS = pl.BlockSpec((None, None, 2), lambda i, b, h: (b, h, 0))


def _tile(tile: int, head_dim: int) -> pl.BlockSpec:
    return pl.BlockSpec((None, tile, None, padded(head_dim)), lambda i, b, h: (b, i, h, 0))


def _whole(length: int, tile: int, head_dim: int) -> pl.BlockSpec:
    rows = pl.cdiv(length, tile) * tile
    return pl.BlockSpec((None, rows, None, padded(head_dim)), lambda i, b, h: (b, 0, h, 0))


def _forward_kernel(
    q_ref, k_ref, v_ref, keys_ref, out_ref, lse_ref, *, tile_q, tile_k, length, head_dim, rate
):
    """One tile of queries of one head against all keys that it sees."""
    start_q = pl.program_id(0) * tile_q
    rows_T = start_q + lax.iota(jnp.int32, tile_q)
    inside_TK = _inside(rows_T, length, head_dim)
    q_TK = _load(q_ref, inside_TK)
    scale = math.log2(math.e) * head_dim**-0.5

    def attend(index, carry):
        sum_TK, top_T, total_T = carry
        start_k = index * tile_k
        columns_S = start_k + lax.iota(jnp.int32, tile_k)
        inside_SK = _inside(columns_S, length, head_dim)
        k_SK, v_SK = (_load(ref.at[pl.ds(start_k, tile_k)], inside_SK) for ref in (k_ref, v_ref))
        scores_TS = plt.dot(q_TK, k_SK, trans_b=True) * scale
        scores_TS = jnp.where(rows_T[:, None] >= columns_S[None, :], scores_TS, -jnp.inf)
        new_top_T = jnp.maximum(top_T, scores_TS.max(axis=1))
        shrink_T = jnp.exp2(top_T - new_top_T)
        probs_TS = jnp.exp2(scores_TS - new_top_T[:, None])
        total_T = total_T * shrink_T + probs_TS.sum(axis=1)
        if rate:
            probs_TS = jnp.where(
                _kept(keys_ref, rows_T[:, None], columns_S[None, :], length, rate), probs_TS, 0.0
            )
        sum_TK = sum_TK * shrink_T[:, None] + plt.dot(probs_TS.astype(v_SK.dtype), v_SK)
        return sum_TK, new_top_T, total_T

    begin = (
        jnp.zeros(q_TK.shape, jnp.float32),
        jnp.full(tile_q, -jnp.inf, jnp.float32),
        jnp.zeros(tile_q, jnp.float32),
    )
    sum_TK, top_T, total_T = lax.fori_loop(0, _tiles_before(start_q + tile_q, tile_k, length), attend, begin)
    out_TK = sum_TK / (total_T * (1.0 - rate))[:, None]
    plt.store(out_ref, out_TK.astype(out_ref.dtype), mask=inside_TK)
    plt.store(lse_ref, top_T + jnp.log(total_T) * math.log2(math.e), mask=_below(rows_T, length, tile_q))


def _backward_kernel(
    q_ref, k_ref, v_ref, keys_ref, grad_ref, lse_ref, delta_ref, dq_ref, dk_ref, dv_ref, **static
):
    """Gradients of one tile of keys and values, then of the tile of queries at the same place.

    The former looks at all later queries, the latter at all earlier keys: every program has the same work, and each
    result is summed by one program in one order, so training repeats bit for bit.
    """
    tiles = _BackwardTiles(keys_ref, **static)
    own = pl.program_id(0)
    inside = tiles.inside(own)
    dk_SK, dv_SK = _key_and_value_gradients(
        tiles, own, (k_ref, v_ref), (q_ref, grad_ref), (lse_ref, delta_ref)
    )
    plt.store(dk_ref, (dk_SK * tiles.scale).astype(dk_ref.dtype), mask=inside)
    plt.store(dv_ref, dv_SK.astype(dv_ref.dtype), mask=inside)
    dq_TK = _query_gradients(tiles, own, (k_ref, v_ref), (q_ref, grad_ref), (lse_ref, delta_ref))
    plt.store(dq_ref, (dq_TK * tiles.scale).astype(dq_ref.dtype), mask=inside)


def _key_and_value_gradients(tiles, own, keys_and_values, queries, vectors):
    """Sums over the tiles of queries from `own` on; the gradient of the keys is not scaled yet."""
    own_rows, k_SK, v_SK = tiles.load(own, keys_and_values)

    def add(index, carry):
        dk_SK, dv_SK = carry
        rows_T, q_TK, grad_TK, lse_T, delta_T = tiles.load(index, queries, vectors)
        # Transposed from the start, so that no product needs a transposition of what was just computed.
        rows, columns = rows_T[None, :], own_rows[:, None]
        probs_ST = tiles.probabilities(plt.dot(k_SK, q_TK, trans_b=True), lse_T[None, :], rows >= columns)
        dropped = tiles.dropout(rows, columns)
        dv_SK += plt.dot(dropped(probs_ST).astype(grad_TK.dtype), grad_TK)
        dprobs_ST = dropped(plt.dot(v_SK, grad_TK, trans_b=True))
        dscores_ST = probs_ST * (dprobs_ST - delta_T[None, :])
        return dk_SK + plt.dot(dscores_ST.astype(q_TK.dtype), q_TK), dv_SK

    zeros = jnp.zeros(k_SK.shape, jnp.float32)
    return lax.fori_loop(own, pl.cdiv(tiles.length, tiles.tile), add, (zeros, zeros))


def _query_gradients(tiles, own, keys_and_values, queries, vectors):
    """Sums over the tiles of keys up to `own`; not scaled yet."""
    own_rows, q_TK, grad_TK, lse_T, delta_T = tiles.load(own, queries, vectors)

    def add(index, dq_TK):
        columns_S, k_SK, v_SK = tiles.load(index, keys_and_values)
        rows, columns = own_rows[:, None], columns_S[None, :]
        probs_TS = tiles.probabilities(plt.dot(q_TK, k_SK, trans_b=True), lse_T[:, None], rows >= columns)
        dprobs_TS = tiles.dropout(rows, columns)(plt.dot(grad_TK, v_SK, trans_b=True))
        dscores_TS = probs_TS * (dprobs_TS - delta_T[:, None])
        return dq_TK + plt.dot(dscores_TS.astype(k_SK.dtype), k_SK)

    return lax.fori_loop(0, own + 1, add, jnp.zeros(q_TK.shape, jnp.float32))


@dataclasses.dataclass(frozen=True)
class _BackwardTiles:
    """Tiles of one head in the backward pass."""

    keys_ref: Any
    tile: int
    length: int
    head_dim: int
    rate: float

    @property
    def scale(self):
        return self.head_dim**-0.5

    def rows(self, index):
        return index * self.tile + lax.iota(jnp.int32, self.tile)

    def inside(self, index):
        return _inside(self.rows(index), self.length, self.head_dim)

    def load(self, index, matrices, vectors=()):
        """The numbers of the tile's rows, then these rows of each matrix and of each vector."""
        rows, place = self.rows(index), pl.ds(index * self.tile, self.tile)
        return (
            rows,
            *(_load(ref.at[place], self.inside(index)) for ref in matrices),
            *(_load(ref.at[place], _below(rows, self.length, self.tile)) for ref in vectors),
        )

    def probabilities(self, logits, lse, visible):
        return jnp.where(visible, jnp.exp2(logits * (math.log2(math.e) * self.scale) - lse), 0.0)

    def dropout(self, rows, columns):
        """Dropout of the probabilities, or of their gradients, at these places."""
        if not self.rate:
            return lambda x: x
        mask = _kept(self.keys_ref, rows, columns, self.length, self.rate)
        return lambda x: jnp.where(mask, x * (1.0 / (1.0 - self.rate)), 0.0)


def _inside(rows, length, head_dim):
    """Which elements of a tile lie within the array: tiles may stick out over both ends; None where none can."""
    columns = lax.iota(jnp.int32, padded(head_dim))
    below = _below(rows, length, rows.size)
    if head_dim == columns.size:
        return None if below is None else jnp.broadcast_to(below[:, None], (rows.size, columns.size))
    within = jnp.broadcast_to(columns[None, :] < head_dim, (rows.size, columns.size))
    return within if below is None else within & below[:, None]


def _below(rows, length, tile):
    """Which of a tile's rows exist; None where all do."""
    return None if length % tile == 0 else rows < length


def _load(ref, mask):
    """A tile, zeros where it sticks out."""
    return plt.load(ref) if mask is None else plt.load(ref, mask=mask, other=0.0)


def _tiles_before(end, tile, length):
    """How many tiles of keys hold a position below `end` that exists."""
    return lax.div(jnp.minimum(end, length) + (tile - 1), tile)


def _kept(keys_ref, rows, columns, length, rate):
    """The piece of `dropout.keep_mask` for these places of the T x T probabilities."""
    place = rows.astype(jnp.uint32) * jnp.uint32(length) + columns.astype(jnp.uint32)
    return kept(place, keys_ref[0], keys_ref[1], rate)
