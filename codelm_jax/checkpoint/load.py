"""Loads the weights of a step. Changes nothing on disk and needs no orbax."""

import dataclasses
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import jax
import jax.numpy as jnp

from codelm_jax.checkpoint.digest import Damaged
from codelm_jax.checkpoint.locate import locate
from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.checkpoint.retention import best_step
from codelm_jax.checkpoint.saved_step import SavedStep
from codelm_jax.checkpoint.tree import nest
from codelm_jax.errors import UserError

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Loaded:
    """The weights of a step and their metadata.

    Attributes:
        step: its number.
        params: nested dictionaries of arrays, as they were under `params` in the saved state.
        meta: the metadata.
    """

    step: int
    params: dict[str, Any]
    meta: RunMeta


def load_checkpoint(
    path: str | os.PathLike[str], *, which: Literal["best", "latest"] | int = "best", dtype: Any = None
) -> Loaded:
    """Reads the weights of a step, without the optimizer state, onto the default device.

    Safe while a training run saves and removes steps.

    Args:
        path: a run directory, its checkpoints directory, or the directory of one step (then `which` has no effect).
        which: a step number; "latest"; or "best", the lowest held-out nll, or the latest if none was measured.
        dtype: floating-point parameters are cast to it, e.g. `jnp.bfloat16`; kept as saved if None.

    Raises:
        UserError: there is no such step, or it is damaged: weights that differ from their digests are not returned.
    """
    while True:
        directory, steps = locate(path)
        chosen = directory if steps is None else directory / str(_choose(directory, steps, which))
        try:
            return _load(chosen, dtype)
        except Damaged as damage:
            removed_meanwhile = steps is not None and not isinstance(which, int) and not chosen.exists()
            if not removed_meanwhile:
                raise UserError(
                    f"{damage}; choose another step, or set this one aside with scripts/checkpoint.py repair"
                ) from damage


def _choose(directory: Path, steps: Sequence[int], which: Literal["best", "latest"] | int) -> int:
    if which == "latest":
        return steps[-1]
    if isinstance(which, int):
        if which not in steps:
            raise UserError(f"{directory}: has no step {which}; it has {', '.join(map(str, steps))}")
        return which
    if which != "best":
        raise UserError(f"which = {which!r}: must be best, latest or a step number")
    nll_by_step = {}
    for step in steps:
        try:
            nll_by_step[step] = SavedStep(directory / str(step)).digests.nll
        except Damaged as damage:
            if (directory / str(step)).exists():
                _log.warning("%s; not considered as the best step", damage)
    best = best_step(nll_by_step)
    return max(nll_by_step, default=steps[-1]) if best is None else best


def _load(step_directory: Path, dtype: Any) -> Loaded:
    saved = SavedStep(step_directory)
    meta, arrays = saved.meta(), saved.leaves("params/")
    if not arrays:
        raise UserError(f"{step_directory}: was not saved by a training run: it has no params")
    if dtype is not None:
        arrays = {
            name: array.astype(dtype) if jnp.issubdtype(array.dtype, jnp.floating) else array
            for name, array in arrays.items()
        }
    return Loaded(saved.digests.step, jax.device_put(nest(arrays)["params"]), meta)
