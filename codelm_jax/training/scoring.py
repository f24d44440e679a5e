"""Scores held-out windows with live parameters, on all devices."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh

from codelm_jax.training.config import ScoringConfig
from codelm_jax.training.mesh import put_batch, replicated, split_over_batch
from codelm_jax.training.step import score_step


def make_score(config: ScoringConfig, mesh: Mesh) -> Callable[[Any, np.ndarray], dict[str, np.ndarray]]:
    """Compiles the scoring step once for a run.

    Returns:
        `(params, windows) -> {"nll", "smoothed_loss"}`: windows are uint16 `[batch_size, T + 1]`, the figures float32
        `[batch_size, T]`, dropout off.
    """
    by_batch = split_over_batch(mesh)
    score = jax.jit(
        partial(score_step, config), in_shardings=(replicated(mesh), by_batch), out_shardings=by_batch
    )

    def call(params: Any, windows: np.ndarray) -> dict[str, np.ndarray]:
        return jax.device_get(score(params, put_batch(mesh, windows)))  # pyright: ignore[reportReturnType]

    return call
