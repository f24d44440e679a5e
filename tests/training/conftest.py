"""Optax's bias correction, and Flax's bfloat16 norms, promote types implicitly: allow it around whole steps."""

import jax
import pytest


@pytest.fixture(autouse=True)
def standard_dtype_promotion():
    with jax.numpy_dtype_promotion("standard"):
        yield
