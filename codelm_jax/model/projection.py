"""Matrix products with parameters, laid out so that a CPU takes each of them, and each gradient, in one pass."""

import math
from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike


class Projection(nn.Module):
    """A product with a kernel of several input or output axes, taken as the matrix that it is.

    The parameters are those of `nn.DenseGeneral` without a bias. That would contract the kernel with all its axes,
    which a CPU transposes at every use.

    Attributes:
        inputs: the axes that are contracted, the last ones of what comes in.
        outputs: the axes that take their place.
        dtype: of the product; the kernel is float32.
        kernel_init: of the kernel as a matrix.
    """

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    dtype: DTypeLike
    kernel_init: Callable[..., Array]

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """Returns `[..., *outputs]`."""
        rows, columns = math.prod(self.inputs), math.prod(self.outputs)

        def as_matrix(key: Array, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
            return self.kernel_init(key, (rows, columns), dtype).reshape(shape)

        kernel = self.param("kernel", as_matrix, (*self.inputs, *self.outputs), jnp.float32)
        leading = x.shape[: x.ndim - len(self.inputs)]
        product = matmul(
            x.reshape(-1, rows).astype(self.dtype), kernel.reshape(rows, columns).astype(self.dtype)
        )
        return product.reshape(*leading, *self.outputs)


@jax.custom_vjp
def matmul(x_NI: Array, kernel_IO: Array) -> Array:
    """`x @ kernel`; on a CPU the kernel's gradient is taken from a transposed copy of `x`.

    XLA's fast CPU products take their left side by rows. Without the copy it is computed anew in the other order, from
    activation and dropout mask on, or the product is left to a slower routine. Where `x` is the wider side the copy
    costs what it gains.
    """
    return x_NI @ kernel_IO


def _gradients(residuals: tuple[Array, Array], grad_NO: Array) -> tuple[Array, Array]:
    x_NI, kernel_IO = residuals
    x_IN = x_NI.T
    if jax.default_backend() == "cpu" and x_NI.shape[1] <= kernel_IO.shape[1]:
        barrier = jax.lax.optimization_barrier
        x_IN = barrier(barrier(x_NI).T)
    return grad_NO @ kernel_IO.T, x_IN @ grad_NO


matmul.defvjp(lambda x_NI, kernel_IO: (x_NI @ kernel_IO, (x_NI, kernel_IO)), _gradients)


@jax.custom_vjp
def unstack3(x_BT3HK: Array) -> tuple[Array, Array, Array]:
    """The three parts along the third axis; their gradients are put side by side, not padded and added up."""
    return x_BT3HK[:, :, 0], x_BT3HK[:, :, 1], x_BT3HK[:, :, 2]


unstack3.defvjp(lambda x_BT3HK: (unstack3(x_BT3HK), None), lambda _, grads: (jnp.stack(grads, axis=2),))
