"""The smaller model with label smoothing alone: no dropout, no weight decay.

With `baseline`, `smaller` and `unregularised` it tells whether a model that is small and weakly regularised fails even
with label smoothing.
"""

from codelm_jax.configs.ablations import smaller  # pyright: ignore[reportMissingImports]
from ml_collections import ConfigDict


def get_config(size: str = "full") -> ConfigDict:
    """See `baseline.get_config`."""
    config = smaller.get_config(size)
    config.weight_decay = 0.0
    config.model.attention_dropout = 0.0
    config.model.residual_dropout = 0.0
    return config
