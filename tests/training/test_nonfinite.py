import re

import numpy as np
import pytest
from training.tiny_run import make_run, raw_config

from codelm_jax.errors import UserError
from codelm_jax.training import stepping
from codelm_jax.training.loop import train


def poison_from(step, monkeypatch):
    """The parameters of the training step give NaN from a given step on."""
    compiled = stepping.compile_train_step

    def poisoned(config, mesh):
        train_step = compiled(config, mesh)

        def take(state, windows):
            factor = np.float32(np.nan if int(state.step) >= step else 1.0)
            params = state.params | {"head": {"kernel": state.params["head"]["kernel"] * factor}}
            return train_step(state.replace(params=params), windows)

        return take

    monkeypatch.setattr(stepping, "compile_train_step", poisoned)


@pytest.mark.parametrize("limit", [1, 5])
def test_a_run_that_logs_seldom_stops_soon_after_the_steps_it_may_lose(tmp_path, monkeypatch, limit):
    poison_from(4, monkeypatch)
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
