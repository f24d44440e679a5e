"""`--describe`: size, cost and memory of a run, without running it."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh

from codelm_jax.model.transformer import count_params
from codelm_jax.training.compile import compile_train_step
from codelm_jax.training.config import TrainConfig
from codelm_jax.training.mesh import backend_of
from codelm_jax.training.step import init_state


def describe(
    config: TrainConfig, resolved_config: Mapping[str, Any], mesh: Mesh, train_tokens: int | None
) -> dict[str, Any]:
    """Figures of a run as JSON.

    Args:
        config: of the run.
        resolved_config: the same as a dictionary, with the data section.
        mesh: the devices it would run on.
        train_tokens: tokens of the prepared training split; None if nothing is prepared yet.
    """
    backend = backend_of(config, mesh)
    total_tokens = config.max_steps * config.tokens_per_step
    return {
        "config": dict(resolved_config),
        "num_params": count_params(config.model),
        "flops_per_token": config.model.flops_per_token(config.model.max_seq_length),
        "tokens_per_step": config.tokens_per_step,
        "total_tokens": total_tokens,
        "total_flops": total_tokens * config.model.flops_per_token(config.model.max_seq_length),
        "train_tokens": train_tokens,
        "epochs": None if train_tokens is None else total_tokens / train_tokens,
        "compute_dtype": jnp.dtype(backend.dtype).name,
        "attention": backend.attention,
        "memory": _memory(config, mesh),
        "devices": [f"{device.platform}: {device.device_kind}" for device in mesh.devices.flat],
    }


def _memory(config: TrainConfig, mesh: Mesh) -> dict[str, int | None]:
    """Bytes of one step on one device, as the compiler plans them."""
    state = jax.eval_shape(lambda: init_state(config))
    windows_BT = jax.ShapeDtypeStruct((config.batch_size, config.model.max_seq_length + 1), jnp.uint16)
    planned = compile_train_step(config, mesh).lower(state, windows_BT).compile().memory_analysis()
    return {
        "state_bytes": sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(state)),
        "step_bytes": planned and planned.argument_size_in_bytes + planned.temp_size_in_bytes,
    }
