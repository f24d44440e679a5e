"""The baseline of the ablations: strongreg, or with `:cpu` its regularisation at a size for two cores.

    python scripts/experiments/ablations.py --size=cpu

Data that is seen once needs no regularisation, so the small size has a small corpus: with the Python code of one machine
its training part had 476,676 tokens, which 1,000 steps see 4.3 times. strongreg sees its corpus about 16 times, so the
small size overfits less.
"""

from ml_collections import ConfigDict

from codelm_jax.config_files import load_config


def get_config(size: str = "full") -> ConfigDict:
    """The settings of `size`, "full" or "cpu".

    Raises:
        ValueError: another size.
    """
    config = load_config("strongreg")
    if size == "full":
        return config
    if size != "cpu":
        raise ValueError(f"size {size!r}: there are 'full' and 'cpu'")
    config.model.num_layers = 4
    config.model.hidden_dim = 128
    config.model.num_heads = 4
    config.model.vocab_size = 4000

    config.max_steps = 1000
    config.batch_size = 8
    config.learning_rate = 4e-3
    config.final_learning_rate = 1e-4
    config.warmup_steps = 60

    config.eval_every = 250
    config.eval_tokens = 30_000
    config.final_eval_tokens = 100_000
    config.monitor_every = 0
    config.checkpoint_every = 250
    config.keep_steps = ()

    config.data.max_bytes = 2_000_000
    config.data.tokenizer_bytes = 2_000_000
    config.data.prepared_dir = "data/ablations"
    return config
