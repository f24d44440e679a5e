"""Causal attention with dropout inside as one GPU kernel, differentiable and split over devices.

The exact twin of `attention.causal_attention`'s plain path, its dropout mask included. Pallas' Triton backend is
deprecated as of jax 0.11: nothing but this file and `flash_kernels` knows of it.
"""

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
from jax import Array
from jax.experimental.custom_partitioning import custom_partitioning
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from codelm_jax.model.dropout import row_keys
from codelm_jax.model.flash_kernels import Tuning, backward, default_tuning, forward

# The kernel holds a whole head vector in a tile.
LARGEST_HEAD_DIM = 128


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
        q_BTHK: queries, float32 or bfloat16; K at most `LARGEST_HEAD_DIM`.
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
    return _forward(q_BTHK, k_BTHK, v_BTHK, keys_BH2, static)[0]


def _attend_and_keep(q_BTHK: Array, k_BTHK: Array, v_BTHK: Array, keys_BH2: Array, static: _Static):
    out_BTHK, lse_BHT = _forward(q_BTHK, k_BTHK, v_BTHK, keys_BH2, static)
    return out_BTHK, (q_BTHK, k_BTHK, v_BTHK, keys_BH2, out_BTHK, lse_BHT)


def _gradients(static: _Static, residuals: tuple[Array, ...], grad_BTHK: Array):
    q_BTHK, k_BTHK, v_BTHK, keys_BH2, out_BTHK, lse_BHT = residuals
    # The same sum as that over all probabilities and their gradients, dropout included.
    delta_BHT = jnp.einsum("BTHK,BTHK->BHT", out_BTHK, grad_BTHK, preferred_element_type=jnp.float32)
    return *_backward(q_BTHK, k_BTHK, v_BTHK, keys_BH2, grad_BTHK, lse_BHT, delta_BHT, static), None


_attend.defvjp(_attend_and_keep, _gradients)


# XLA can't look into a kernel: without being told it would gather the whole batch on every device.
@partial(custom_partitioning, static_argnums=(4,))
def _forward(q_BTHK: Array, k_BTHK: Array, v_BTHK: Array, keys_BH2: Array, static: _Static):
    return forward(q_BTHK, k_BTHK, v_BTHK, keys_BH2, **vars(static))


@partial(custom_partitioning, static_argnums=(7,))
def _backward(
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


def _shardings(mesh: Mesh, batch: object, heads: object) -> dict[int, NamedSharding]:
    """How arrays of four axes (B T H K) and of three (B H T, B H 2) lie where batch and heads are split."""
    return {
        4: NamedSharding(mesh, PartitionSpec(batch, None, heads, None)),
        3: NamedSharding(mesh, PartitionSpec(batch, heads, None)),
    }


def _split(kernel, static: _Static, mesh: Mesh, args, results):
    """Each device runs the kernel on its own rows and heads; `keys_BH2` carries their place in the whole batch."""
    spec = args[0].sharding.spec
    shardings = _shardings(mesh, spec[0], spec[2])
    return (
        mesh,
        partial(kernel, **vars(static)),
        jax.tree.map(lambda x: shardings[x.ndim], results),
        jax.tree.map(lambda x: shardings[x.ndim], args),
    )


_forward.def_partition(
    partition=partial(_split, forward),
    sharding_rule="b t h k, b t h k, b t h k, b h two -> b t h k, b h t",
    need_replication_factors=("t", "k", "two"),
)
_backward.def_partition(
    partition=partial(_split, backward),
    sharding_rule=("b t h k, b t h k, b t h k, b h two, b t h k, b h t, b h t -> b t h k, b t h k, b t h k"),
    need_replication_factors=("t", "k", "two"),
)
