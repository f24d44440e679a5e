"""The target of a compiled program: its platform, compute type and attention implementation.

Programs get it as an argument and never ask the process for its devices, so they can be compiled for another machine.
"""

import dataclasses
from typing import Any, Literal

import jax.numpy as jnp
from jax.typing import DTypeLike

from codelm_jax.errors import UserError

ComputeDtype = Literal["auto", "float32", "bfloat16"]
# "interpreted" runs the kernel as plain XLA operations: slow, for tests without a GPU.
AttentionPath = Literal["xla", "kernel", "interpreted"]

# A tile of the GPU kernel holds a whole head vector.
LARGEST_HEAD_DIM = 128
# The first NVIDIA GPUs that multiply bfloat16 matrices in hardware.
_LEAST_COMPUTE_CAPABILITY = 8.0


@dataclasses.dataclass(frozen=True)
class Backend:
    """What a program is compiled for; a static argument.

    Attributes:
        platform: "cpu", "gpu" or "tpu", as JAX names it.
        dtype: of the computation; parameters and optimizer state are always float32.
        attention: implementation of attention over whole sequences.
        devices: number of devices that a batch is split over.
    """

    platform: str = "cpu"
    dtype: DTypeLike = jnp.float32
    attention: AttentionPath = "xla"
    devices: int = 1

    @property
    def on_cpu(self) -> bool:
        """Whether the fast CPU forms of operations are used."""
        return self.platform == "cpu"


def backend_for(
    device: Any,
    *,
    dtype: ComputeDtype | str = "auto",
    attention: Literal["auto", "xla", "kernel"] = "xla",
    head_dim: int | None = None,
    devices: int = 1,
) -> Backend:
    """The backend of a device.

    Args:
        device: `jax.Device` or the description of one, any of those that the program runs on.
        dtype: "auto" is float32 on a CPU and bfloat16 elsewhere.
        attention: "auto" is the kernel where it runs.
        head_dim: of the model; needed unless attention is "xla".
        devices: number of devices that a batch is split over.

    Raises:
        UserError: the kernel was asked for, but does not run on this device.
    """
    if dtype == "auto":
        dtype = "float32" if device.platform == "cpu" else "bfloat16"
    obstacle = None if attention == "xla" else _kernel_obstacle(device, head_dim or 0)
    if attention == "kernel" and obstacle:
        raise UserError(f"config.attention = 'kernel': {obstacle}; use 'auto' or 'xla'")
    path: AttentionPath = "xla" if attention == "xla" or obstacle else "kernel"
    return Backend(device.platform, jnp.dtype(dtype), path, devices)


def _kernel_obstacle(device: Any, head_dim: int) -> str | None:
    if device.platform != "gpu":
        return f"it needs an NVIDIA GPU, and JAX runs on {device.platform} here"
    # AMD's are named, as in "gfx90a".
    capability = str(getattr(device, "compute_capability", "unknown"))
    if not capability.replace(".", "").isdigit() or float(capability) < _LEAST_COMPUTE_CAPABILITY:
        return f"it needs an NVIDIA GPU of compute capability {_LEAST_COMPUTE_CAPABILITY} or more, not {capability}"
    if head_dim > LARGEST_HEAD_DIM:
        return f"it needs hidden_dim / num_heads of at most {LARGEST_HEAD_DIM}, not {head_dim}"
    return None
