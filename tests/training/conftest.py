"""Optax's bias correction, and Flax's bfloat16 norms, promote types implicitly: allow it around whole steps."""

import functools

import jax
import pytest
from training import tiny_run

from codelm_jax.training import start, stepping
from codelm_jax.training.compile import compile_train_step


@pytest.fixture(autouse=True)
def standard_dtype_promotion():
    with jax.numpy_dtype_promotion("standard"):
        yield


_compiled = functools.cache(compile_train_step)


@pytest.fixture(autouse=True)
def compiled_once(monkeypatch):
    """Runs that compute the same share one compiled step and one initialisation."""

    def fresh_state(config, mesh, params):
        state = tiny_run.fresh_state(tiny_run.computed(config))
        state = state if params is None else state.replace(params=params)
        return jax.device_put(jax.device_get(state), start.replicated(mesh))

    monkeypatch.setattr(
        stepping, "compile_train_step", lambda config, mesh: _compiled(tiny_run.computed(config), mesh)
    )
    monkeypatch.setattr(start, "fresh_state", fresh_state)
