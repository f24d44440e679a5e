import dataclasses
import itertools
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codelm_jax.generation.filters import (
    adjust_repetition,
    draw,
    filter_logits,
    first_argmax,
    row_sampling,
)
from codelm_jax.ops.threshold import threshold_of_row

VOCAB = 50
_filter = jax.jit(partial(filter_logits, on_cpu=True))
_draw = jax.jit(draw)
_adjust = jax.jit(adjust_repetition)
_threshold = jax.jit(threshold_of_row, static_argnames="bits")


def sampling(rows: int, **columns):
    """Neutral parameters with some columns replaced, e.g. `top_k=[1, 2]`."""
    neutral = row_sampling([], rows)
    dtypes = {name: getattr(neutral, name).dtype for name in neutral.__dataclass_fields__}
    changes = {
        f"{name}_R": jnp.asarray(np.broadcast_to(np.asarray(value, dtypes[f"{name}_R"]), (rows,)))
        for name, value in columns.items()
    }
    return dataclasses.replace(neutral, **changes)


def logits(rows: int, seed: int = 0, vocab: int = VOCAB) -> jax.Array:
    return jax.random.normal(jax.random.key(seed), (rows, vocab)) * 3.0


def kept(filtered: jax.Array) -> np.ndarray:
    return np.isfinite(np.asarray(filtered))


def sorted_reference(row: np.ndarray, temperature: float, top_k: int, top_p: float, min_p: float) -> set[int]:
    """Which tokens stay, by sorting in float64, each filter on the rest of the one before."""
    scaled = row.astype(np.float64) / temperature
    order = np.argsort(-scaled, kind="stable")
    if top_k:
        order = order[:top_k]
    p = np.exp(scaled[order] - scaled[order].max())
    p /= p.sum()
    order = order[: np.searchsorted(np.cumsum(p), top_p, side="left") + 1]
    p = np.exp(scaled[order] - scaled[order].max())
    return set(order[p >= min_p * p.max()].tolist())


def test_filters_keep_what_a_sort_keeps():
    temperatures, top_ks, top_ps = [0.3, 1.0, 2.0], [0, 1, 5, 49, 50, 1000], [0.01, 0.5, 0.9, 1.0]
    settings = list(itertools.product(temperatures, top_ks, top_ps, [0.02], range(4)))
    temperature, top_k, top_p, min_p, number = zip(*settings, strict=True)
    x = np.asarray(logits(4))[list(number)]
    columns = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "min_p": min_p}
    filtered = kept(_filter(jnp.asarray(x), sampling(len(settings), **columns)))
    for row, (t, k, p, least, _) in enumerate(settings):
        assert set(np.flatnonzero(filtered[row]).tolist()) == sorted_reference(x[row], t, k, p, least), (
            settings[row]
        )


def test_what_stays_keeps_its_relative_probability():
    x = logits(8)
    filtered = np.asarray(_filter(x, sampling(8, temperature=0.5, top_k=7))[0])
    stays = np.isfinite(filtered)
    expected = np.asarray(x[0])[stays] / 0.5
    np.testing.assert_allclose(filtered[stays], expected - expected.max(), rtol=1e-5, atol=1e-5)


def test_rows_with_different_parameters_are_filtered_as_if_alone():
    x = np.asarray(logits(8))
    columns = {
        "temperature": [0.0, 0.7, 1.0, 2.0, 1.0, 1.0, 0.1, 1.0],
        "top_k": [0, 3, 0, 10, 1, 0, 0, 50],
        "top_p": [1.0, 1.0, 0.4, 0.8, 0.9, 1.0, 0.2, 1.0],
        "min_p": [0.0, 0.0, 0.1, 0.0, 0.5, 0.0, 0.0, 1.0],
    }
    together = _filter(jnp.asarray(x), sampling(8, **columns))
    for row in range(8):
        alone = _filter(
            jnp.asarray(np.tile(x[row], (8, 1))),
            sampling(8, **{name: value[row] for name, value in columns.items()}),
        )
        np.testing.assert_array_equal(together[row], alone[0])


@pytest.mark.parametrize(
    "columns",
    [
        {"temperature": 0.0},
        {"temperature": 1e-30},
        {"top_k": 1},
        {"top_p": 1e-6},
        {"top_p": 1e-39},
        {"top_p": 1e-50},
        {"min_p": 1.0},
    ],
)
def test_every_limit_of_the_filters_is_greedy(columns):
    x = logits(8)
    token = _draw(_filter(x, sampling(8, **columns)), sampling(8, seed=range(8)), jnp.arange(8))
    np.testing.assert_array_equal(token, jnp.argmax(x, axis=-1))


@pytest.mark.parametrize("columns", [{"temperature": 0.0}, {"top_k": 1}])
def test_greedy_takes_the_first_of_equals(columns):
    tied = jnp.zeros((8, VOCAB)).at[:, :3].set(-1.0)
    greedy = sampling(8, seed=range(8), **columns)
    np.testing.assert_array_equal(_draw(_filter(tied, greedy), greedy, jnp.arange(8)), 3)


def test_excluded_tokens_stay_excluded():
    x = logits(8).at[:, 10:].set(-jnp.inf)
    filtered = _filter(x, sampling(8, top_k=[0, 20, *[5] * 6], top_p=[1.0, *[0.99] * 7]))
    assert not kept(filtered)[:, 10:].any()
    assert kept(filtered)[:, :10].any(axis=1).all()


