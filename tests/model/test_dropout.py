import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from codelm_jax.model.dropout import dropout, keep_mask, mix32, site_seeds

RATE = 0.2
SHAPE = (4, 2, 128, 128)


def masks(seeds, shape=SHAPE, make=keep_mask):
    return [np.asarray(make(seed, shape, RATE)) for seed in seeds]


def correlation(a, b):
    """Of two masks' kept elements, in standard errors: beyond 5 happens once in two million by chance."""
    a, b = a.astype(np.float64).ravel() - (1 - RATE), b.astype(np.float64).ravel() - (1 - RATE)
    return (a * b).mean() / (RATE * (1 - RATE)) * np.sqrt(a.size)


def assert_independent_under_small_alignments(masks_by_seed):
    """No pair of masks lines up when one is XOR-shifted or rolled by a little along its last axis."""
    for a, b in itertools.combinations(masks_by_seed, 2):
        places = np.arange(a.shape[-1])
        for shift in (0, 1, 2, 3, 4, 8, 16, 64):
            assert abs(correlation(a, b[..., places ^ shift])) < 5
            assert abs(correlation(a, np.roll(b, shift, axis=-1))) < 5
            assert abs(correlation(a, np.roll(b, shift, axis=-2))) < 5


def test_keep_rate_is_one_minus_the_rate():
    for mask in masks(site_seeds(jax.random.key(0), 8)):
        error = (mask.mean() - (1 - RATE)) / np.sqrt(RATE * (1 - RATE) / mask.size)
        assert abs(error) < 5


def test_sites_and_steps_are_independent_even_when_their_seeds_differ_by_one_bit():
    drawn = list(site_seeds(jax.random.key(0), 2)) + list(site_seeds(jax.random.key(1), 2))
    neighbours = [drawn[0] ^ jnp.array(bits, jnp.uint32) for bits in ((1, 0), (0, 1), (2, 0), (0, 4))]
    assert_independent_under_small_alignments(masks(drawn + neighbours))


def test_the_independence_law_fails_for_a_hash_of_place_xor_seed():
    def naive(seed, shape, rate):
        place = jnp.arange(np.prod(shape), dtype=jnp.uint32).reshape(shape)
        return mix32(place ^ seed[0]) >= jnp.uint32(round(rate * 2**32))

    seeds = [jnp.array([40, 0], jnp.uint32), jnp.array([41, 0], jnp.uint32)]
    pair = masks(seeds, make=naive)
    assert abs(correlation(*pair)) < 5  # a plain correlation does not notice
    with pytest.raises(AssertionError):
        assert_independent_under_small_alignments(pair)


def test_rows_and_heads_are_independent():
    (mask,) = masks(site_seeds(jax.random.key(3), 1))
    rows = mask.reshape(-1, *SHAPE[-2:])
    assert_independent_under_small_alignments(list(rows))


@pytest.mark.parametrize("axis", [-1, -2])
def test_neighbours_within_a_row_are_independent(axis):
    (mask,) = masks(site_seeds(jax.random.key(4), 1))
    for distance in (1, 2, 3, 4, 7, 8, 16, 32):
        assert abs(correlation(mask, np.roll(mask, distance, axis=axis))) < 5


def test_forward_and_backward_drop_the_same_elements():
    seed = site_seeds(jax.random.key(5), 1)[0]
    x = jnp.ones((3, 8, 8))
    kept = dropout(x, seed, RATE)
    grad = jax.jit(jax.grad(lambda x: dropout(x, seed, RATE).sum()))(x)
    np.testing.assert_array_equal(kept, grad)
    assert set(np.unique(kept)) == {0.0, np.float32(1 / (1 - RATE))}


def test_rate_zero_is_the_identity():
    x = jnp.arange(6.0).reshape(2, 3)
    assert dropout(x, jnp.zeros(2, jnp.uint32), 0.0) is x


def test_the_mask_of_a_batch_row_does_not_depend_on_the_batch_size():
    seed = site_seeds(jax.random.key(6), 1)[0]
    np.testing.assert_array_equal(keep_mask(seed, (4, 8, 8), RATE)[:2], keep_mask(seed, (2, 8, 8), RATE))
