import random
from fractions import Fraction
from math import comb

import pytest

from codelm_jax.evals.statistics import clustered_interval, clustered_rate, pass_at_k, rate, wilson_interval


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [
        (8, 55, 0.0756, 0.2617),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (50, 100, 0.4038, 0.5962),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilson_intervals_have_their_published_values(count, n, low, high):
    assert wilson_interval(count, n) == pytest.approx((low, high), abs=1e-4)


def test_a_rate_says_how_many_of_how_many():
    assert vars(rate(8, 55)) == {
        "count": 8,
        "n": 55,
        "rate": 8 / 55,
        "low": pytest.approx(0.0756, abs=1e-4),
        "high": pytest.approx(0.2617, abs=1e-4),
    }
    assert rate(0, 0).rate is None


def test_pass_at_k_is_the_exact_fraction_in_many_cases():
    rng = random.Random(0)
    for _ in range(500):
        n = rng.randint(1, 500)
        correct, k = rng.randint(0, n), rng.randint(1, n)
        product = Fraction(1)
        for i in range(k):
            product *= Fraction(max(0, n - correct - i), n - i)
        assert pass_at_k(n, correct, k) == float(1 - product)


def test_pass_at_k_averages_over_all_draws():
    n, correct, k = 7, 3, 2
    passing = comb(n, k) - comb(n - correct, k)
    assert pass_at_k(n, correct, k) == passing / comb(n, k)
    assert pass_at_k(n, 0, 1) == 0.0
    assert pass_at_k(n, n, 7) == 1.0
    assert pass_at_k(10**6, 1, 10) == pytest.approx(1e-5)


@pytest.mark.parametrize(("n", "correct", "k"), [(5, 6, 1), (5, -1, 1), (5, 1, 6), (5, 1, 0)])
def test_pass_at_k_refuses_impossible_counts(n, correct, k):
    with pytest.raises(ValueError, match="pass@k"):
        pass_at_k(n, correct, k)


def test_clustering_widens_the_interval_when_samples_of_a_prompt_agree():
    agreeing = {str(i): [i < 5] * 20 for i in range(10)}
    mixed = {str(i): [j < 10 for j in range(20)] for i in range(10)}
    wide, narrow = clustered_rate(agreeing, seed=0), clustered_rate(mixed, seed=0)
    assert wide.rate == narrow.rate == 0.5
    assert wide.cluster_high - wide.cluster_low > wide.high - wide.low
    assert narrow.cluster_high == narrow.cluster_low == 0.5


def test_the_bootstrap_covers_the_truth_about_as_often_as_it_says():
    rng = random.Random(0)
    covered = 0
    for trial in range(40):
        clusters = [
            [rng.gauss(centre, 1.0) for _ in range(5)] for centre in [rng.gauss(3.0, 1.0) for _ in range(30)]
        ]
        low, high = clustered_interval(clusters, seed=trial)
        covered += low <= 3.0 <= high
    assert 34 <= covered <= 40


def test_the_bootstrap_is_deterministic_in_its_seed():
    clusters = [[float(i), float(i * i % 7)] for i in range(11)]
    assert clustered_interval(clusters, 1) == clustered_interval(clusters, 1)
    assert clustered_interval(clusters, 1) != clustered_interval(clusters, 2)
    assert clustered_interval([], 0) == (0.0, 1.0)
