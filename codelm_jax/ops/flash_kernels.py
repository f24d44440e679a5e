"""The two GPU kernels of `flash_attention`, and where their tiles are set.

Both walk the score matrix tile by tile and keep only running sums (Dao 2023, "FlashAttention-2"), so no array of the
size T x T ever exists. Tiles above the diagonal are never visited. Scores are kept in base 2: the GPU has an
instruction for 2^x, not for e^x.
"""

import dataclasses
import math
from functools import partial

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
    """What may change the kernels' speed and nothing else, rounding apart; tiles are powers of two from 16 on.

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
    """Gradients of queries, keys and values, the mask made anew from its keys.

    Args:
        q_BTHK: as for `forward`, as all that are not named here.
        k_BTHK: likewise.
        v_BTHK: likewise.
        keys_BH2: likewise.
        grad_BTHK: of the attended values.
        lse_BHT: from `forward`.
        delta_BHT: each attended value's product with its gradient, float32.
        rate: likewise.
        tuning: likewise.
        interpret: likewise.
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
    q_ref,
    k_ref,
    v_ref,
    keys_ref,
    grad_ref,
    lse_ref,
    delta_ref,
    dq_ref,
    dk_ref,
    dv_ref,
    *,
    tile,
    length,
    head_dim,
    rate,
):
    """Gradients of one tile of keys and values, then of the tile of queries at the same place.

    The former looks at all later queries, the latter at all earlier keys: every program has the same work, and each
    result is summed by one program in one order, so that training repeats bit for bit.
    """
    own = pl.program_id(0)
    scale = head_dim**-0.5

    def load(index, matrices, vectors=()):
        rows = index * tile + lax.iota(jnp.int32, tile)
        place, inside = pl.ds(index * tile, tile), _inside(rows, length, head_dim)
        return (
            rows,
            *(_load(ref.at[place], inside) for ref in matrices),
            *(_load(ref.at[place], _below(rows, length, tile)) for ref in vectors),
        )

    def probabilities(logits, lse, visible):
        return jnp.where(visible, jnp.exp2(logits * (math.log2(math.e) * scale) - lse), 0.0)

    def dropped(x, mask):
        return x if mask is None else jnp.where(mask, x * (1.0 / (1.0 - rate)), 0.0)

    own_rows, k_SK, v_SK = load(own, (k_ref, v_ref))
    own_inside = _inside(own_rows, length, head_dim)

    def from_queries(index, carry):
        dk_SK, dv_SK = carry
        rows_T, q_TK, grad_TK, lse_T, delta_T = load(index, (q_ref, grad_ref), (lse_ref, delta_ref))
        # Transposed from the start: products then need no transposition of what was just computed.
        visible_ST = rows_T[None, :] >= own_rows[:, None]
        mask_ST = _kept(keys_ref, rows_T[None, :], own_rows[:, None], length, rate) if rate else None
        probs_ST = probabilities(plt.dot(k_SK, q_TK, trans_b=True), lse_T[None, :], visible_ST)
        dv_SK += plt.dot(dropped(probs_ST, mask_ST).astype(grad_TK.dtype), grad_TK)
        dprobs_ST = dropped(plt.dot(v_SK, grad_TK, trans_b=True), mask_ST)
        dscores_ST = probs_ST * (dprobs_ST - delta_T[None, :])
        return dk_SK + plt.dot(dscores_ST.astype(q_TK.dtype), q_TK), dv_SK

    zeros = jnp.zeros(k_SK.shape, jnp.float32)
    dk_SK, dv_SK = lax.fori_loop(own, pl.cdiv(length, tile), from_queries, (zeros, zeros))
    plt.store(dk_ref, (dk_SK * scale).astype(dk_ref.dtype), mask=own_inside)
    plt.store(dv_ref, dv_SK.astype(dv_ref.dtype), mask=own_inside)

    _, q_TK, grad_TK, lse_T, delta_T = load(own, (q_ref, grad_ref), (lse_ref, delta_ref))

    def from_keys(index, dq_TK):
        columns_S, k_SK, v_SK = load(index, (k_ref, v_ref))
        visible_TS = own_rows[:, None] >= columns_S[None, :]
        mask_TS = _kept(keys_ref, own_rows[:, None], columns_S[None, :], length, rate) if rate else None
        probs_TS = probabilities(plt.dot(q_TK, k_SK, trans_b=True), lse_T[:, None], visible_TS)
        dprobs_TS = dropped(plt.dot(grad_TK, v_SK, trans_b=True), mask_TS)
        dscores_TS = probs_TS * (dprobs_TS - delta_T[:, None])
        return dq_TK + plt.dot(dscores_TS.astype(k_SK.dtype), k_SK)

    dq_TK = lax.fori_loop(0, own + 1, from_keys, zeros)
    plt.store(dq_ref, (dq_TK * scale).astype(dq_ref.dtype), mask=own_inside)


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
