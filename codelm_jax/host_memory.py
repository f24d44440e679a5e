"""What the C library does with memory that a step frees, and the next one needs again."""

import ctypes
import os

# malloc.h's numbers for mallopt, and GLIBC_TUNABLES' names: one pool for all threads, nothing mapped by itself (what is
# mapped goes back when it is freed, and so does a further pool's memory), nothing given back.
_OPTIONS = {"arena_max": (-8, 1), "mmap_max": (-4, 0), "trim_threshold": (-1, -1)}


def keep_freed_memory() -> None:
    """Has glibc keep freed memory instead of handing it back to the kernel; before JAX starts its threads.

    XLA takes the temporary arrays of a CPU step anew each time: hundreds of megabytes that the kernel would have to
    clear page by page. What the user set in GLIBC_TUNABLES stands. Without glibc it does nothing.
    Source: mallopt(3).
    """
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "gnu_get_libc_version"):
        return
    chosen = os.environ.get("GLIBC_TUNABLES", "")
    for name, (option, value) in _OPTIONS.items():
        if f"glibc.malloc.{name}=" not in chosen:
            libc.mallopt(option, value)
