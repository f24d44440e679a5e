"""Restores a whole training state, verified."""

import dataclasses
from pathlib import Path
from typing import Any

import jax

from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.checkpoint.saved_step import SavedStep
from codelm_jax.checkpoint.tree import fill, leaf_table


@dataclasses.dataclass(frozen=True)
class Restored:
    """A step as it was saved.

    Attributes:
        step: its number.
        state: the state, of the types, shapes, dtypes and shardings asked for.
        data: the state of the data iterator.
        meta: the metadata.
        metrics: held-out metrics given to `save`, or None; a metric that was not finite is None.
    """

    step: int
    state: Any
    data: dict[str, Any]
    meta: RunMeta
    metrics: dict[str, float | None] | None


def read_state(step_directory: Path, abstract_state: Any) -> Restored:
    """Reads a step.

    Args:
        step_directory: where it is saved.
        abstract_state: as for `CheckpointStore.restore`.

    Raises:
        Damaged: the step is damaged.
        UserError: it does not have the names, shapes and dtypes of `abstract_state`.
    """
    saved = SavedStep(step_directory)
    wanted = leaf_table(abstract_state)
    saved.check_fit(wanted)
    meta, data, arrays = saved.meta(), saved.data(), saved.leaves()
    placed = {
        name: jax.device_put(arrays[name], getattr(leaf, "sharding", None)) for name, leaf in wanted.items()
    }
    return Restored(saved.digests.step, fill(abstract_state, placed), data, meta, saved.digests.metrics)
