"""The optimizers there are, by the name that `config.optimizer` gives."""

from collections.abc import Callable
from typing import Any

import optax

from codelm_jax.training.config import TrainConfig
from codelm_jax.training.optimizers.adamw import adamw
from codelm_jax.training.optimizers.muon import muon

# The config, the learning rate of each step, and from parameters to a tree of booleans: which leaves weight decay applies
# to. Gradients come clipped.
MakeOptimizer = Callable[[TrainConfig, optax.Schedule, Callable[[Any], Any]], optax.GradientTransformation]

OPTIMIZERS: dict[str, MakeOptimizer] = {
    "adamw": adamw,
    "muon": muon,
}
