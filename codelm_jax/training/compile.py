"""The jitted programs of a run: one training step and one scoring step over a mesh."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh

from codelm_jax.training.config import ScoringConfig, TrainConfig
from codelm_jax.training.mesh import backend_of, put_batch, replicated, split_over_batch
from codelm_jax.training.step import score_step, train_step


def compile_train_step(config: TrainConfig, mesh: Mesh) -> Any:
    """The jitted `(state, windows) -> (state, metrics)`; the state is donated.

    The loop, `--describe` and the benchmarks use this one program.
    """
    everywhere = replicated(mesh)
    return jax.jit(
        partial(train_step, config, backend_of(config, mesh)),
        donate_argnums=0,
        in_shardings=(everywhere, split_over_batch(mesh)),
        out_shardings=(everywhere, everywhere),
    )


def compile_score_step(
    config: ScoringConfig, mesh: Mesh
) -> Callable[[Any, np.ndarray], dict[str, np.ndarray]]:
    """Compiles the scoring step once for a run.

    Returns:
        `(params, windows) -> {"nll", "smoothed_loss"}`: windows are uint16 `[batch_size, T + 1]`, the figures float32
        `[batch_size, T]`, dropout off.
    """
    by_batch = split_over_batch(mesh)
    score = jax.jit(
        partial(score_step, config, backend_of(config, mesh)),
        in_shardings=(replicated(mesh), by_batch),
        out_shardings=by_batch,
    )

    def call(params: Any, windows: np.ndarray) -> dict[str, np.ndarray]:
        scores: Any = jax.device_get(score(params, put_batch(mesh, windows)))
        return scores

    return call
