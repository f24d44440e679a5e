"""The optimizer of a run: the gradient is clipped, then what `config.optimizer` names turns it into an update."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from codelm_jax.training.config import TrainConfig, registered
from codelm_jax.training.optimizers.registry import OPTIMIZERS
from codelm_jax.training.optimizers.skipping import skipping
from codelm_jax.training.schedules import make_schedule

# Leaves by the name Flax gives them; norms ("scale", "bias") do not decay.
_DECAYED = ("kernel", "embedding")


def make_optimizer(config: TrainConfig) -> optax.GradientTransformationExtraArgs:
    """Clipping, then the chosen optimizer with its schedule and weight decay.

    Returns:
        `update` takes `finite`, a scalar bool; where it is False the state comes back unchanged and the caller keeps
        the parameters.

    Raises:
        UserError: there is no such optimizer or schedule.
    """
    make = registered(OPTIMIZERS, "optimizer", config.optimizer)
    chosen = make(config, make_schedule(config), decayed_leaves)
    return optax.with_extra_args_support(optax.chain(clip_by_global_norm(config.grad_clip), skipping(chosen)))


def decayed_leaves(params: Any) -> Any:
    """A tree of booleans: which leaves weight decay pulls towards zero."""
    return jax.tree_util.tree_map_with_path(lambda path, _: path[-1].key in _DECAYED, params)


def clip_by_global_norm(max_norm: float) -> optax.GradientTransformation:
    """`optax.clip_by_global_norm` but for the last bits, as one factor for all elements.

    Optax divides every element, and XLA then writes the clipped gradients out instead of fusing them into their readers.
    """

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        norm = optax.tree.norm(updates)
        factor = jnp.where(norm < max_norm, 1.0, max_norm / norm)
        return jax.tree.map(lambda g: factor * g, updates), state

    return optax.GradientTransformation(lambda params: optax.EmptyState(), update)
