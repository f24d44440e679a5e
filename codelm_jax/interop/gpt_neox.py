"""The model as a GPT-NeoX, the public architecture that it equals exactly: same function, other names and layouts.

GPT-NeoX keeps biases in its feed-forward layers, so the mapping has that many parameters more, all of them zero.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from codelm_jax.errors import UserError
from codelm_jax.model.config import ModelConfig
from codelm_jax.model.positions import ROPE_BASE
from codelm_jax.model.transformer import NORM_EPSILON

_ENDOFTEXT_ID = 0
# What GPT-NeoX cannot be told otherwise.
_NEEDED = {"normalization": "layernorm", "activation": "gelu", "position_encoding": "rope"}


def to_gpt_neox(
    config: ModelConfig, params: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Maps a model to the content of a GPT-NeoX `config.json` and its weights.

    Args:
        config: of the model.
        params: its parameters, of any floating-point type.

    Returns:
        The configuration, and arrays by their names on disk (`embed_out.weight` and so on), of the type given.

    Raises:
        UserError: the architecture has no counterpart in GPT-NeoX.
    """
    for key, needed in _NEEDED.items():
        if getattr(config, key) != needed:
            raise UserError(
                f"config.model.{key} = {getattr(config, key)!r}: GPT-NeoX has only {needed!r}, so this model cannot be "
                "exported"
            )
    weights = {
        "gpt_neox.embed_in.weight": np.asarray(params["embedding"]["embedding"]),
        **_norm("gpt_neox.final_layer_norm", params["final_norm"]),
        "embed_out.weight": _transposed(params["head"]["kernel"]),
    }
    for i in range(config.num_layers):
        weights |= _layer(f"gpt_neox.layers.{i}", params[f"layers_{i}"])
    return _config(config), weights


def _config(config: ModelConfig) -> dict[str, Any]:
    return {
        "architectures": ["GPTNeoXForCausalLM"],
        "model_type": "gpt_neox",
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_dim,
        "num_hidden_layers": config.num_layers,
        "num_attention_heads": config.num_heads,
        "intermediate_size": config.ffn_dim,
        "hidden_act": "gelu",
        "max_position_embeddings": config.max_seq_length,
        "layer_norm_eps": NORM_EPSILON,
        "use_parallel_residual": False,
        "attention_bias": False,
        "tie_word_embeddings": False,
        "attention_dropout": 0.0,
        "hidden_dropout": 0.0,
        # Readers disagree on the name; the one they look for, left out, would rotate a quarter of each head only.
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": ROPE_BASE,
            "partial_rotary_factor": 1.0,
        },
        "rotary_pct": 1.0,
        "partial_rotary_factor": 1.0,
        "rotary_emb_base": ROPE_BASE,
        "bos_token_id": _ENDOFTEXT_ID,
        "eos_token_id": _ENDOFTEXT_ID,
    }


def _layer(prefix: str, params: Mapping[str, Any]) -> dict[str, np.ndarray]:
    qkv_D3HK = np.asarray(params["attention"]["qkv"]["kernel"])
    hidden_dim = qkv_D3HK.shape[0]
    # Queries, keys and values interleave head by head.
    qkv_weight = qkv_D3HK.transpose(2, 1, 3, 0).reshape(3 * hidden_dim, hidden_dim)
    output_HKD = np.asarray(params["attention"]["output"]["kernel"])
    up, down = _transposed(params["ffn"]["up"]["kernel"]), _transposed(params["ffn"]["down"]["kernel"])
    return {
        **_norm(f"{prefix}.input_layernorm", params["attention_norm"]),
        **_norm(f"{prefix}.post_attention_layernorm", params["ffn_norm"]),
        f"{prefix}.attention.query_key_value.weight": np.ascontiguousarray(qkv_weight),
        f"{prefix}.attention.dense.weight": _transposed(output_HKD.reshape(hidden_dim, hidden_dim)),
        f"{prefix}.mlp.dense_h_to_4h.weight": up,
        f"{prefix}.mlp.dense_h_to_4h.bias": np.zeros(up.shape[0], up.dtype),
        f"{prefix}.mlp.dense_4h_to_h.weight": down,
        f"{prefix}.mlp.dense_4h_to_h.bias": np.zeros(down.shape[0], down.dtype),
    }


def _norm(prefix: str, params: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {f"{prefix}.weight": np.asarray(params["scale"]), f"{prefix}.bias": np.asarray(params["bias"])}


def _transposed(kernel: Any) -> np.ndarray:
    return np.ascontiguousarray(np.asarray(kernel).T)
