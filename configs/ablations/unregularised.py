"""The baseline without label smoothing, dropout and weight decay."""

from ml_collections import ConfigDict

from codelm_jax.config_files import load_config


def get_config(size: str = "full") -> ConfigDict:
    """See `baseline.get_config`."""
    config = load_config(f"ablations/baseline:{size}")
    config.label_smoothing = 0.0
    config.weight_decay = 0.0
    config.model.attention_dropout = 0.0
    config.model.residual_dropout = 0.0
    return config
