"""The smaller model with label smoothing alone: no dropout, no weight decay.

With `baseline`, `smaller` and `unregularised` it tells whether a model that is small and weakly regularised fails even
with label smoothing.
"""

from ml_collections import ConfigDict

from codelm_jax.config_files import load_config


def get_config(size: str = "full") -> ConfigDict:
    """See `baseline.get_config`."""
    config = load_config(f"ablations/smaller:{size}")
    config.weight_decay = 0.0
    config.model.attention_dropout = 0.0
    config.model.residual_dropout = 0.0
    return config
