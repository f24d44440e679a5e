"""The architecture of a model, with the reference's names, and the figures that follow from it."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic.dataclasses import dataclass

from codelm_jax.errors import UserError
from codelm_jax.schema import STRICT

Positive = Annotated[int, pydantic.Field(ge=1)]
DropoutRate = Annotated[float, pydantic.Field(ge=0.0, lt=1.0)]


@dataclass(frozen=True, config=STRICT)
class ModelConfig:
    """A decoder-only transformer; field names are the reference's own."""

    arch_type: Literal["transformer"]
    num_layers: Positive
    hidden_dim: Positive
    num_heads: Positive
    ffn_multiplier: Annotated[float, pydantic.Field(gt=0.0)]
    normalization: Literal["layernorm", "rmsnorm"]
    activation: Literal["gelu", "silu", "swiglu", "geglu"]
    position_encoding: Literal["rope", "learned", "none"]
    attention_dropout: DropoutRate
    residual_dropout: DropoutRate
    # Token ids are stored as uint16; 261 = 256 bytes and the five special tokens.
    vocab_size: Annotated[int, pydantic.Field(ge=261, le=65_536)]
    max_seq_length: Annotated[int, pydantic.Field(ge=2)]
    init: Literal["normal", "scaled"]

    def __post_init__(self) -> None:
        if self.hidden_dim % self.num_heads:
            raise ValueError(f"num_heads = {self.num_heads} must divide hidden_dim = {self.hidden_dim}")
        if self.position_encoding == "rope" and self.head_dim % 2:
            raise ValueError(
                f"position_encoding = 'rope' needs an even hidden_dim / num_heads, not {self.head_dim}"
            )
        if self.ffn_dim < 1:
            raise ValueError(f"ffn_multiplier = {self.ffn_multiplier} leaves the feed-forward layer empty")

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.hidden_dim // self.num_heads

    @property
    def ffn_dim(self) -> int:
        """Width of the feed-forward layer's hidden layer."""
        return int(self.hidden_dim * self.ffn_multiplier)

    @property
    def is_gated(self) -> bool:
        """Whether the feed-forward layer multiplies its hidden layer by a gate."""
        return self.activation in ("swiglu", "geglu")

    @property
    def matmul_params(self) -> int:
        """Parameters that take part in a matrix product for every token (the embedding is a look-up)."""
        ffn_matrices = 3 if self.is_gated else 2
        per_layer = 4 * self.hidden_dim**2 + ffn_matrices * self.hidden_dim * self.ffn_dim
        return self.num_layers * per_layer + self.hidden_dim * self.vocab_size

    def flops_per_token(self, seq_length: int) -> int:
        """FLOPs of one token's forward and backward pass: 6 per matrix parameter, 12 T D per layer for attention.

        Attention counts as the whole square, not its causal half (PaLM, appendix B), as in published figures.
        """
        return 6 * self.matmul_params + 12 * self.num_layers * seq_length * self.hidden_dim


# The reference's file has no key for the initialisation.
_ARCH_JSON_KEYS = [field.name for field in dataclasses.fields(ModelConfig) if field.name != "init"]


def read_arch_json(path: str) -> Mapping[str, Any]:
    """Reads the reference's architecture file: flat, or wrapped in `{"architecture": ...}`.

    Returns:
        The keys to lay over `config.model`.

    Raises:
        UserError: the file is missing, is not such JSON, or holds a key that this model does not have.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"--arch_json={path}: cannot read it: {error}") from None
    except json.JSONDecodeError as error:
        raise UserError(f"--arch_json={path}: not JSON: {error}") from None
    if isinstance(content, dict) and isinstance(content.get("architecture"), dict):
        content = content["architecture"]
    if not isinstance(content, dict) or "num_layers" not in content:
        raise UserError(
            f'--arch_json={path}: expected {{"arch_type": "transformer", "num_layers": ...}}, '
            'flat or inside {"architecture": ...}'
        )
    unknown = sorted(set(content) - set(_ARCH_JSON_KEYS))
    if unknown:
        raise UserError(
            f"--arch_json={path}: unknown key {unknown[0]!r}; known keys are {', '.join(_ARCH_JSON_KEYS)}"
        )
    return content
