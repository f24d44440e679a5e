"""Causal attention with dropout inside as one GPU kernel, differentiable and split over devices.

It computes the same as the plain path of `attention.causal_attention`, with the same dropout mask. Pallas' Triton backend
is deprecated as of jax 0.11: only this file and `flash_kernels` use it.
"""

import dataclasses
import functools
import zlib
from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp
from jax import Array
from jax.experimental.custom_partitioning import custom_partitioning
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from codelm_jax.ops.dropout import row_keys
from codelm_jax.ops.flash_kernels import Tuning, backward, default_tuning, forward


@dataclasses.dataclass(frozen=True)
class _Static:
    rate: float
    tuning: Tuning
    interpret: bool


def flash_attention(
    q_BTHK: Array,
    k_BTHK: Array,
    v_BTHK: Array,
    *,
    dropout_rate: float,
    dropout_seed: Array | None,
    interpret: bool = False,
    tuning: Tuning | None = None,
) -> Array:
    """Each position attends to itself and to those before it.

    Args:
        q_BTHK: queries, float32 or bfloat16; K at most `backend.LARGEST_HEAD_DIM`.
        k_BTHK: keys.
        v_BTHK: values.
        dropout_rate: of the attention probabilities; the mask is `dropout.keep_mask`'s on B H T S.
        dropout_seed: uint32 `[2]`; None drops nothing.
        interpret: run the kernel as plain XLA operations, on any device: for tests.
        tuning: of the kernel; None takes `default_tuning`.

    Returns:
        B T H K, in `v_BTHK`'s type. Softmax and sums are float32.
    """
    batch, _, heads, head_dim = q_BTHK.shape
    if dropout_seed is None or dropout_rate == 0.0:
        dropout_rate, keys_BH2 = 0.0, jnp.zeros((batch, heads, 2), jnp.uint32)
    else:
        keys_BH2 = jnp.stack(row_keys(dropout_seed, (batch, heads)), axis=-1)
    static = _Static(dropout_rate, tuning or default_tuning(head_dim, q_BTHK.dtype), interpret)
    return _attend(q_BTHK, k_BTHK, v_BTHK, keys_BH2, static)


@partial(jax.custom_vjp, nondiff_argnums=(4,))
def _attend(q_BTHK: Array, k_BTHK: Array, v_BTHK: Array, keys_BH2: Array, static: _Static) -> Array:
    return _attend_and_keep(q_BTHK, k_BTHK, v_BTHK, keys_BH2, static)[0]


def _attend_and_keep(q_BTHK: Array, k_BTHK: Array, v_BTHK: Array, keys_BH2: Array, static: _Static):
    inputs = q_BTHK, k_BTHK, v_BTHK, keys_BH2
    out_BTHK, lse_BHT = _split_forward(_digest(forward, static, inputs), *inputs, static)
    return out_BTHK, (*inputs, out_BTHK, lse_BHT)


def _gradients(static: _Static, residuals: tuple[Array, ...], grad_BTHK: Array):
    *inputs, out_BTHK, lse_BHT = residuals
    # Equals the sum over all probabilities times their gradients, dropout included.
    delta_BHT = jnp.einsum("BTHK,BTHK->BHT", out_BTHK, grad_BTHK, preferred_element_type=jnp.float32)
    inputs = *inputs, grad_BTHK, lse_BHT, delta_BHT
    return *_split_backward(_digest(backward, static, inputs), *inputs, static), None


_attend.defvjp(_attend_and_keep, _gradients)


# XLA can't look into a kernel: without a partitioning rule it gathers the whole batch on every device.
@partial(custom_partitioning, static_argnums=(5,))
def _split_forward(
    digest_1: Array, q_BTHK: Array, k_BTHK: Array, v_BTHK: Array, keys_BH2: Array, static: _Static
):
    return forward(q_BTHK, k_BTHK, v_BTHK, keys_BH2, **vars(static))


@partial(custom_partitioning, static_argnums=(8,))
def _split_backward(
    digest_1: Array,
    q_BTHK: Array,
    k_BTHK: Array,
    v_BTHK: Array,
    keys_BH2: Array,
    grad_BTHK: Array,
    lse_BHT: Array,
    delta_BHT: Array,
    static: _Static,
):
    return backward(q_BTHK, k_BTHK, v_BTHK, keys_BH2, grad_BTHK, lse_BHT, delta_BHT, **vars(static))


def _digest(kernel: Callable, static: _Static, inputs: Sequence[Array]) -> Array:
    """A number that identifies the kernel, `[1]`.

    A program that is split over devices refers to its kernel by an address only, so JAX's compilation cache can take two
    kernels for the same if their addresses agree. This constant in the program makes them differ.
    """
    shapes = tuple(jax.ShapeDtypeStruct(x.shape, x.dtype) for x in inputs)
    return jnp.array([_program_number(kernel, static, shapes)], jnp.uint32)


@functools.cache
def _program_number(kernel: Callable, static: _Static, shapes: tuple[jax.ShapeDtypeStruct, ...]) -> int:
    return zlib.crc32(str(jax.make_jaxpr(partial(kernel, **vars(static)))(*shapes)).encode())


def _split(kernel: Callable, static: _Static, mesh: Mesh, args, results):
    """Each device runs the kernel on its own rows and heads; `keys_BH2` carries their place in the whole batch."""
    batch, _, heads, _ = args[1].sharding.spec
    by_rank = {
        1: PartitionSpec(),
        3: PartitionSpec(batch, heads, None),
        4: PartitionSpec(batch, None, heads, None),
    }

    def place(x: jax.ShapeDtypeStruct) -> NamedSharding:
        return NamedSharding(mesh, by_rank[x.ndim])

    def on_own_share(_digest_1: Array, *inputs: Array):
        return kernel(*inputs, **vars(static))

    return mesh, on_own_share, jax.tree.map(place, results), jax.tree.map(place, args)


_UNSPLIT = ("one", "t", "k", "two")
_split_forward.def_partition(
    partition=partial(_split, forward),
    sharding_rule="one, b t h k, b t h k, b t h k, b h two -> b t h k, b h t",
    need_replication_factors=_UNSPLIT,
)
_split_backward.def_partition(
    partition=partial(_split, backward),
    sharding_rule=(
        "one, b t h k, b t h k, b t h k, b h two, b t h k, b h t, b h t -> b t h k, b t h k, b t h k"
    ),
    need_replication_factors=_UNSPLIT,
)
