"""The baseline with narrower layers.

Parameters: at full size 13,322,880 instead of 29,180,928, at the small size 676,992 instead of 1,681,664.
"""

from ml_collections import ConfigDict

from codelm_jax.config_files import load_config


def get_config(size: str = "full") -> ConfigDict:
    """See `baseline.get_config`."""
    config = load_config(f"ablations/baseline:{size}")
    # Fewer heads of the same size.
    config.model.num_heads, config.model.hidden_dim = {"full": (5, 320), "cpu": (2, 64)}[size]
    return config
