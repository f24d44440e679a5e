"""Attention tile by tile, as a CPU takes it, equals attention over the whole square: values, gradients, masks."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from codelm_jax.ops import attention
from codelm_jax.ops.attention import causal_attention
from codelm_jax.ops.backend import Backend
from codelm_jax.ops.dropout import keep_mask
from codelm_jax.ops.tiled_attention import TILE, tiled_attention

SEED = jnp.asarray([12345, 67890], jnp.uint32)


def whole_square(q, k, v, *, dropout_rate, dropout_seed):
    """The plain path, whatever the length."""
    return causal_attention(
        q, k, v, dropout_rate=dropout_rate, dropout_seed=dropout_seed, backend=Backend(platform="gpu")
    )


def queries_keys_values(length, dtype=jnp.float32):
    keys = jax.random.split(jax.random.key(length), 3)
    return [jax.random.normal(key, (2, length, 3, 8)).astype(dtype) for key in keys]


def value_and_gradients(function, arrays, rate):
    def loss(q, k, v):
        out = function(q, k, v, dropout_rate=rate, dropout_seed=SEED).astype(jnp.float32)
        return (out * jnp.sin(jnp.arange(out.size, dtype=jnp.float32).reshape(out.shape))).sum(), out

    (_, out), grads = jax.jit(jax.value_and_grad(loss, argnums=(0, 1, 2), has_aux=True))(*arrays)
    return [np.asarray(x, np.float32) for x in (out, *grads)]


@pytest.mark.parametrize(
    ("length", "rate", "dtype", "tolerance"),
    [
        (TILE + 1, 0.3, jnp.float32, 2e-6),
        (2 * TILE, 0.0, jnp.float32, 2e-6),
        (TILE + 1, 0.3, jnp.bfloat16, 3e-2),
    ],
)
def test_tiles_equal_the_whole_square(length, rate, dtype, tolerance):
    arrays = queries_keys_values(length, dtype)
    tiled = value_and_gradients(tiled_attention, arrays, rate)
    plain = value_and_gradients(whole_square, arrays, rate)
    for a, b in zip(tiled, plain, strict=True):
        np.testing.assert_allclose(a, b, atol=tolerance * np.abs(b).max(), rtol=0.0)


def test_tiles_drop_the_very_probabilities_that_the_whole_square_drops():
    length = TILE + 9
    zero = jnp.zeros((2, length, 1, 8))
    places = jnp.broadcast_to(jnp.eye(length)[None, :, None], (2, length, 1, length))
    attend = jax.jit(functools.partial(tiled_attention, dropout_rate=0.4, dropout_seed=SEED))
    probs_BTHS = attend(zero, zero, places)
    kept_BTS = keep_mask(SEED, (2, 1, length, length), 0.4)[:, 0] & np.tri(length, dtype=bool)[None]
    np.testing.assert_array_equal(np.asarray(probs_BTHS[:, :, 0]) > 0, kept_BTS)


def test_a_cpu_takes_tiles_where_there_is_more_than_one(monkeypatch):
    def never(*_, **__):
        raise AssertionError("tiles")

    monkeypatch.setattr(attention, "tiled_attention", never)
    for length, tiled in ((TILE, False), (TILE + 1, True)):
        arrays = queries_keys_values(length)
        if tiled:
            with pytest.raises(AssertionError, match="tiles"):
                causal_attention(*arrays, dropout_rate=0.0, dropout_seed=None, backend=Backend())
        else:
            causal_attention(*arrays, dropout_rate=0.0, dropout_seed=None, backend=Backend())
