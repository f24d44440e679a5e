"""What the accelerators at hand are: a loud word when one lies idle, and what each can do at its peak."""

import shutil
import sys
from pathlib import Path

import jax

# Dense bfloat16 peak in FLOP/s, as the makers state it. The key is matched within jax's `device_kind`.
_PEAK_FLOPS = {
    "H200": 989e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
    "RTX 5090": 209e12,
    "RTX 4090": 165e12,
    "RTX 3090": 71e12,
    "TPU v5 lite": 197e12,
    "TPU v5p": 459e12,
    "TPU v4": 275e12,
}


def warn_if_gpu_unused() -> None:
    """Says so on stderr when this machine has an NVIDIA GPU but JAX sees only the CPU."""
    has_gpu = Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None
    if has_gpu and jax.default_backend() == "cpu":
        print(
            "WARNING: this machine has an NVIDIA GPU, but JAX sees only the CPU: expect it to be 100 times slower.\n"
            '         Install the extra that fits the driver: pip install -e ".[cuda12]" or pip install -e ".[cuda13]"',
            file=sys.stderr,
        )


def peak_flops(device_kind: str) -> float | None:
    """Dense bfloat16 peak of one device in FLOP/s; None where it is not known (so no MFU is shown)."""
    return next((peak for name, peak in _PEAK_FLOPS.items() if name in device_kind), None)
