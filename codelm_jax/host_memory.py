"""What the C library does with memory that a step frees, and the next one needs again."""

import ctypes
import os

from codelm_jax.devices import has_nvidia_gpu

# One pool for all threads, nothing mapped by itself (what is mapped goes back when it is freed, and so does a further
# pool's memory), nothing given back. mallopt's number and value by the names in GLIBC_TUNABLES and in the environment.
_OPTIONS = {
    ("arena_max", "MALLOC_ARENA_MAX"): (-8, 1),
    ("mmap_max", "MALLOC_MMAP_MAX_"): (-4, 0),
    ("trim_threshold", "MALLOC_TRIM_THRESHOLD_"): (-1, -1),
}


def keep_freed_memory() -> None:
    """Has glibc keep freed memory instead of handing it back to the kernel; before JAX starts its threads.

    XLA takes the temporary arrays of a CPU step anew each time: hundreds of megabytes that the kernel would have to
    clear page by page. Those of a GPU's steps are not the C library's, so where there is one nothing changes. What the
    user set for an option stands. Without glibc it does nothing. Source: mallopt(3).
    """
    libc = ctypes.CDLL(None)
    if has_nvidia_gpu() or not hasattr(libc, "gnu_get_libc_version"):
        return
    tunables = os.environ.get("GLIBC_TUNABLES", "")
    for (tunable, variable), (option, value) in _OPTIONS.items():
        if f"glibc.malloc.{tunable}=" not in tunables and variable not in os.environ:
            libc.mallopt(option, value)
