"""The baseline without weight decay."""

from ml_collections import ConfigDict

from codelm_jax.config_files import load_config


def get_config(size: str = "full") -> ConfigDict:
    """See `baseline.get_config`."""
    config = load_config(f"ablations/baseline:{size}")
    config.weight_decay = 0.0
    return config
