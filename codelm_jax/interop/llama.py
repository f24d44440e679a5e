"""Llama: rmsnorm, swiglu and rope."""

from typing import Any

from codelm_jax.interop.architecture import Architecture
from codelm_jax.interop.hf_config import HfSizes, default_rope
from codelm_jax.interop.tensor_map import SEPARATE_QKV, TRANSPOSED, Stored, TensorMap
from codelm_jax.model.transformer import NORM_EPSILON
from codelm_jax.ops.rotary import ROPE_BASE


def _fixed(sizes: HfSizes) -> dict[str, Any]:
    return {
        # Every head has keys and values of its own, and together they are as wide as the model.
        "num_key_value_heads": sizes.num_attention_heads,
        "head_dim": sizes.hidden_size // sizes.num_attention_heads,
        "hidden_act": "silu",
        "rms_norm_eps": NORM_EPSILON,
        "mlp_bias": False,
        "tie_word_embeddings": False,
        "rope_parameters": default_rope(),
        "rope_theta": ROPE_BASE,  # where older readers look
    }


LLAMA = Architecture(
    name="Llama",
    model_type="llama",
    hf_class="LlamaForCausalLM",
    needed={"normalization": "rmsnorm", "activation": "swiglu", "position_encoding": "rope"},
    fixed=_fixed,
    assumed=lambda given: {"rms_norm_eps": 1e-6},
    written={},
    tensors=TensorMap(
        model=(
            Stored("embedding/embedding", ("model.embed_tokens.weight",)),
            Stored("final_norm/scale", ("model.norm.weight",)),
            Stored("head/kernel", ("lm_head.weight",), TRANSPOSED),
        ),
        layer=(
            Stored("attention_norm/scale", ("input_layernorm.weight",)),
            Stored("ffn_norm/scale", ("post_attention_layernorm.weight",)),
            Stored(
                "attention/qkv/kernel",
                ("self_attn.q_proj.weight", "self_attn.k_proj.weight", "self_attn.v_proj.weight"),
                SEPARATE_QKV,
            ),
            Stored("attention/output/kernel", ("self_attn.o_proj.weight",), TRANSPOSED),
            Stored("ffn/gate/kernel", ("mlp.gate_proj.weight",), TRANSPOSED),
            Stored("ffn/up/kernel", ("mlp.up_proj.weight",), TRANSPOSED),
            Stored("ffn/down/kernel", ("mlp.down_proj.weight",), TRANSPOSED),
        ),
        layers="model.layers",
    ),
    attention_biases={f"self_attn.{name}_proj.bias": 1 for name in "qkvo"},
)
