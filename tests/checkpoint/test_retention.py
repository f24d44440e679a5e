import math
import random

import pytest

from codelm_jax.checkpoint.digest import Digests, finite_or_none
from codelm_jax.checkpoint.retention import best_step, steps_to_keep

pytestmark = pytest.mark.faults

FIGURES = (math.nan, math.inf, -math.inf, 1.0, 1.0, 2.0)


def random_metrics(rng):
    if rng.random() < 0.2:
        return None
    if rng.random() < 0.1:
        return {"tokens_per_second": 5.0}
    return {"nll": rng.choice(FIGURES) if rng.random() < 0.5 else rng.uniform(0, 9)}


def random_history(seed):
    rng = random.Random(seed)
    every = rng.choice((1, 10, 500))
    history = {every * (index + 1): random_metrics(rng) for index in range(rng.randint(1, 40))}
    milestones = {every * rng.randint(1, 40) for _ in range(rng.randint(0, 4))}
    return rng, history, milestones


def after_restart(on_disk):
    """What a new process knows: the figures as they were committed with each step."""
    tables = [Digests(step, {"nll": nll}, {}, "", "").to_json() for step, nll in on_disk.items()]
    return {digests.step: digests.nll for digests in map(Digests.from_json, tables)}


@pytest.mark.parametrize("block", range(4))
def test_over_random_histories_exactly_the_latest_two_the_true_best_and_the_milestones_survive(block):
    for seed in range(block * 250, block * 250 + 250):
        rng, history, milestones = random_history(seed)
        on_disk, seen = {}, {}
        for step, metrics in history.items():
            seen[step] = metrics
            on_disk[step] = (finite_or_none(metrics) or {}).get("nll")
            kept = steps_to_keep(on_disk, milestones)
            on_disk = {step: on_disk[step] for step in kept}
            if rng.random() < 0.2:
                on_disk = after_restart(on_disk)

            figures = {s: m["nll"] for s, m in seen.items() if m and math.isfinite(m.get("nll", math.nan))}
            best = {min(figures, key=lambda s: (figures[s], s))} if figures else set()
            assert on_disk.keys() == set(sorted(seen)[-2:]) | milestones & seen.keys() | best, (seed, step)


def test_after_steps_are_lost_the_best_and_the_latest_of_the_rest_survive():
    for seed in range(200):
        rng, history, milestones = random_history(seed)
        on_disk = {}
        for step, metrics in history.items():
            on_disk[step] = (finite_or_none(metrics) or {}).get("nll")
            if rng.random() < 0.3:
                del on_disk[rng.choice(list(on_disk))]
            kept = steps_to_keep(on_disk, milestones)
            assert set(sorted(on_disk)[-2:]) | milestones & on_disk.keys() <= kept <= on_disk.keys()
            assert best_step({step: on_disk[step] for step in kept}) == best_step(on_disk)
            on_disk = {step: on_disk[step] for step in kept}


def test_nan_is_never_the_best():
    figures = {1: 3.0, 2: None, 3: 2.0, 4: None}
    assert best_step(figures) == 3
    assert steps_to_keep(figures | {5: None, 6: None}, ()) == {3, 5, 6}


def test_of_equals_the_earlier_is_the_best():
    assert best_step({10: 2.0, 20: 2.0}) == 10


def test_without_figures_there_is_no_best():
    assert best_step({1: None, 2: None}) is None
    assert best_step({}) is None


def test_figures_that_are_not_finite_are_recorded_as_none():
    assert finite_or_none({"nll": math.nan, "bits_per_byte": 2}) == {"nll": None, "bits_per_byte": 2.0}
    assert finite_or_none(None) is None
