"""A training run as the PyTorch side of the benchmark gets it; importing it needs no PyTorch."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A training run, and how PyTorch computes it; fields have the names of the config where there are some.

    Attributes:
        mode: "eager", or the mode of `torch.compile`: "default", "reduce-overhead" or "max-autotune".
        dtype: of the computation; "bfloat16" means autocast.
    """

    mode: str
    dtype: str
    num_layers: int
    hidden_dim: int
    num_heads: int
    ffn_dim: int
    vocab_size: int
    seq_length: int
    attention_dropout: float
    residual_dropout: float
    rope_base: float
    norm_epsilon: float
    learning_rate: float
    final_learning_rate: float
    warmup_steps: int
    max_steps: int
    beta1: float
    beta2: float
    weight_decay: float
    grad_clip: float
    label_smoothing: float