@pytest.mark.parametrize("bits", [1, 4])
@settings(max_examples=50, deadline=None)
@given(
    keys=st.lists(st.integers(0, 2**32 - 1), min_size=20, max_size=20),
    weights=st.lists(st.integers(0, 5), min_size=20, max_size=20),
    share=st.floats(0.01, 1.0),
)
def test_the_threshold_is_the_largest_that_reaches_the_weight(bits, keys, weights, share):
    """In either form, the CPU's and the accelerator's."""
    needed = float(np.ceil(share * sum(weights)))
    row = (jnp.asarray(keys, jnp.uint32), jnp.asarray(weights, jnp.float32), jnp.float32(needed))
    found = int(_threshold(*row, bits=bits))

    def weight(threshold: int) -> int:
        return sum(w for k, w in zip(keys, weights, strict=True) if k >= threshold)

    assert weight(found) >= needed or found == 0
    assert found == 2**32 - 1 or weight(found + 1) < needed


def test_the_first_of_equal_maxima_is_found():
    x = jnp.asarray([[1.0, 3.0, 3.0], [2.0, -jnp.inf, 2.0], [-jnp.inf] * 3, [jnp.nan, 1.0, 2.0]])
    np.testing.assert_array_equal(first_argmax(x)[:3], [1, 0, 0])
    assert 0 <= int(first_argmax(x)[3]) < 3


def test_fifty_thousand_draws_follow_the_filtered_softmax():
    draws = 50_000
    x = logits(1, vocab=20)
    filtered = _filter(jnp.tile(x, (8, 1)), sampling(8, temperature=1.3, top_k=12))[:1]
    probabilities = np.asarray(jax.nn.softmax(filtered[0]), np.float64)
    rows = jnp.broadcast_to(filtered, (draws, 20))
    tokens = _draw(rows, sampling(draws, seed=3), jnp.arange(draws))
    counts = np.bincount(np.asarray(tokens), minlength=20)
    possible = probabilities > 0
    assert counts[~possible].sum() == 0
    expected = probabilities[possible] * draws
    statistic = ((counts[possible] - expected) ** 2 / expected).sum()
    assert statistic < 31.3  # chi-squared with 11 degrees of freedom: 0.1 % beyond


@pytest.mark.parametrize("column", ["seed", "sample", "position"])
def test_neighbouring_draws_are_independent(column):
    """Of two rows that differ by one in seed, sample or position, equal draws are as rare as chance makes them."""
    count, vocab = 20_000, 4
    x = jnp.zeros((count, vocab))
    numbers = jnp.arange(count)
    columns = {"seed": 0, "sample": 0} | ({column: numbers} if column != "position" else {})
    tokens = np.asarray(
        _draw(x, sampling(count, **columns), numbers if column == "position" else numbers * 0)
    )
    equal = (tokens[1:] == tokens[:-1]).mean()
    assert abs(equal - 1 / vocab) < 4 * np.sqrt(0.25 * 0.75 / count)
    pairs = np.bincount(tokens[1:] * vocab + tokens[:-1], minlength=vocab**2)
    assert ((pairs - count / 16) ** 2 / (count / 16)).sum() < 45  # 15 degrees of freedom: 0.01 % beyond


def test_the_penalty_is_the_one_of_its_paper():
    x = jnp.asarray([[2.0, -2.0, 1.0, -1.0]])
    history = jnp.asarray([[0, 1, 3, 3]], jnp.int32)
    nothing_spared = jnp.zeros((1, 4), jnp.bool_)
    adjusted = _adjust(x, history, jnp.asarray([2]), sampling(1, repetition_penalty=2.0), nothing_spared)
    np.testing.assert_allclose(adjusted, [[1.0, -4.0, 1.0, -1.0]])


def test_spared_tokens_are_neither_penalised_nor_banned():
    x = jnp.asarray([[2.0, -2.0, 1.0, -1.0]])
    history = jnp.asarray([[0, 1, 2, 3]], jnp.int32)
    spared = jnp.asarray([[True, False, True, False]])
    both = sampling(1, repetition_penalty=2.0, no_repeat_ngram=1)
    adjusted = _adjust(x, history, jnp.asarray([4]), both, spared)
    np.testing.assert_array_equal(adjusted, [[2.0, -np.inf, 1.0, -np.inf]])


def banned_reference(history: list[int], n: int) -> set[int]:
    recent = history[len(history) - (n - 1) :] if n > 1 else []
    return {history[i + n - 1] for i in range(len(history) - n + 1) if history[i : i + n - 1] == recent}


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_no_ngram_occurs_twice(n):
    rng = np.random.default_rng(n)
    history = rng.integers(0, 3, (16, 24))
    length = rng.integers(n, 25, 16)
    x = jnp.zeros((16, 8))
    adjusted = _adjust(
        x,
        jnp.asarray(history, jnp.int32),
        jnp.asarray(length, jnp.int32),
        sampling(16, no_repeat_ngram=n),
        jnp.zeros((16, 8), jnp.bool_),
    )
    for row in range(16):
        banned = set(np.flatnonzero(~kept(adjusted[row])).tolist())
        assert banned == banned_reference(history[row, : length[row]].tolist(), n)


def test_a_row_where_everything_would_repeat_may_repeat():
    history = jnp.asarray([[0, 1, 2, 3]], jnp.int32)
    x = jnp.ones((1, 4))
    adjusted = _adjust(
        x, history, jnp.asarray([4]), sampling(1, no_repeat_ngram=1), jnp.zeros((1, 4), jnp.bool_)
    )
    assert kept(adjusted).all()
