"""AdamW with warm-up and cosine decay, weight decay on matrices and embeddings only."""

from typing import Any

import jax
import optax

from codelm_jax.training.config import TrainConfig

# Leaves by the name Flax gives them; norms ("scale", "bias") are left alone.
_DECAYED = ("kernel", "embedding")


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
