"""Strongreg's model, trained for held-out bits per byte and pass rate: a proposal that has not been trained yet.

    python scripts/train.py --config=configs/strongreg_plus.py

Changes and reasons:

- Four times the batch at three times the rate: probably 8,192 tokens per step leave an accelerator partly idle, and
  gradients of 32,768 tokens are still noisy enough to make use of larger steps.
- 20,000 steps are 655 M tokens, 1.6 times those of strongreg: 13 epochs of 200 MB of source, some 50 M tokens.
- No label smoothing: it costs held-out NLL by design, because the target is no longer the data.
- Half the dropout: 13 epochs still need some, and 0.2 slows down a model of this size.
- Weight decay of 0.1: multiplied by the rate, as AdamW does, 2.7 times the decay of strongreg over the run.
  Initial residual projections scaled by depth.

Expected: not known. `make release` compares it with strongreg on the same data.
"""

from ml_collections import ConfigDict

from codelm_jax.config_files import load_config


def get_config() -> ConfigDict:
    """Strongreg's model with other training settings."""
    config = load_config("strongreg")
    config.model.attention_dropout = 0.1
    config.model.residual_dropout = 0.1
    config.model.init = "scaled"

    config.max_steps = 20_000
    config.batch_size = 128
    config.learning_rate = 1e-3
    config.final_learning_rate = 2e-5
    config.warmup_steps = 1000
    config.weight_decay = 0.1
    config.label_smoothing = 0.0

    config.eval_every = 250
    config.monitor_every = 2000
    config.checkpoint_every = 2000
    config.keep_steps = ()

    config.data.max_bytes = 200_000_000
    config.data.prepared_dir = "data/strongreg_plus"
    return config
