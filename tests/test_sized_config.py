"""Laws of configs/sized.py: one size gives a whole configuration."""

import pytest

from codelm_jax.config_files import load_config
from codelm_jax.errors import UserError
from codelm_jax.model.transformer import count_params
from codelm_jax.training.config import parse_train_config

SIZES = {"4M": 4e6, "15M": 15e6, "29M": 29e6, "50M": 50e6, "124M": 124e6, "350M": 350e6, "1.3B": 1.3e9}


def test_every_named_size_has_about_as_many_parameters_and_sees_twenty_tokens_for_each():
    for size, wanted in SIZES.items():
        config = parse_train_config(load_config(f"sized:{size}").to_dict())
        parameters = count_params(config.model)
        assert abs(parameters / wanted - 1) < 0.06, size
        assert abs(config.max_steps * config.tokens_per_step / (20 * parameters) - 1) < 0.01, size


def test_29m_is_strongregs_shape():
    shape = ("num_layers", "hidden_dim", "num_heads", "ffn_multiplier", "vocab_size", "max_seq_length")
    sized, strongreg = load_config("sized:29M").model, load_config("strongreg").model
    assert {key: sized[key] for key in shape} == {key: strongreg[key] for key in shape}


def test_larger_models_take_larger_batches_and_lower_rates():
    configs = [load_config(f"sized:{size}") for size in SIZES]
    tokens = [config.batch_size * config.model.max_seq_length for config in configs]
    assert tokens == sorted(tokens)
    assert [c.learning_rate for c in configs] == sorted((c.learning_rate for c in configs), reverse=True)


@pytest.mark.parametrize("size", ["", "M", "50", "50K", "0M", "nanM", "infB", "-4M", "1e9B"])
def test_what_is_no_size_is_named(size):
    with pytest.raises(UserError, match=r"configs/sized.py:.*not a size; write one such as"):
        load_config(f"sized:{size}")
