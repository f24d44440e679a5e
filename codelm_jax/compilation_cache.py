"""Keeps compiled programs on disk, so that commands start faster the second time."""

from pathlib import Path

import jax

from codelm_jax.user_cache import user_cache


def enable() -> Path | None:
    """Turns on JAX's persistent compilation cache in the user's cache directory.

    `JAX_COMPILATION_CACHE_DIR` takes precedence. Versions of JAX and kinds of device can share the directory; it can be
    deleted at any time.

    Returns:
        The directory, or None for a user without a home directory. A shared directory would be unsafe: anybody who can
        write to it could plant programs.
    """
    # A program split over devices contains the address of its kernel, new at each start, and a digest of the kernel.
    jax.config.update("jax_remove_custom_partitioning_ptr_from_cache_key", True)
    chosen = jax.config.values["jax_compilation_cache_dir"]
    if chosen:
        return Path(chosen)
    cache = user_cache()
    if cache is None:
        return None
    directory = cache / "compiled"
    jax.config.update("jax_compilation_cache_dir", str(directory))
    # Programs that compile faster than this are not worth a file.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
    return directory
