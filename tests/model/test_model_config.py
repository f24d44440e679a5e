import dataclasses
import json

import pytest
from model.test_transformer import STRONGREG

from codelm_jax.errors import UserError
from codelm_jax.model.config import ModelConfig, read_arch_json
from codelm_jax.schema import parse

GOOD = dataclasses.asdict(STRONGREG)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("num_layers", 0, "greater than or equal to 1"),
        ("num_layers", 2.5, "integer"),
        ("num_layers", True, "integer"),
        ("num_heads", 7, "must divide hidden_dim"),
        ("hidden_dim", "512", "integer"),
        ("ffn_multiplier", float("nan"), "finite"),
        ("ffn_multiplier", 1e-9, "empty"),
        ("attention_dropout", 1.0, "less than 1"),
        ("residual_dropout", -0.1, "greater than or equal to 0"),
        ("vocab_size", 100_000, "65536"),
        ("normalization", "batchnorm", "'layernorm' or 'rmsnorm'"),
        ("activation", "relu", "'gelu', 'silu', 'swiglu' or 'geglu'"),
        ("position_encoding", "alibi", "'rope', 'learned' or 'none'"),
        ("arch_type", "mamba", "'transformer'"),
        ("num_head", 8, "no such key"),
    ],
)
def test_an_impossible_value_is_one_line_that_names_the_key(key, value, says):
    with pytest.raises(UserError) as error:
        parse(ModelConfig, {**GOOD, key: value}, "config.model")
    message = str(error.value)
    assert message.startswith("config.model")
    assert key in message
    assert says in message
    assert "\n" not in message


def test_a_missing_key_is_named():
    with pytest.raises(UserError, match=r"config\.model\.init: missing"):
        parse(ModelConfig, {k: v for k, v in GOOD.items() if k != "init"}, "config.model")


@pytest.mark.parametrize("wrap", [lambda arch: arch, lambda arch: {"architecture": arch, "name": "l8h512"}])
def test_arch_json_reads_the_references_file_flat_or_wrapped(tmp_path, wrap):
    arch = {"arch_type": "transformer", "num_layers": 4, "activation": "silu", "ffn_multiplier": 3.0}
    path = tmp_path / "arch.json"
    path.write_text(json.dumps(wrap(arch)))
    assert read_arch_json(str(path)) == arch


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "not JSON"),
        ("[]", "expected"),
        ("{}", "expected"),
        ('{"num_layers": 2, "experts": 8}', "unknown key 'experts'"),
        (None, "cannot read"),
    ],
)
def test_a_bad_arch_json_is_one_line_that_names_the_file(tmp_path, content, says):
    path = tmp_path / "arch.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=says) as error:
        read_arch_json(str(path))
    assert str(path) in str(error.value)
