"""The baseline without label smoothing, dropout and weight decay."""

from codelm_jax.configs.ablations import baseline  # pyright: ignore[reportMissingImports]
from ml_collections import ConfigDict


def get_config(size: str = "full") -> ConfigDict:
    """See `baseline.get_config`."""
    config = baseline.get_config(size)
    config.label_smoothing = 0.0
    config.weight_decay = 0.0
    config.model.attention_dropout = 0.0
    config.model.residual_dropout = 0.0
    return config
