"""Matrix products and their gradients in the forms that a CPU computes fast; elsewhere plain."""

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def matmul(x_NI: Array, kernel_IO: Array, on_cpu: bool) -> Array:
    """`x @ kernel`; on a CPU the kernel's gradient is computed from a transposed copy of `x`.

    XLA's fast CPU products read their left operand by rows. Without the copy XLA recomputes `x` in the other order,
    activation and dropout mask included, or falls back to a slower routine. Where `x` is the wider operand the copy
    costs what it gains.
    """
    return x_NI @ kernel_IO


def _forward(x_NI: Array, kernel_IO: Array, on_cpu: bool) -> tuple[Array, tuple[Array, Array]]:
    return x_NI @ kernel_IO, (x_NI, kernel_IO)


def _gradients(on_cpu: bool, residuals: tuple[Array, Array], grad_NO: Array) -> tuple[Array, Array]:
    x_NI, kernel_IO = residuals
    x_IN = x_NI.T
    if on_cpu and x_NI.shape[1] <= kernel_IO.shape[1]:
        barrier = jax.lax.optimization_barrier
        x_IN = barrier(barrier(x_NI).T)
    return grad_NO @ kernel_IO.T, x_IN @ grad_NO


matmul.defvjp(_forward, _gradients)


@jax.custom_vjp
def unstack3(x_BT3HK: Array) -> tuple[Array, Array, Array]:
    """The three parts along the third axis; their gradients are stacked, not padded and summed."""
    return x_BT3HK[:, :, 0], x_BT3HK[:, :, 1], x_BT3HK[:, :, 2]


unstack3.defvjp(lambda x_BT3HK: (unstack3(x_BT3HK), None), lambda _, grads: (jnp.stack(grads, axis=2),))
