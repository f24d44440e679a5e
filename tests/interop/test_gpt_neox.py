import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from codelm_jax.errors import UserError
from codelm_jax.interop.gpt_neox import to_gpt_neox
from codelm_jax.model.config import ModelConfig
from codelm_jax.model.transformer import Transformer, init_params


def model_config(**changes) -> ModelConfig:
    words = {
        "arch_type": "transformer",
        "num_layers": 2,
        "hidden_dim": 32,
        "num_heads": 4,
        "ffn_multiplier": 3.0,
        "normalization": "layernorm",
        "activation": "gelu",
        "position_encoding": "rope",
        "attention_dropout": 0.2,
        "residual_dropout": 0.2,
        "vocab_size": 300,
        "max_seq_length": 48,
        "init": "normal",
    }
    return ModelConfig(**(words | changes))


def random_params(config: ModelConfig) -> dict:
    """No parameter at its initial value: norms and biases of 1 and 0 would hide a swap."""
    leaves, tree = jax.tree.flatten(init_params(config, jax.random.key(0)))
    keys = jax.random.split(jax.random.key(1), len(leaves))
    noisy = [leaf + 0.2 * jax.random.normal(key, leaf.shape) for leaf, key in zip(leaves, keys, strict=True)]
    return jax.tree.unflatten(tree, noisy)


@pytest.mark.parametrize(
    ("key", "value"),
    [("normalization", "rmsnorm"), ("activation", "swiglu"), ("position_encoding", "learned")],
)
def test_what_gpt_neox_lacks_is_refused(key, value):
    config = model_config(**{key: value})
    with pytest.raises(UserError, match=f"config.model.{key} = '{value}'"):
        to_gpt_neox(config, random_params(config))


def test_no_parameter_is_lost():
    config = model_config()
    params = random_params(config)
    _, weights = to_gpt_neox(config, params)
    zeros = {name for name, weight in weights.items() if not weight.any()}
    assert {name.split(".", 3)[3] for name in zeros} == {"mlp.dense_h_to_4h.bias", "mlp.dense_4h_to_h.bias"}
    mapped = np.sort(np.concatenate([w.ravel() for n, w in weights.items() if n not in zeros]))
    original = np.sort(np.concatenate([np.asarray(leaf).ravel() for leaf in jax.tree.leaves(params)]))
    np.testing.assert_array_equal(mapped, original)


@pytest.mark.peers
def test_transformers_computes_the_same_logits(tmp_path):
    """From files on disk, as a user would load them."""
    # Only `make test-peers` installs these; without them it must fail rather than skip.
    import torch
    import transformers
    from safetensors.numpy import save_file

    config = model_config()
    params = random_params(config)
    hf_config, weights = to_gpt_neox(config, params)
    (tmp_path / "config.json").write_text(json.dumps(hf_config))
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    peer, report = transformers.AutoModelForCausalLM.from_pretrained(tmp_path, output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]

    tokens = np.random.default_rng(0).integers(0, config.vocab_size, (3, 48))
    with torch.inference_mode():
        theirs = peer.eval()(torch.from_numpy(tokens)).logits.numpy()
    ours = Transformer(config).apply({"params": params}, jnp.asarray(tokens, jnp.int32), deterministic=True)
    np.testing.assert_allclose(np.asarray(ours), theirs, atol=1e-4, rtol=1e-4)
