"""Each public architecture: nothing is lost on the way there and back, and nothing else passes for it."""

import jax
import numpy as np
import pytest
from interop_models import ARCHITECTURES, assert_same_bits, model_config, random_params

from codelm_jax.errors import UserError
from codelm_jax.interop.architectures import architecture_named, architecture_of
from codelm_jax.interop.gpt_neox import GPT_NEOX
from codelm_jax.interop.hf_config import HfSizes, model_settings
from codelm_jax.interop.tensors import NamedArrays
from codelm_jax.model.config import ModelConfig


@pytest.fixture(params=ARCHITECTURES)
def mapped(request):
    """A model and what it is mapped to: architecture, config, params, hf_config, weights."""
    config = model_config(**ARCHITECTURES[request.param])
    params = random_params(config)
    architecture = architecture_of(config)
    assert architecture is architecture_named(request.param, "config.json")
    return architecture, config, params, *architecture.write(config, params)


def test_export_and_import_give_the_same_bits(mapped):
    architecture, config, params, _, weights = mapped
    arrays = NamedArrays(weights, "weights")
    assert_same_bits(params, architecture.read(config, arrays))
    arrays.finish()


def test_no_parameter_is_lost_and_only_zeros_are_added(mapped):
    _, _, params, _, weights = mapped
    zeros = {name for name, weight in weights.items() if not weight.any()}
    assert all(name.endswith(("mlp.dense_h_to_4h.bias", "mlp.dense_4h_to_h.bias")) for name in zeros)
    there = np.sort(np.concatenate([w.ravel() for name, w in weights.items() if name not in zeros]))
    original = np.sort(np.concatenate([leaf.ravel() for leaf in jax.tree.leaves(params)]))
    np.testing.assert_array_equal(there, original)


def test_the_config_read_back_is_the_models_without_its_dropout(mapped):
    architecture, config, _, hf_config, _ = mapped
    read = ModelConfig(**architecture.settings(hf_config, "config.json"))
    for key in ModelConfig.__dataclass_fields__:
        if not key.endswith("_dropout") and key != "ffn_multiplier":
            assert getattr(read, key) == getattr(config, key), key
    assert read.ffn_dim == config.ffn_dim
    assert read.attention_dropout == read.residual_dropout == 0.0


def test_any_width_of_the_feed_forward_layer_is_read_back():
    rounded = 0
    for hidden_dim in range(2, 600, 2):
        for ffn_dim in (1, hidden_dim // 2, hidden_dim + 1, 3 * hidden_dim - 1, 4 * hidden_dim + 7):
            sizes = HfSizes(261, hidden_dim, 1, 1, ffn_dim, 8)
            assert ModelConfig(**model_settings(sizes, GPT_NEOX.needed)).ffn_dim == ffn_dim
            rounded += int(hidden_dim * (ffn_dim / hidden_dim)) != ffn_dim
    assert rounded  # a plain quotient would not do


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("gpt_neox", "use_parallel_residual", True),
        ("gpt_neox", "use_parallel_residual", None),  # left out, it is True
        ("gpt_neox", "tie_word_embeddings", True),
        ("gpt_neox", "hidden_act", "gelu_new"),
        ("gpt_neox", "layer_norm_eps", 1e-6),
        ("gpt_neox", "rotary_pct", 0.25),
        ("gpt_neox", "rope_parameters", {"rope_type": "default", "rope_theta": 10000.0}),
        ("gpt_neox", "rope_parameters", {"partial_rotary_factor": 1.0, "rope_theta": 500000.0}),
        ("gpt_neox", "quantization_config", {"bits": 4}),
        ("gpt_neox", "rope_scaling", {"type": "linear", "factor": 2.0}),
        ("llama", "rms_norm_eps", 1e-6),
        ("llama", "rms_norm_eps", None),
        ("llama", "num_key_value_heads", 2),
        ("llama", "head_dim", 16),
        ("llama", "mlp_bias", True),
        ("llama", "rope_theta", 500000.0),
        ("llama", "rope_parameters", {"rope_type": "llama3", "factor": 8.0}),
        ("llama", "hidden_act", "gelu"),
    ],
)
def test_a_model_that_computes_something_else_is_refused_by_the_name_of_the_field(kind, key, value):
    config = model_config(**ARCHITECTURES[kind])
    architecture = architecture_of(config)
    hf_config = {**architecture.write(config, random_params(config))[0], key: value}
    if value is None:
        del hf_config[key]
    with pytest.raises(UserError, match=rf"config\.json: {key}"):
        architecture.settings(hf_config, "config.json")


def test_rotary_fields_of_older_readers_are_understood():
    config = model_config()
    hf_config = architecture_of(config).write(config, random_params(config))[0]
    del hf_config["rope_parameters"]
    assert architecture_of(config).settings(hf_config, "config.json")["num_layers"] == 2
    del hf_config["rotary_pct"]
    with pytest.raises(UserError, match=r"rotary_pct = left out, which means 0\.25"):
        architecture_of(config).settings(hf_config, "config.json")


def test_a_bias_that_is_not_zero_is_refused_by_name():
    config = model_config()
    architecture = architecture_of(config)
    _, weights = architecture.write(config, random_params(config))
    name = "gpt_neox.layers.1.mlp.dense_4h_to_h.bias"
    weights[name][3] = 1e-30
    with pytest.raises(UserError, match=f"{name} is not zero"):
        architecture.read(config, NamedArrays(weights, "weights"))


def test_tensors_that_are_missing_misshapen_mistyped_or_too_many_are_refused_by_name(mapped):
    architecture, config, _, _, weights = mapped
    name = sorted(weights)[-1]
    changes = {
        "lacks the tensor": {key: array for key, array in weights.items() if key != name},
        r"has shape": {**weights, name: weights[name][..., :-1]},
        "is float64": {**weights, name: weights[name].astype(np.float64)},
    }
    for told, changed in changes.items():
        with pytest.raises(UserError, match=f"{told}.*{name}|{name}.*{told}"):
            architecture.read(config, NamedArrays(changed, "weights"))
    more = NamedArrays({**weights, "lora.weight": weights[name]}, "weights")
    architecture.read(config, more)
    with pytest.raises(UserError, match=r"no tensor lora\.weight"):
        more.finish()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("normalization", "rmsnorm"),
        ("activation", "swiglu"),
        ("activation", "silu"),
        ("position_encoding", "learned"),
    ],
)
def test_a_model_without_public_architecture_is_refused_and_the_architectures_are_listed(key, value):
    with pytest.raises(UserError, match=rf"{key} = '{value}'.*GPT-NeoX.*Llama") as refused:
        architecture_of(model_config(**{key: value}))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("gpt_neox", "normalization", "rmsnorm"),
        ("gpt_neox", "activation", "swiglu"),
        ("gpt_neox", "position_encoding", "learned"),
        ("llama", "normalization", "layernorm"),
        ("llama", "activation", "geglu"),
        ("llama", "position_encoding", "none"),
    ],
)
def test_a_mapping_refuses_a_model_of_another_architecture(kind, key, value):
    config = model_config(**(ARCHITECTURES[kind] | {key: value}))
    with pytest.raises(UserError, match=f"config.model.{key} = '{value}'"):
        architecture_named(kind, "config.json").write(config, {})


def test_an_unknown_model_type_is_refused():
    for model_type in ("gpt2", None, ["gpt_neox"]):
        with pytest.raises(UserError, match="model_type"):
            architecture_named(model_type, "config.json")
