"""The baseline without label smoothing."""

from codelm_jax.configs.ablations import baseline  # pyright: ignore[reportMissingImports]
from ml_collections import ConfigDict


def get_config(size: str = "full") -> ConfigDict:
    """See `baseline.get_config`."""
    config = baseline.get_config(size)
    config.label_smoothing = 0.0
    return config
