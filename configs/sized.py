"""A model of a given size, with everything else chosen by a stated rule.

    python scripts/train.py --config=configs/sized.py:50M --describe
    python scripts/train.py --config=configs/sized.py:124M --config.batch_size=256 --config.grad_accum_steps=8

Sizes that were tried: 4M, 15M, 29M, 50M, 124M, 350M, 1.3B; any other number of parameters works as well.

The rule:
    shape: heads of 64 dimensions, as many layers as heads, feed-forward 3 x width: strongreg's proportions (29M is its
        very shape). The width whose parameter count is nearest to the size asked for.
    tokens: 20 a parameter (Hoffmann et al. 2022, arXiv 2203.15556).
    batch and peak rate: 0.2920 C^0.3271 tokens and 0.3118 C^-0.1250 for C = 6 x parameters x tokens FLOPs
        (DeepSeek-AI 2024, arXiv 2401.02954).
    schedule: warm-up over 2 % of the steps, then cosine decay to a tenth of the peak rate.
    context: 256 tokens up to 50M, 1,024 above.
    regularisation: none. It belongs to repeated data: where the tokens are many epochs, set dropout and weight decay.
"""

from ml_collections import ConfigDict

from codelm_jax.config_files import load_config
from codelm_jax.errors import UserError

_UNITS = {"M": 10**6, "B": 10**9}
_HEAD_DIM = 64
_TOKENS_PER_PARAMETER = 20
_LONG_CONTEXT_ABOVE = 60 * 10**6  # parameters


def get_config(size: str = "29M") -> ConfigDict:
    """The configuration of a size such as "50M" or "1.3B".

    Raises:
        UserError: `size` is not a number of parameters of at least 1M.
    """
    wanted = _parameters(size)
    config = load_config("strongreg")
    model = config.model
    heads = min(range(1, 100), key=lambda heads: abs(_count(model.vocab_size, heads) - wanted))
    model.num_heads = model.num_layers = heads
    model.hidden_dim = heads * _HEAD_DIM
    model.init = "scaled"
    model.attention_dropout = model.residual_dropout = 0.0
    model.max_seq_length = 256 if wanted < _LONG_CONTEXT_ABOVE else 1024
    config.label_smoothing = 0.0

    parameters = _count(model.vocab_size, heads)
    tokens = _TOKENS_PER_PARAMETER * parameters
    compute = 6.0 * parameters * tokens
    # A multiple of 8 divides over the devices of one machine.
    config.batch_size = 8 * max(1, round(0.2920 * compute**0.3271 / model.max_seq_length / 8))
    config.max_steps = round(tokens / (config.batch_size * model.max_seq_length))
    config.learning_rate = round(0.3118 * compute**-0.1250, 6)
    config.final_learning_rate = config.learning_rate / 10
    config.warmup_steps = config.max_steps // 50

    config.eval_every = config.monitor_every = config.checkpoint_every = max(1, config.max_steps // 10)
    config.keep_steps = ()
    config.data.source = "packages"
    config.data.corpus = "large"
    config.data.max_bytes = 1_000_000_000
    config.data.prepared_dir = "data/large"
    return config


def _parameters(size: str) -> float:
    try:
        wanted = float(size[:-1]) * _UNITS[size[-1:]]
    except (ValueError, KeyError):
        wanted = 0.0
    if not 10**6 <= wanted <= 10**11:
        raise UserError(f"--config=configs/sized.py:{size}: not a size; write one such as 4M, 50M or 1.3B")
    return wanted


def _count(vocab_size: int, heads: int) -> int:
    """Parameters of a model with that many heads and layers, norms aside."""
    width = heads * _HEAD_DIM
    return heads * 10 * width**2 + 2 * vocab_size * width
