"""AdamW with warm-up and cosine decay, weight decay on matrices and embeddings only."""

from typing import Any, cast

import jax
import jax.numpy as jnp
import optax
from jax import Array

from codelm_jax.training.config import TrainConfig

# Leaves by the name Flax gives them; norms ("scale", "bias") are left alone.
_DECAYED = ("kernel", "embedding")

_ADAM_EPSILON = 1e-8  # optax's default


def learning_rate_schedule(config: TrainConfig) -> optax.Schedule:
    """Linear from 0 to `learning_rate` over `warmup_steps`, then cosine to `final_learning_rate` at `max_steps`."""
    warmup = min(config.warmup_steps, config.max_steps)
    return optax.warmup_cosine_decay_schedule(
        init_value=0.0 if warmup else config.learning_rate,
        peak_value=config.learning_rate,
        warmup_steps=warmup,
        decay_steps=max(config.max_steps, warmup + 1),
        end_value=config.final_learning_rate,
    )


def decayed_leaves(params: Any) -> Any:
    """A tree of booleans: which leaves weight decay pulls towards zero."""
    return jax.tree_util.tree_map_with_path(lambda path, _: path[-1].key in _DECAYED, params)


def make_optimizer(config: TrainConfig) -> optax.GradientTransformation:
    """Clips the global gradient norm, then AdamW (Loshchilov 2019)."""
    return optax.chain(
        optax.clip_by_global_norm(config.grad_clip),
        optax.adamw(
            learning_rate_schedule(config),
            b1=config.beta1,
            b2=config.beta2,
            weight_decay=config.weight_decay,
            mask=decayed_leaves,
        ),
    )


def adamw_update(
    config: TrainConfig, grads: Any, grad_norm: Array, finite: Array, opt_state: Any, params: Any
) -> tuple[Any, Any]:
    """What `make_optimizer` defines, in few passes over memory.

    Optax's own update writes the clipped gradients out, and its new parameters depend on the old moments, which are
    then copied before they are overwritten: on a CPU that is two thirds of the optimizer's time. Here the moments are
    settled first and the parameters are computed from the new ones, in place.

    Args:
        config: static.
        grads: float32, as `params`.
        grad_norm: their global norm.
        finite: bool; where False, parameters and state stay as they are.
        opt_state: of `make_optimizer(config)`.
        params: float32.

    Returns:
        The new parameters and state; equal to optax's but for the last bits.
    """
    clip_state, (adam, decay_state, schedule) = opt_state
    count = cast(Array, optax.safe_increment(adam.count))
    b1, b2 = config.beta1, config.beta2
    clip = jnp.where(grad_norm < config.grad_clip, 1.0, config.grad_clip / grad_norm)
    mean_correction, square_correction = (1.0 - b ** count.astype(jnp.float32) for b in (b1, b2))
    rate = jnp.asarray(learning_rate_schedule(config)(schedule.count))

    mu = jax.tree.map(lambda m, g: jnp.where(finite, b1 * m + ((1.0 - b1) * clip) * g, m), adam.mu, grads)
    nu = jax.tree.map(
        lambda v, g: jnp.where(finite, b2 * v + (1.0 - b2) * jnp.square(clip * g), v), adam.nu, grads
    )
    # Without it the parameters' loop would compute both again, from old moments and gradients.
    mu, nu = jax.lax.optimization_barrier((mu, nu))

    def step(p: Array, m: Array, v: Array, decayed: bool) -> Array:
        direction = (m / mean_correction) / (jnp.sqrt(v / square_correction) + _ADAM_EPSILON)
        if decayed:
            direction = direction + config.weight_decay * p
        return jnp.where(finite, p - rate * direction, p)

    params = jax.tree.map(step, params, mu, nu, decayed_leaves(params))

    def counted(count: Array) -> Array:
        return jnp.where(finite, cast(Array, optax.safe_increment(count)), count)

    adam = adam._replace(count=counted(adam.count), mu=mu, nu=nu)
    schedule = schedule._replace(count=counted(schedule.count))
    return params, (clip_state, (adam, decay_state, schedule))
