"""A new export architecture is one file and one line in the registry."""

import json
import logging

import pytest
from interop_models import assert_same_bits, exported

from codelm_jax.errors import UserError
from codelm_jax.generation.generator import Generator
from codelm_jax.interop import architectures
from codelm_jax.interop.architecture import Architecture
from codelm_jax.interop.hf_export import export_hf
from codelm_jax.interop.hf_import import read_hf
from codelm_jax.interop.tensor_map import INTERLEAVED_QKV, TRANSPOSED, Stored, TensorMap, ZeroBias
from codelm_jax.weights import load_weights

GATED = {"normalization": "layernorm", "activation": "swiglu"}
# All that its file would hold.
TOY = Architecture(
    name="Toy",
    model_type="toy",
    hf_class="ToyForCausalLM",
    needed={**GATED, "position_encoding": "rope"},
    fixed=lambda sizes: {"hidden_act": "silu", "head_dim": sizes.hidden_size // sizes.num_attention_heads},
    assumed=lambda given: {"hidden_act": "relu"},
    written={"toy": True},
    tensors=TensorMap(
        model=(
            Stored("embedding/embedding", ("in.weight",)),
            Stored("final_norm/scale", ("norm.weight",)),
            Stored("final_norm/bias", ("norm.bias",)),
            Stored("head/kernel", ("out.weight",), TRANSPOSED),
        ),
        layer=(
            Stored("attention_norm/scale", ("norm1.weight",)),
            Stored("attention_norm/bias", ("norm1.bias",)),
            Stored("ffn_norm/scale", ("norm2.weight",)),
            Stored("ffn_norm/bias", ("norm2.bias",)),
            Stored("attention/qkv/kernel", ("qkv.weight",), INTERLEAVED_QKV),
            Stored("attention/output/kernel", ("dense.weight",), TRANSPOSED),
            ZeroBias("dense.bias", "hidden_dim"),
            Stored("ffn/gate/kernel", ("gate.weight",), TRANSPOSED),
            Stored("ffn/up/kernel", ("up.weight",), TRANSPOSED),
            Stored("ffn/down/kernel", ("down.weight",), TRANSPOSED),
        ),
        layers="layers",
    ),
    attention_biases={"qkv.bias": 3},
)


def test_a_registered_architecture_is_exported_described_imported_and_sampled(tmp_path, monkeypatch, caplog):
    model, out = exported(**GATED), tmp_path / "toy"
    with pytest.raises(UserError, match="has no public architecture"):
        export_hf(model, out)
    monkeypatch.setattr(architectures, "ARCHITECTURES", [*architectures.ARCHITECTURES, TOY])
    assert export_hf(model, out, for_ctranslate2=True) == "Toy"
    assert "as a Toy in float32" in (out / "README.md").read_text()
    hf_config = json.loads((out / "config.json").read_text())
    assert hf_config["architectures"] == ["ToyForCausalLM"]
    with caplog.at_level(logging.WARNING):
        back = read_hf(out)
    assert caplog.records == []
    assert_same_bits(model.params, back.params)
    assert (back.step, back.meta.model) == (model.step, model.meta.model)
    assert Generator.from_loaded(load_weights(out)).text_model.context_length == 48
    (out / "codelm.json").unlink()
    del hf_config["hidden_act"]
    (out / "config.json").write_text(json.dumps(hf_config))
    with pytest.raises(UserError, match="hidden_act = left out, which means 'relu'"):
        read_hf(out)
