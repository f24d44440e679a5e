"""Steps that are not taken: where the gradient is not finite, the optimizer state stays as it is."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import Array


class Skipping(optax.GradientTransformationExtraArgs):
    """A transformation whose `update` takes `finite`, a scalar bool; where it is False the state comes back unchanged.

    The updates are then meaningless, and the caller drops them.
    """


def skipping(inner: optax.GradientTransformation) -> Skipping:
    """`inner` with a choice between its old and its new state, unless it makes that choice itself."""
    if isinstance(inner, Skipping):
        return inner
    extended = optax.with_extra_args_support(inner)

    def update(
        updates: Any, state: Any, params: Any = None, *, finite: Array | bool = True, **extra: Any
    ) -> tuple[Any, Any]:
        updates, new_state = extended.update(updates, state, params, **extra)
        return updates, jax.tree.map(lambda new, old: jnp.where(finite, new, old), new_state, state)

    return Skipping(inner.init, update)
