"""The baseline with narrower layers.

Parameters: at full size 13,322,880 instead of 29,180,928, at the small size 676,992 instead of 1,681,664.
"""

from codelm_jax.configs.ablations import baseline  # pyright: ignore[reportMissingImports]
from ml_collections import ConfigDict


def get_config(size: str = "full") -> ConfigDict:
    """See `baseline.get_config`."""
    config = baseline.get_config(size)
    # Fewer heads of the same size.
    config.model.num_heads, config.model.hidden_dim = {"full": (5, 320), "cpu": (2, 64)}[size]
    return config
