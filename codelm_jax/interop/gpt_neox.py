"""GPT-NeoX: layernorm, gelu and rope. Its feed-forward layers have biases; an export sets them to zero."""

from collections.abc import Mapping
from typing import Any

from codelm_jax.interop.architecture import Architecture
from codelm_jax.interop.hf_config import default_rope
from codelm_jax.interop.tensor_map import INTERLEAVED_QKV, TRANSPOSED, Stored, TensorMap, ZeroBias
from codelm_jax.model.transformer import NORM_EPSILON
from codelm_jax.ops.rotary import ROPE_BASE

# Readers disagree on the name. Without the one that it looks for, a reader rotates only a quarter of each head.
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
    **_ROTARY,
}


def _assumed(given: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults of transformers 5. Each rotary field that is present must agree, and one must be present."""
    missing = given.get("rope_parameters") is None
    rotary = (
        {"rotary_pct": 0.25}
        if missing
        else {"rope_parameters": _ROTARY["rope_parameters"] | {"partial_rotary_factor": 0.25}}
    )
    return {"layer_norm_eps": 1e-5, "use_parallel_residual": True, **rotary}


GPT_NEOX = Architecture(
    name="GPT-NeoX",
    model_type="gpt_neox",
    hf_class="GPTNeoXForCausalLM",
    needed={"normalization": "layernorm", "activation": "gelu", "position_encoding": "rope"},
    fixed=lambda sizes: _FIXED,
    assumed=_assumed,
    written={"hidden_dropout": 0.0},
    tensors=TensorMap(
        model=(
            Stored("embedding/embedding", ("gpt_neox.embed_in.weight",)),
            Stored("final_norm/scale", ("gpt_neox.final_layer_norm.weight",)),
            Stored("final_norm/bias", ("gpt_neox.final_layer_norm.bias",)),
            Stored("head/kernel", ("embed_out.weight",), TRANSPOSED),
        ),
        layer=(
            Stored("attention_norm/scale", ("input_layernorm.weight",)),
            Stored("attention_norm/bias", ("input_layernorm.bias",)),
            Stored("ffn_norm/scale", ("post_attention_layernorm.weight",)),
            Stored("ffn_norm/bias", ("post_attention_layernorm.bias",)),
            Stored("attention/qkv/kernel", ("attention.query_key_value.weight",), INTERLEAVED_QKV),
            Stored("attention/output/kernel", ("attention.dense.weight",), TRANSPOSED),
            Stored("ffn/up/kernel", ("mlp.dense_h_to_4h.weight",), TRANSPOSED),
            ZeroBias("mlp.dense_h_to_4h.bias", "ffn_dim"),
            Stored("ffn/down/kernel", ("mlp.dense_4h_to_h.weight",), TRANSPOSED),
            ZeroBias("mlp.dense_4h_to_h.bias", "hidden_dim"),
        ),
        layers="gpt_neox.layers",
    ),
    attention_biases={"attention.query_key_value.bias": 3, "attention.dense.bias": 1},
)
