"""A small model of either public architecture, with a tokenizer, as a checkpoint holds them."""

import functools
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.interop.hf_export import Exported
from codelm_jax.model.config import ModelConfig
from codelm_jax.model.transformer import init_params

CODE = '''
def add(a, b):
    """Adds two numbers."""
    return a + b


class Stack:
    def __init__(self):
        self.items = []

    def push(self, item):
        self.items.append(item)


for number in range(10):
    if number % 2 == 0:
        print(number, "is even")
'''
CARD = """---
language: ["code"]
license: "apache-2.0"
library_name: "codelm-jax"
---

<!-- Written by scripts/report.py from the run's JSON files; the next report overwrites changes made here. -->

# toy

A model.

## Intended use

Tests.
"""
LLAMA = {"normalization": "rmsnorm", "activation": "swiglu"}
ARCHITECTURES = {"gpt_neox": {}, "llama": LLAMA}


def model_words(**changes) -> dict:
    words = {
        "arch_type": "transformer",
        "num_layers": 2,
        "hidden_dim": 32,
        "num_heads": 4,
        "ffn_multiplier": 2.7,
        "normalization": "layernorm",
        "activation": "gelu",
        "position_encoding": "rope",
        "attention_dropout": 0.2,
        "residual_dropout": 0.2,
        "vocab_size": 340,
        "max_seq_length": 48,
        "init": "normal",
    }
    return words | changes


def model_config(**changes) -> ModelConfig:
    return ModelConfig(**model_words(**changes))


def random_params(config: ModelConfig) -> dict:
    """No parameter at its initial value: norms and biases of 1 and 0 would hide a swap."""
    return jax.tree.map(np.copy, _drawn_params(config))


@functools.cache
def _drawn_params(config: ModelConfig) -> dict:
    rng = np.random.default_rng(0)
    shapes = jax.eval_shape(lambda: init_params(config, jax.random.key(0)))

    def drawn(path: tuple, leaf: jax.ShapeDtypeStruct) -> np.ndarray:
        mean = 1.0 if path[-1].key == "scale" else 0.0
        return rng.normal(mean, 0.2, leaf.shape).astype(np.float32)

    return jax.tree_util.tree_map_with_path(drawn, shapes)


@functools.cache
def tokenizer() -> CodeTokenizer:
    return CodeTokenizer.train([CODE] * 4, 330)


def exported(**changes) -> Exported:
    """A checkpoint of a model that has ids which its tokenizer lacks."""
    words = model_words(**changes)
    meta = RunMeta(
        config={"model": words, "label_smoothing": 0.1, "data": {"prepared_dir": "somewhere/private"}},
        tokenizer_json=tokenizer().to_json(),
        human_band={"target_rate": 0.01, "lengths": []},
        data_fingerprint="f00",
        decontaminated=("HumanEval.jsonl.gz",),
    )
    return Exported(step=70, params=random_params(ModelConfig(**words)), meta=meta, card=CARD)


def assert_same_bits(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    for one, other in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert one.dtype == other.dtype == np.float32
        np.testing.assert_array_equal(np.asarray(one).view(np.uint32), np.asarray(other).view(np.uint32))
