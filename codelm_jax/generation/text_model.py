"""A model with its parameters and its tokenizer."""

import dataclasses
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.errors import UserError
from codelm_jax.model.config import ModelConfig
from codelm_jax.model.transformer import Transformer
from codelm_jax.ops.backend import ComputeDtype, backend_for


@dataclasses.dataclass(frozen=True, eq=False)
class TextModel:
    """A model, its parameters and its tokenizer; it sees every text after <|endoftext|>.

    Attributes:
        model: static side of the model.
        params: its parameters, matrices in the compute type.
        tokenizer: of its vocabulary.
        token_bytes: the bytes of each token id of the model. Special tokens have none, and neither have ids that the
            tokenizer lacks.
    """

    model: Transformer
    params: dict
    tokenizer: CodeTokenizer
    token_bytes: Sequence[bytes]

    @property
    def context_length(self) -> int:
        """Maximum number of tokens in the context, including <|endoftext|>."""
        return self.model.config.max_seq_length

    def with_params(self, params: dict) -> "TextModel":
        """The same with other parameters."""
        return dataclasses.replace(self, params=_cast_kernels(params, self.model.backend.dtype))


def make_text_model(
    config: ModelConfig, params: dict, tokenizer: CodeTokenizer, compute_dtype: ComputeDtype
) -> TextModel:
    """Takes live parameters.

    Args:
        config: of the model.
        params: its parameters; they are not donated, and cast once where the compute type differs.
        tokenizer: of its vocabulary.
        compute_dtype: "auto" is bfloat16 on accelerators and float32 on a CPU.

    Raises:
        UserError: model and tokenizer do not belong together.
    """
    if tokenizer.vocab_size > config.vocab_size:
        raise UserError(
            f"the tokenizer has {tokenizer.vocab_size} tokens, the model knows {config.vocab_size}: "
            "they do not belong together"
        )
    backend = backend_for(jax.devices()[0], dtype=compute_dtype)
    token_bytes = [tokenizer.token_bytes(i) for i in range(tokenizer.vocab_size)]
    token_bytes += [b""] * (config.vocab_size - tokenizer.vocab_size)
    return TextModel(
        Transformer(config, backend), _cast_kernels(params, backend.dtype), tokenizer, token_bytes
    )


def _cast_kernels(params: dict, dtype: DTypeLike) -> dict:
    """Casts the matrices to the compute type, which the model would do at every step; the rest stays float32."""

    def cast(path: tuple, leaf: jax.Array) -> jax.Array:
        leaf = jnp.asarray(leaf)
        if len(leaf.sharding.device_set) > 1:
            # Training keeps one copy per device; decoding needs one.
            leaf = leaf.addressable_data(0)
        return leaf.astype(dtype) if getattr(path[-1], "key", None) == "kernel" else leaf

    return jax.tree_util.tree_map_with_path(cast, params)
