import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from codelm_jax.ops.dropout import dropout, keep_mask, mix32, site_seeds

RATE = 0.2
SHAPE = (4, 2, 128, 128)

# In standard errors. Some million alignments are looked at; chance reaches 7 once in 400 thousand million.
CHANCE = 7.0


def masks(seeds, shape=SHAPE, make=keep_mask):
    return [np.asarray(make(seed, shape, RATE)) for seed in seeds]


def standardised(mask, rate=RATE):
    return (mask.astype(np.float64) - (1 - rate)) / np.sqrt(rate * (1 - rate))


def correlation(a, b):
    """Of two masks' kept elements as they lie, in standard errors."""
    return (standardised(a) * standardised(b)).sum() / np.sqrt(a.size)


def walsh_hadamard(x):
    """Its square is the size times the identity; it turns XOR-shifted products into plain ones."""
    for bit in range(x.size.bit_length() - 1):
        pairs = x.reshape(-1, 2, 1 << bit)
        x = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], axis=1)
    return x.ravel()


def strongest_alignment(a, b):
    """The largest correlation of two rows of masks, in standard errors, over every XOR and every cyclic shift."""
    same = a is b
    a, b = standardised(a).ravel(), standardised(b).ravel()
    by_xor = walsh_hadamard(walsh_hadamard(a) * walsh_hadamard(b)) / a.size
    by_shift = np.fft.irfft(np.fft.rfft(a) * np.fft.rfft(b).conj(), a.size)
    # Unshifted, a mask is itself; XOR-shifted against itself, it holds every product twice.
    first = 1 if same else 0
    by_xor /= np.sqrt(2) if same else 1.0
    return max(np.abs(by_xor[first:]).max(), np.abs(by_shift[first:]).max()) / np.sqrt(a.size)


def assert_independent(rows):
    """No two of these rows, each a height x width mask, line up when one is moved against the other."""
    for a, b in itertools.combinations_with_replacement(rows, 2):
        assert strongest_alignment(a, b) < CHANCE


def naive(seed, shape, rate):
    """The hash that must not be used."""
    place = jnp.arange(np.prod(shape), dtype=jnp.uint32).reshape(shape)
    return mix32(place ^ seed[0]) >= jnp.uint32(round(rate * 2**32))


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.5])
def test_the_keep_rate_is_one_minus_the_rate_in_every_head_row_and_column(rate):
    mask = np.stack([keep_mask(seed, SHAPE, rate) for seed in site_seeds(jax.random.key(0), 8)])
    for axes in ((0, 1, 2, 3, 4), (0, 3, 4), (1, 2, 3, 4), (0, 1, 2, 4), (0, 1, 2, 3), (3, 4)):
        sums = standardised(mask, rate).sum(axis=axes)
        errors = sums / np.sqrt(mask.size / sums.size)
        assert np.abs(errors).max() < 5
        # Not too even either: so many binomial counts scatter by so much.
        assert abs((errors**2).mean() - 1) < 5 * np.sqrt(2 / errors.size)


def test_steps_layers_sites_and_micro_batches_are_independent():
    key = jax.random.key(0)
    drawn = [
        *site_seeds(jax.random.fold_in(key, 0), 6),  # one step: two layers, and sites of one layer
        *site_seeds(jax.random.fold_in(key, 1), 2),  # the next step
        *site_seeds(jax.random.fold_in(jax.random.fold_in(key, 0), 1), 2),  # a micro-batch
    ]
    assert_independent([mask[0, 0] for mask in masks(drawn)])


def test_seeds_that_differ_by_one_bit_are_independent():
    seed = site_seeds(jax.random.key(2), 1)[0]
    flips = [(1, 0), (0, 1), (2, 0), (3, 0), (128, 0), (0, 4), (1 << 31, 0), (1, 1)]
    neighbours = [seed ^ jnp.array(bits, jnp.uint32) for bits in flips]
    small = [jnp.array(pair, jnp.uint32) for pair in ((0, 0), (0, 1), (1, 0))]
    assert_independent([mask[0, 0] for mask in masks([seed, *neighbours, *small])])


@pytest.mark.parametrize("difference", [1, 2, 64, 128, 5000])
def test_the_law_of_independence_catches_a_hash_of_place_xor_seed(difference):
    seeds = [jnp.array([40, 0], jnp.uint32), jnp.array([40 ^ difference, 0], jnp.uint32)]
    a, b = (mask[0, 0] for mask in masks(seeds, make=naive))
    assert abs(correlation(a, b)) < 5  # a plain correlation does not notice
    with pytest.raises(AssertionError):
        assert_independent([a, b])


def test_rows_of_the_batch_and_heads_are_independent():
    (mask,) = masks(site_seeds(jax.random.key(3), 1))
    assert_independent(list(mask.reshape(-1, *SHAPE[-2:])))


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


def test_the_mask_of_a_seed_never_changes():
    # Recorded. A run that goes on, under whatever version, must drop what it would have dropped.
    mask = keep_mask(jnp.array([1, 2], jnp.uint32), (2, 1, 4, 8), 0.5)
    assert np.packbits(np.asarray(mask)).tolist() == [82, 136, 177, 155, 23, 113, 118, 198]


def test_dropout_keeps_the_mean_in_bfloat16_too():
    x = jax.random.uniform(jax.random.key(7), (64, 128, 128), minval=1.0, maxval=2.0).astype(jnp.bfloat16)
    seed = site_seeds(jax.random.key(8), 1)[0]
    kept = np.asarray(dropout(x, seed, 0.1)).astype(np.float64)
    ratio = kept[kept > 0].mean() / np.asarray(x).astype(np.float64)[kept > 0].mean()
    # The factor rounded to bfloat16 would be off by 1.6e-3.
    assert ratio == pytest.approx(1 / 0.9, rel=2e-4)


def test_rate_zero_is_the_identity_and_a_rate_next_to_one_drops_almost_all():
    x = jnp.arange(6.0).reshape(2, 3)
    assert dropout(x, jnp.zeros(2, jnp.uint32), 0.0) is x
    assert not keep_mask(jnp.zeros(2, jnp.uint32), (64, 64), 1 - 1e-12).any()


def test_the_mask_of_a_batch_row_does_not_depend_on_the_batch_size():
    seed = site_seeds(jax.random.key(6), 1)[0]
    np.testing.assert_array_equal(keep_mask(seed, (4, 8, 8), RATE)[:2], keep_mask(seed, (2, 8, 8), RATE))
