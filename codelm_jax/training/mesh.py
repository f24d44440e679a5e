"""Data parallelism: one mesh axis, `data`; the batch is split over it, the state is copied to every device."""

from typing import Any

import jax
import numpy as np
from jax import Array
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from codelm_jax.errors import UserError
from codelm_jax.ops.backend import Backend, backend_for
from codelm_jax.training.config import ScoringConfig, TrainConfig


def make_mesh(config: TrainConfig) -> Mesh:
    """A mesh over all devices of all processes.

    Raises:
        UserError: the batch, or a part of it under gradient accumulation, does not divide over the devices.
    """
    devices = jax.devices()
    part = config.batch_size // config.grad_accum_steps
    if part % len(devices):
        raise UserError(
            f"config.batch_size = {config.batch_size} in {config.grad_accum_steps} part(s) does not divide over "
            f"{len(devices)} devices: make it a multiple of {len(devices) * config.grad_accum_steps}"
        )
    return all_devices()


def all_devices() -> Mesh:
    """A mesh over all devices of all processes, for batches that are known to divide over them."""
    return Mesh(np.asarray(jax.devices()), ("data",))


def backend_of(config: ScoringConfig, mesh: Mesh) -> Backend:
    """The backend that a run's programs are compiled for.

    Raises:
        UserError: the attention kernel was asked for, but does not run on these devices.
    """
    return backend_for(
        mesh.devices.flat[0],
        dtype=config.compute_dtype,
        attention=config.attention,
        head_dim=config.model.head_dim,
        devices=mesh.devices.size,
    )


def replicated(mesh: Mesh) -> NamedSharding:
    """A full copy on every device."""
    return NamedSharding(mesh, PartitionSpec())


def split_over_batch(mesh: Mesh) -> NamedSharding:
    """The first axis split over the devices."""
    return NamedSharding(mesh, PartitionSpec("data"))


def put_batch(mesh: Mesh, local_windows_BT: np.ndarray) -> Array:
    """Hands this process's share of a global batch to its devices."""
    return jax.make_array_from_process_local_data(split_over_batch(mesh), local_windows_BT)


def put_replicated(mesh: Mesh, tree: Any) -> Any:
    """Copies a pytree to every device."""
    return jax.device_put(tree, replicated(mesh))
