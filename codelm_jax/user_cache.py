"""The directory of the user's caches, which may be deleted at any time."""

import os
from pathlib import Path


def user_cache() -> Path | None:
    """`$XDG_CACHE_HOME/codelm_jax`, else `~/.cache/codelm_jax`; None for a user without a home directory."""
    try:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:  # no HOME, and no entry of the user in the password file
        return None
    return Path(base) / "codelm_jax"
