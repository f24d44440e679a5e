"""Compiled programs kept on disk, so that a command starts as fast the second time as the machine allows."""

from pathlib import Path

import jax

from codelm_jax.user_cache import user_cache


def enable() -> Path | None:
    """Turns on JAX's persistent compilation cache in the user's cache directory, and returns where it is.

    A user without a home directory has no cache: None. A shared directory is no substitute, because whoever can write
    there could plant programs.

    A directory that was chosen already (`JAX_COMPILATION_CACHE_DIR`) is left as it is. Files of several versions of
    JAX and several kinds of device share the directory without harm; it may be deleted at any time.
    """
    # A program split over devices names its kernel by an address, new at each start; it bears a digest of it as well.
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
