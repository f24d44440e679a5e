"""A matrix product with a parameter of several input or output axes."""

import math
from collections.abc import Callable
from typing import cast

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from codelm_jax.ops.backend import Backend
from codelm_jax.ops.matmul import matmul


class Projection(nn.Module):
    """`nn.DenseGeneral` without a bias: the same parameter, multiplied as one matrix.

    DenseGeneral contracts all axes of the kernel, and a CPU transposes the kernel at every use.

    Attributes:
        inputs: shape of the last axes of the input, which are contracted.
        outputs: shape of the axes that replace them.
        backend: its dtype is that of the product; the kernel is float32.
        kernel_init: of the kernel as a matrix.
    """

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    backend: Backend
    kernel_init: Callable[..., Array]

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """Returns `[..., *outputs]`."""
        rows, columns = math.prod(self.inputs), math.prod(self.outputs)

        def as_matrix(key: Array, shape: tuple[int, ...], dtype: type) -> Array:
            return self.kernel_init(key, (rows, columns), dtype).reshape(shape)

        kernel = self.param("kernel", as_matrix, (*self.inputs, *self.outputs), jnp.float32)
        dtype, leading = self.backend.dtype, x.shape[: x.ndim - len(self.inputs)]
        x_NI, kernel_IO = x.reshape(-1, rows).astype(dtype), kernel.reshape(rows, columns).astype(dtype)
        return cast(Array, matmul(x_NI, kernel_IO, self.backend.on_cpu)).reshape(*leading, *self.outputs)
