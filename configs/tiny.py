"""A model that two CPU cores train in nine minutes, set-up included, on 30 MB of the Python code already on the machine.

    make train

Expected: see the README, which shows the output of a run.
"""

from ml_collections import ConfigDict

from codelm_jax.config_files import load_config


def get_config() -> ConfigDict:
    """A smaller strongreg; without regularisation, because it sees less than one epoch."""
    config = load_config("strongreg")
    config.model.num_layers = 4
    config.model.hidden_dim = 128
    config.model.num_heads = 4
    config.model.attention_dropout = 0.0
    config.model.residual_dropout = 0.0

    config.max_steps = 1700
    config.batch_size = 8
    config.learning_rate = 4e-3
    config.final_learning_rate = 1e-4
    config.warmup_steps = 100
    config.label_smoothing = 0.0

    config.eval_every = 850
    config.final_eval_tokens = 200_000
    config.monitor_every = 850
    config.checkpoint_every = 850
    config.keep_steps = ()

    config.data.corpus = "tiny"
    config.data.max_bytes = 30_000_000
    config.data.tokenizer_bytes = 10_000_000
    config.data.prepared_dir = "data/tiny"
    return config
