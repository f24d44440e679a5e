"""Detects an NVIDIA GPU without importing JAX."""

import shutil
from pathlib import Path


def has_nvidia_gpu() -> bool:
    """Whether this machine has an NVIDIA driver, whether or not JAX sees the GPU."""
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None
