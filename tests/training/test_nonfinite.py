import re

import jax.numpy as jnp
import pytest
from training.tiny_run import make_run, raw_config

from codelm_jax.errors import UserError
from codelm_jax.training import compile as compile_module
from codelm_jax.training.loop import train


def poisoned_from(step, train_step):
    """A training step whose parameters give NaN from a given step on."""

    def poisoned(config, backend, state, windows):
        factor = jnp.where(state.step >= step, jnp.nan, 1.0)
        params = state.params | {"head": {"kernel": state.params["head"]["kernel"] * factor}}
        return train_step(config, backend, state.replace(params=params), windows)

    return poisoned


@pytest.mark.parametrize("limit", [1, 5])
def test_a_run_that_logs_seldom_stops_soon_after_the_steps_it_may_lose(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(compile_module, "train_step", poisoned_from(4, compile_module.train_step))
    raw = raw_config(
        max_steps=200, log_every=200, eval_every=200, checkpoint_every=200, max_nonfinite_steps=limit
    )
    with pytest.raises(UserError, match=r"config.max_nonfinite_steps: the last \d+ steps") as error:
        train(make_run(tmp_path / "run", raw))
    in_a_row = int(re.findall(r"the last (\d+) steps", str(error.value))[0])
    assert limit <= in_a_row <= 2 * limit + 2
    assert "gradient norms nan)" in str(error.value)  # once, not for each step


def test_a_run_that_logs_seldom_and_stays_finite_goes_on(tmp_path):
    raw = raw_config(log_every=8, max_nonfinite_steps=1)
    assert train(make_run(tmp_path / "run", raw))["step"] == 8
