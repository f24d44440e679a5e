"""The devices of a run: CPU devices per core, deterministic GPU operations, a warning for an unused GPU, peak FLOP/s."""

import os
import re
import sys

import jax

from codelm_jax.nvidia import has_nvidia_gpu

# Each holds a copy of the parameters and adds a term to the sum over gradients.
_MOST_CPU_DEVICES = 8

# Dense bfloat16 peak in FLOP/s, as the makers state it, by a word of jax's `device_kind`; the first match counts.
_PEAK_FLOPS = {
    "H200": 989e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
    "RTX 5090": 209e12,
    "RTX 4090": 165e12,
    "RTX 3090": 71e12,
    "TPU v5 lite": 197e12,
    "TPU v5": 459e12,
    "TPU v4": 275e12,
}


def one_cpu_device_per_core(batch_parts: int) -> None:
    """Gives the CPU backend one device per core, so that a batch is split over the cores; call it before JAX starts.

    A single device splits every operation over the cores and waits for the slowest part each time. On an accelerator
    this changes nothing. A number of CPU devices that the user has set is kept.

    Args:
        batch_parts: windows in one forward pass; the number of devices divides it.
    """
    chosen = jax.config.values["jax_num_cpu_devices"] > 0 or "host_platform_device_count" in os.environ.get(
        "XLA_FLAGS", ""
    )
    if not chosen:
        # macOS has no affinity.
        allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
        cores = min(len(allowed), _MOST_CPU_DEVICES)
        jax.config.update("jax_num_cpu_devices", max(n for n in range(1, cores + 1) if batch_parts % n == 0))


def deterministic_gpu_operations() -> None:
    """Makes XLA avoid GPU operations and tuning whose results vary from run to run; call it before JAX starts.

    On a CPU results don't vary, and nothing changes. Source: XLA, docs/determinism.md.
    """
    # The last flag counts.
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_gpu_deterministic_ops=true".strip()


def warn_if_gpu_unused() -> None:
    """Warns on stderr if this machine has an NVIDIA GPU but JAX sees only the CPU."""
    if has_nvidia_gpu() and jax.default_backend() == "cpu":
        print(
            "WARNING: this machine has an NVIDIA GPU, but JAX sees only the CPU: expect it to be 100 times slower.\n"
            '         Install the extra that fits the driver: pip install -e ".[cuda12]" or pip install -e ".[cuda13]"',
            file=sys.stderr,
        )


def peak_flops(device_kind: str) -> float | None:
    """Dense bfloat16 peak of one device in FLOP/s; None if it is not known (no MFU is shown then)."""
    return next((peak for name, peak in _PEAK_FLOPS.items() if re.search(rf"\b{name}\b", device_kind)), None)
