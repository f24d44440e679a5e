"""The model as a GPT-NeoX, the public architecture that it equals exactly: same function, other names and layouts.

GPT-NeoX keeps biases in its feed-forward layers, so the mapping has that many parameters more, all of them zero. Its
attention biases are optional.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from codelm_jax.interop.hf_config import (
    ENDOFTEXT_ID,
    Sizes,
    check_fixed,
    default_rope,
    require,
    words_from_sizes,
)
from codelm_jax.interop.tensors import NamedArrays, transposed
from codelm_jax.model.config import ModelConfig
from codelm_jax.model.transformer import NORM_EPSILON
from codelm_jax.ops.rotary import ROPE_BASE

MODEL_TYPE = "gpt_neox"
# What GPT-NeoX cannot be told otherwise.
NEEDED = {"normalization": "layernorm", "activation": "gelu", "position_encoding": "rope"}

# Readers disagree on the name; the one they look for, left out, would rotate a quarter of each head only.
_ROTARY = {
    "rope_parameters": {**default_rope(), "partial_rotary_factor": 1.0},
    "rotary_pct": 1.0,
    "partial_rotary_factor": 1.0,
    "rotary_emb_base": ROPE_BASE,
}
_FIXED = {
    "hidden_act": "gelu",
    "layer_norm_eps": NORM_EPSILON,
    "use_parallel_residual": False,
    "tie_word_embeddings": False,
}
# What transformers 5 takes a field for that is left out.
_ASSUMED = {
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-5,
    "use_parallel_residual": True,
    "tie_word_embeddings": False,
}
_ASSUMED_ROPE = {"rope_type": "default", "rope_theta": ROPE_BASE, "partial_rotary_factor": 0.25}


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
    require(config, NEEDED, "GPT-NeoX")
    weights = {
        "gpt_neox.embed_in.weight": np.asarray(params["embedding"]["embedding"]),
        **_norm("gpt_neox.final_layer_norm", params["final_norm"]),
        "embed_out.weight": transposed(params["head"]["kernel"]),
    }
    for i in range(config.num_layers):
        weights |= _layer(_prefix(i), params[f"layers_{i}"])
    return _config(config), weights


def gpt_neox_words(given: Mapping[str, Any], sizes: Sizes, name: str) -> dict[str, Any]:
    """`config.model` of the model that a GPT-NeoX `config.json` describes.

    Args:
        given: its content.
        sizes: read from it.
        name: of the file, for messages.

    Raises:
        UserError: it is not one of this project's models; names the field.
    """
    # The rotary fields stand under several names: each that is there must agree, and one must be.
    assumed_rotary = {key: value for key, value in _ROTARY.items() if key != "rope_parameters"}
    if given.get("rope_parameters") is None:
        assumed_rotary |= {"rope_parameters": _ROTARY["rope_parameters"], "rotary_pct": 0.25}
    else:
        assumed_rotary["rope_parameters"] = _ASSUMED_ROPE
    check_fixed(given, _FIXED | _ROTARY, _ASSUMED | assumed_rotary, name)
    return words_from_sizes(sizes, normalization=NEEDED["normalization"], activation=NEEDED["activation"])


def from_gpt_neox(config: ModelConfig, arrays: NamedArrays) -> dict[str, Any]:
    """Maps the weights of a GPT-NeoX back to parameters: the inverse of `to_gpt_neox`, bit by bit in float32.

    Args:
        config: of the model.
        arrays: of the weights file; all of them are taken.

    Returns:
        The parameters, float32.

    Raises:
        UserError: a tensor is missing, left over or of another shape; or a bias is not zero.
    """
    vocab_size, hidden_dim = config.vocab_size, config.hidden_dim
    params: dict[str, Any] = {
        "embedding": {"embedding": arrays.take("gpt_neox.embed_in.weight", vocab_size, hidden_dim)},
        "final_norm": _norm_params(arrays, "gpt_neox.final_layer_norm", hidden_dim),
        "head": {"kernel": transposed(arrays.take("embed_out.weight", vocab_size, hidden_dim))},
    }
    for i in range(config.num_layers):
        params[f"layers_{i}"] = _layer_params(config, arrays, _prefix(i))
    return params


def attention_biases(config: ModelConfig) -> dict[str, int]:
    """Names and sizes of the attention biases that a GPT-NeoX may have."""
    sizes = {"query_key_value": 3 * config.hidden_dim, "dense": config.hidden_dim}
    return {
        f"{_prefix(i)}.attention.{name}.bias": size
        for i in range(config.num_layers)
        for name, size in sizes.items()
    }


def _config(config: ModelConfig) -> dict[str, Any]:
    return {
        "architectures": ["GPTNeoXForCausalLM"],
        "model_type": MODEL_TYPE,
        **dataclasses.asdict(Sizes.of(config)),
        **_FIXED,
        **_ROTARY,
        "attention_bias": False,
        "attention_dropout": 0.0,
        "hidden_dropout": 0.0,
        "bos_token_id": ENDOFTEXT_ID,
        "eos_token_id": ENDOFTEXT_ID,
    }


def _prefix(layer: int) -> str:
    return f"gpt_neox.layers.{layer}"


def _layer(prefix: str, params: Mapping[str, Any]) -> dict[str, np.ndarray]:
    qkv_D3HK = np.asarray(params["attention"]["qkv"]["kernel"])
    hidden_dim = qkv_D3HK.shape[0]
    # Queries, keys and values interleave head by head.
    qkv_weight = qkv_D3HK.transpose(2, 1, 3, 0).reshape(3 * hidden_dim, hidden_dim)
    output_HKD = np.asarray(params["attention"]["output"]["kernel"])
    up, down = transposed(params["ffn"]["up"]["kernel"]), transposed(params["ffn"]["down"]["kernel"])
    return {
        **_norm(f"{prefix}.input_layernorm", params["attention_norm"]),
        **_norm(f"{prefix}.post_attention_layernorm", params["ffn_norm"]),
        f"{prefix}.attention.query_key_value.weight": np.ascontiguousarray(qkv_weight),
        f"{prefix}.attention.dense.weight": transposed(output_HKD.reshape(hidden_dim, hidden_dim)),
        f"{prefix}.mlp.dense_h_to_4h.weight": up,
        f"{prefix}.mlp.dense_h_to_4h.bias": np.zeros(up.shape[0], up.dtype),
        f"{prefix}.mlp.dense_4h_to_h.weight": down,
        f"{prefix}.mlp.dense_4h_to_h.bias": np.zeros(down.shape[0], down.dtype),
    }


def _layer_params(config: ModelConfig, arrays: NamedArrays, prefix: str) -> dict[str, Any]:
    D, H, K, F = config.hidden_dim, config.num_heads, config.head_dim, config.ffn_dim
    qkv_weight = arrays.take(f"{prefix}.attention.query_key_value.weight", 3 * D, D)
    qkv_D3HK = np.ascontiguousarray(qkv_weight.reshape(H, 3, K, D).transpose(3, 1, 0, 2))
    output = transposed(arrays.take(f"{prefix}.attention.dense.weight", D, D))
    arrays.drop_zeros(f"{prefix}.mlp.dense_h_to_4h.bias", F)
    arrays.drop_zeros(f"{prefix}.mlp.dense_4h_to_h.bias", D)
    return {
        "attention_norm": _norm_params(arrays, f"{prefix}.input_layernorm", D),
        "ffn_norm": _norm_params(arrays, f"{prefix}.post_attention_layernorm", D),
        "attention": {"qkv": {"kernel": qkv_D3HK}, "output": {"kernel": output.reshape(H, K, D)}},
        "ffn": {
            "up": {"kernel": transposed(arrays.take(f"{prefix}.mlp.dense_h_to_4h.weight", F, D))},
            "down": {"kernel": transposed(arrays.take(f"{prefix}.mlp.dense_4h_to_h.weight", D, F))},
        },
    }


def _norm(prefix: str, params: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {f"{prefix}.weight": np.asarray(params["scale"]), f"{prefix}.bias": np.asarray(params["bias"])}


def _norm_params(arrays: NamedArrays, prefix: str, size: int) -> dict[str, np.ndarray]:
    return {"scale": arrays.take(f"{prefix}.weight", size), "bias": arrays.take(f"{prefix}.bias", size)}
