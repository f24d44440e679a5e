"""The model as a Llama: what rmsnorm, swiglu and rope make together, under other names and layouts."""

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

MODEL_TYPE = "llama"
NEEDED = {"normalization": "rmsnorm", "activation": "swiglu", "position_encoding": "rope"}

_FIXED = {
    "hidden_act": "silu",
    "rms_norm_eps": NORM_EPSILON,
    "mlp_bias": False,
    "tie_word_embeddings": False,
    "rope_parameters": default_rope(),
    "rope_theta": ROPE_BASE,  # where older readers look
}
# What transformers 5 takes a field for that is left out.
_ASSUMED = {**_FIXED, "rms_norm_eps": 1e-6}
# Which of the four projections of attention stands where in the fused one.
_QKV = ("q_proj", "k_proj", "v_proj")


def to_llama(config: ModelConfig, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Maps a model to the content of a Llama `config.json` and its weights.

    Args:
        config: of the model.
        params: its parameters, of any floating-point type.

    Returns:
        The configuration, and arrays by their names on disk (`lm_head.weight` and so on), of the type given.

    Raises:
        UserError: the architecture has no counterpart in Llama.
    """
    require(config, NEEDED, "Llama")
    weights = {
        "model.embed_tokens.weight": np.asarray(params["embedding"]["embedding"]),
        "model.norm.weight": np.asarray(params["final_norm"]["scale"]),
        "lm_head.weight": transposed(params["head"]["kernel"]),
    }
    for i in range(config.num_layers):
        weights |= _layer(_prefix(i), params[f"layers_{i}"])
    return _config(config), weights


def llama_words(given: Mapping[str, Any], sizes: Sizes, name: str) -> dict[str, Any]:
    """`config.model` of the model that a Llama `config.json` describes.

    Args:
        given: its content.
        sizes: read from it.
        name: of the file, for messages.

    Raises:
        UserError: it is not one of this project's models; names the field.
    """
    heads = _heads(sizes)
    check_fixed(given, _FIXED | heads, _ASSUMED | heads, name)
    return words_from_sizes(sizes, normalization=NEEDED["normalization"], activation=NEEDED["activation"])


def from_llama(config: ModelConfig, arrays: NamedArrays) -> dict[str, Any]:
    """Maps the weights of a Llama back to parameters: the inverse of `to_llama`, bit by bit in float32.

    Args:
        config: of the model.
        arrays: of the weights file; all of them are taken.

    Returns:
        The parameters, float32.

    Raises:
        UserError: a tensor is missing, left over or of another shape.
    """
    vocab_size, hidden_dim = config.vocab_size, config.hidden_dim
    params: dict[str, Any] = {
        "embedding": {"embedding": arrays.take("model.embed_tokens.weight", vocab_size, hidden_dim)},
        "final_norm": {"scale": arrays.take("model.norm.weight", hidden_dim)},
        "head": {"kernel": transposed(arrays.take("lm_head.weight", vocab_size, hidden_dim))},
    }
    for i in range(config.num_layers):
        params[f"layers_{i}"] = _layer_params(config, arrays, _prefix(i))
    return params


def attention_biases(config: ModelConfig) -> dict[str, int]:
    """Names and sizes of the attention biases that a Llama may have."""
    return {
        f"{_prefix(i)}.self_attn.{name}.bias": config.hidden_dim
        for i in range(config.num_layers)
        for name in (*_QKV, "o_proj")
    }


def _config(config: ModelConfig) -> dict[str, Any]:
    sizes = Sizes.of(config)
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": MODEL_TYPE,
        **dataclasses.asdict(sizes),
        **_heads(sizes),
        **_FIXED,
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": ENDOFTEXT_ID,
        "eos_token_id": ENDOFTEXT_ID,
    }


def _heads(sizes: Sizes) -> dict[str, int]:
    """Every head has keys and values of its own, and together they are as wide as the model."""
    return {
        "num_key_value_heads": sizes.num_attention_heads,
        "head_dim": sizes.hidden_size // sizes.num_attention_heads,
    }


def _prefix(layer: int) -> str:
    return f"model.layers.{layer}"


def _layer(prefix: str, params: Mapping[str, Any]) -> dict[str, np.ndarray]:
    qkv_D3HK = np.asarray(params["attention"]["qkv"]["kernel"])
    hidden_dim = qkv_D3HK.shape[0]
    output_HKD = np.asarray(params["attention"]["output"]["kernel"])
    return {
        f"{prefix}.input_layernorm.weight": np.asarray(params["attention_norm"]["scale"]),
        f"{prefix}.post_attention_layernorm.weight": np.asarray(params["ffn_norm"]["scale"]),
        **{
            f"{prefix}.self_attn.{name}.weight": transposed(qkv_D3HK[:, i].reshape(hidden_dim, hidden_dim))
            for i, name in enumerate(_QKV)
        },
        f"{prefix}.self_attn.o_proj.weight": transposed(output_HKD.reshape(hidden_dim, hidden_dim)),
        **{
            f"{prefix}.mlp.{name}_proj.weight": transposed(params["ffn"][name]["kernel"])
            for name in ("gate", "up", "down")
        },
    }


def _layer_params(config: ModelConfig, arrays: NamedArrays, prefix: str) -> dict[str, Any]:
    D, H, K, F = config.hidden_dim, config.num_heads, config.head_dim, config.ffn_dim
    qkv_D3HK = np.stack(
        [arrays.take(f"{prefix}.self_attn.{name}.weight", D, D).T.reshape(D, H, K) for name in _QKV], axis=1
    )
    output = transposed(arrays.take(f"{prefix}.self_attn.o_proj.weight", D, D))
    return {
        "attention_norm": {"scale": arrays.take(f"{prefix}.input_layernorm.weight", D)},
        "ffn_norm": {"scale": arrays.take(f"{prefix}.post_attention_layernorm.weight", D)},
        "attention": {"qkv": {"kernel": qkv_D3HK}, "output": {"kernel": output.reshape(H, K, D)}},
        "ffn": {
            name: {"kernel": transposed(arrays.take(f"{prefix}.mlp.{name}_proj.weight", *shape))}
            for name, shape in {"gate": (F, D), "up": (F, D), "down": (D, F)}.items()
        },
    }
