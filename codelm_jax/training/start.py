"""The state that a run starts from: its last sound checkpoint, given weights, or random ones."""

import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jax
from jax.sharding import Mesh

from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.checkpoint.store import CheckpointStore
from codelm_jax.run_files import read_metrics
from codelm_jax.training.config import TrainConfig
from codelm_jax.training.mesh import put_replicated, replicated
from codelm_jax.training.resume import check_same_run, rounding_note
from codelm_jax.training.step import TrainState, init_state


@dataclasses.dataclass(frozen=True)
class Start:
    """Where a run starts.

    Attributes:
        state: on all devices.
        data: position in the training data.
        held_out: figures of the saved step and its `step`; empty where it was not evaluated.
        notes: what the user should know, one line each.
    """

    state: TrainState
    data: Mapping[str, Any]
    held_out: Mapping[str, Any]
    notes: Sequence[str]


def find_start(
    config: TrainConfig,
    mesh: Mesh,
    store: CheckpointStore,
    *,
    meta: RunMeta,
    workdir: Path,
    initial_params: Any | None,
) -> Start:
    """Restores the last sound checkpoint, or makes a fresh state from `initial_params` or the seed.

    Raises:
        UserError: the checkpoint has other settings or data.
    """
    everywhere = replicated(mesh)
    shapes = jax.eval_shape(partial(init_state, config))
    abstract = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=everywhere), shapes)
    restored = store.restore(abstract)
    if restored is not None:
        check_same_run(restored.meta, meta, workdir)
        note = rounding_note(restored.meta, meta)
        held_out = {**restored.metrics, "step": restored.step} if restored.metrics else {}
        return Start(restored.state, restored.data, held_out, [note] if note else [])
    logged = read_metrics(workdir / "metrics.jsonl", lambda line: None)
    notes = (
        [f"metrics.jsonl reaches step {logged[-1]['step']}, but there is no checkpoint: beginning at step 0"]
        if logged
        else []
    )
    return Start(fresh_state(config, mesh, initial_params), {"next_index": 0}, {}, notes)


def fresh_state(config: TrainConfig, mesh: Mesh, params: Any | None) -> TrainState:
    """The state before the first step, on all devices."""
    return put_replicated(mesh, jax.jit(partial(init_state, config))(params))
