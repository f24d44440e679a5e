"""Products and positions in the layout that a CPU likes equal their plain definitions, gradients included."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from codelm_jax.model.projection import Projection
from codelm_jax.ops.backend import Backend
from codelm_jax.ops.matmul import matmul, unstack3
from codelm_jax.ops.rotary import ROPE_BASE, apply_rope

SHAPES = [((16,), (3, 2, 8)), ((2, 8), (16,)), ((16,), (24,))]


@pytest.mark.parametrize(
    ("inputs", "outputs", "dtype"),
    [*((*shape, jnp.float32) for shape in SHAPES), (*SHAPES[0], jnp.bfloat16)],
)
def test_a_projection_is_flax_dense_general_without_a_bias(inputs, outputs, dtype):
    init = nn.initializers.normal(0.02)
    ours = Projection(inputs, outputs, Backend(dtype=dtype), init)
    axis = tuple(range(-len(inputs), 0))
    flax = nn.DenseGeneral(outputs, axis=axis, use_bias=False, dtype=dtype, kernel_init=init)
    x = jax.random.normal(jax.random.key(0), (2, 5, *inputs)).astype(dtype)
    params = flax.init(jax.random.key(1), x)
    jax.tree.map(np.testing.assert_array_equal, ours.init(jax.random.key(1), x), params)

    def loss(module, params, x):
        return (module.apply(params, x).astype(jnp.float32) ** 2).sum()

    value, grads = jax.jit(jax.value_and_grad(lambda p, x: loss(ours, p, x), (0, 1)))(params, x)
    expected, expected_grads = jax.jit(jax.value_and_grad(lambda p, x: loss(flax, p, x), (0, 1)))(params, x)
    rtol = 1e-5 if dtype == jnp.float32 else 2e-2
    np.testing.assert_allclose(value, expected, rtol=rtol)
    assert jax.tree.map(lambda g: g.dtype, grads) == jax.tree.map(lambda g: g.dtype, expected_grads)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(
            np.asarray(a, np.float32), np.asarray(b, np.float32), rtol=rtol, atol=rtol * np.abs(b).max()
        ),
        grads,
        expected_grads,
    )


def test_the_gradient_of_a_product_is_that_of_the_plain_one():
    keys = jax.random.split(jax.random.key(2), 3)
    x, kernel, grad = (jax.random.normal(k, s) for k, s in zip(keys, [(7, 5), (5, 3), (7, 3)], strict=True))
    ours, plain = (
        jax.vjp(f, x, kernel)[1](grad) for f in (lambda x, kernel: matmul(x, kernel, True), jnp.matmul)
    )
    for a, b in zip(ours, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(ours[1], jax.vjp(jnp.matmul, 2 * x, kernel)[1](grad)[1], rtol=1e-5)


def test_parts_and_their_gradients_stay_in_their_places():
    x = jax.random.normal(jax.random.key(3), (2, 5, 3, 2, 4))

    def loss(parts):
        return sum((i + 1.0) * (part**2).sum() for i, part in enumerate(parts))

    np.testing.assert_array_equal(
        jax.grad(lambda x: loss(unstack3(x)))(x), jax.grad(lambda x: loss([x[:, :, i] for i in range(3)]))(x)
    )


def rope_by_definition(x_BTHK):
    """Complex numbers x_i + j x_{i+K/2}, turned by `position * base^(-2i/K)`, in float64."""
    x = np.asarray(x_BTHK, np.float64)
    half = x.shape[-1] // 2
    angles = np.arange(x.shape[1])[:, None] * ROPE_BASE ** (-np.arange(half) / half)
    turned = (x[..., :half] + 1j * x[..., half:]) * np.exp(1j * angles)[None, :, None]
    return np.concatenate([turned.real, turned.imag], -1)


def test_rotary_positions_turn_pairs_of_halves():
    x = jax.random.normal(jax.random.key(4), (2, 9, 3, 8))
    rotated = jax.jit(lambda x: apply_rope(x, jnp.arange(9)[None]))(x)
    np.testing.assert_allclose(rotated, rope_by_definition(x), rtol=1e-5, atol=1e-5)
    # A rotation: its gradient turns back.
    back = jax.grad(lambda x: (apply_rope(x, jnp.arange(9)[None]) ** 2).sum() / 2)(x)
    np.testing.assert_allclose(back, x, rtol=1e-5, atol=1e-5)
    assert apply_rope(x.astype(jnp.bfloat16), jnp.arange(9)[None]).dtype == jnp.bfloat16
