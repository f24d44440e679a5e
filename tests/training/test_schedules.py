import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from training.tiny_run import make_config

from codelm_jax.errors import UserError
from codelm_jax.training.optimizer import make_optimizer
from codelm_jax.training.schedules import SCHEDULES, make_schedule

STEPS = 100


def rates(**changes):
    """The learning rate of each step, and of the one after the last."""
    config = make_config(**{"warmup_steps": 10, "max_steps": STEPS} | changes)
    return rates_of(make_schedule(config), config.max_steps)


def rates_of(schedule, steps):
    return np.asarray(jax.jit(jax.vmap(schedule))(jnp.arange(steps + 1)))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_warms_up_and_decays_to_its_end(schedule):
    found = rates(schedule=schedule)
    assert found[0] == 0.0
    assert found[5] == pytest.approx(5e-3)
    assert found.max() == found[10] == pytest.approx(1e-2)
    assert (np.diff(found[10:]) <= 0).all()
    assert found[STEPS] == pytest.approx(1e-3)
    assert rates(schedule=schedule, final_learning_rate=0.0)[STEPS] == pytest.approx(0.0, abs=1e-9)
    assert rates(schedule=schedule, warmup_steps=0)[0] == pytest.approx(1e-2)


@pytest.mark.parametrize(("warmup", "steps"), [(0, 50), (10, 50), (80, 50)])
def test_cosine_is_optax_warm_up_and_cosine_decay_bit_by_bit(warmup, steps):
    rise = min(warmup, steps)
    expected = optax.warmup_cosine_decay_schedule(
        init_value=0.0 if rise else 1e-2,
        peak_value=1e-2,
        warmup_steps=rise,
        decay_steps=max(steps, rise + 1),
        end_value=1e-3,
    )
    np.testing.assert_array_equal(rates(warmup_steps=warmup, max_steps=steps), rates_of(expected, steps))


def test_half_way_cosine_and_linear_are_at_the_mean_and_wsd_at_the_peak():
    middle = {schedule: rates(schedule=schedule)[55] for schedule in SCHEDULES}
    mean = pytest.approx((1e-2 + 1e-3) / 2)
    assert middle == {"cosine": mean, "linear": mean, "wsd": pytest.approx(1e-2)}


def test_wsd_decays_over_its_share_of_the_run():
    for share, steps in ((0.2, 20), (0.5, 50), (1.0, 90)):  # at most all that the warm-up leaves
        found = rates(schedule="wsd", decay_share=share)
        assert (found[10 : STEPS - steps + 1] == found[10]).all()
        assert (np.diff(found[STEPS - steps :]) < 0).all()


def test_an_unknown_name_is_refused_by_name():
    with pytest.raises(
        UserError, match=r"config\.schedule = 'cosin': not known \(did you mean cosine\?\).*wsd"
    ):
        make_optimizer(make_config(schedule="cosin"))
    with pytest.raises(UserError, match=r"config\.optimizer = 'adam': not known.*there are adamw, muon"):
        make_optimizer(make_config(optimizer="adam"))
    with pytest.raises(UserError, match=r"config\.decay_share = 0\.0"):
        make_config(decay_share=0.0)
