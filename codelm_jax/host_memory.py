"""Makes glibc keep freed memory for the next step (CPU)."""

import ctypes
import os

from codelm_jax.nvidia import has_nvidia_gpu

# One arena for all threads, no separate mappings (they and further arenas are returned to the kernel when freed), no
# trimming. (name in GLIBC_TUNABLES, environment variable) -> mallopt's option and value.
_OPTIONS = {
    ("arena_max", "MALLOC_ARENA_MAX"): (-8, 1),
    ("mmap_max", "MALLOC_MMAP_MAX_"): (-4, 0),
    ("trim_threshold", "MALLOC_TRIM_THRESHOLD_"): (-1, -1),
}


def keep_freed_memory() -> None:
    """Makes glibc keep freed memory instead of returning it to the kernel; call it before JAX starts its threads.

    XLA allocates the temporary arrays of a CPU step again in each step: hundreds of megabytes that the kernel would
    clear page by page. With an NVIDIA GPU nothing changes, because its arrays are not in the C library's memory. An
    option that the user has set is kept. Without glibc this does nothing. Source: mallopt(3).
    """
    libc = ctypes.CDLL(None)
    if has_nvidia_gpu() or not hasattr(libc, "gnu_get_libc_version"):
        return
    tunables = os.environ.get("GLIBC_TUNABLES", "")
    for (tunable, variable), (option, value) in _OPTIONS.items():
        if f"glibc.malloc.{tunable}=" not in tunables and variable not in os.environ:
            libc.mallopt(option, value)
