"""Muon (Jordan 2024) for the matrices of the layers, AdamW for embeddings, head and norms.

A momentum of the gradients is made orthogonal and scaled to the usual size of AdamW's updates (Liu et al. 2025, "Muon is
Scalable for LLM Training"), so `learning_rate` and `weight_decay` mean the same for all parameters.
"""

import math
from collections.abc import Callable
from typing import Any

import jax
import optax
from jax import Array
from optax.contrib import MuonDimensionNumbers, scale_by_muon

from codelm_jax.training.config import TrainConfig

# Decay of the momentum, as Jordan and Liu et al. have it.
_MOMENTUM = 0.95
# Root mean square of an update of AdamW before the learning rate (Liu et al.).
_UPDATE_RMS = 0.2

# Axes of the inputs and of the outputs of a kernel. Queries, keys and values are matrices of their own: the axis of size 3
# is in neither.
_AXES = {"qkv": MuonDimensionNumbers(0, (2, 3)), "output": MuonDimensionNumbers((0, 1), 2)}
_MATRIX = MuonDimensionNumbers(0, 1)


def muon(
    config: TrainConfig, schedule: optax.Schedule, decayed: Callable[[Any], Any]
) -> optax.GradientTransformation:
    """Muon with the settings of a run; `beta1` and `beta2` are those of AdamW's share."""
    orthogonal = optax.chain(
        scale_by_muon(beta=_MOMENTUM, weight_dimension_numbers=_dimensions),
        optax.stateless(lambda updates, params: jax.tree_util.tree_map_with_path(_match_adamw, updates)),
    )
    adam = optax.scale_by_adam(config.beta1, config.beta2)
    return optax.chain(
        optax.partition({"muon": orthogonal, "adam": adam}, _groups),
        optax.add_decayed_weights(config.weight_decay, decayed),
        optax.scale_by_learning_rate(schedule),
    )


def _groups(params: Any) -> Any:
    return jax.tree_util.tree_map_with_path(
        lambda path, _: "muon" if path[0].key.startswith("layers_") and path[-1].key == "kernel" else "adam",
        params,
    )


def _dimensions(updates: Any) -> Any:
    return jax.tree_util.tree_map_with_path(lambda path, _: _dimensions_of(path), updates)


def _dimensions_of(path: Any) -> MuonDimensionNumbers:
    return _AXES.get(path[-2].key, _MATRIX)


def _match_adamw(path: Any, update: Array) -> Array:
    """An orthogonal m x n matrix has a root mean square of 1 / sqrt(max(m, n))."""
    axes = _dimensions_of(path)
    inputs, outputs = (
        math.prod(update.shape[axis] for axis in ((side,) if isinstance(side, int) else side))
        for side in (axes.reduction_axis, axes.output_axis)
    )
    return update * (_UPDATE_RMS * math.sqrt(max(inputs, outputs)))
