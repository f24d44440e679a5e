"""A tokenizer and a model small enough to test laws with in seconds, and sharp enough that near-ties are rare."""

import functools

import jax
import jax.numpy as jnp

from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.generation import prompts
from codelm_jax.generation.buckets import Buckets
from codelm_jax.generation.generator import Generator
from codelm_jax.generation.params import SamplingParams
from codelm_jax.generation.request import DecodeRequest
from codelm_jax.model.config import ModelConfig
from codelm_jax.model.transformer import Transformer, init_params
from codelm_jax.ops.backend import Backend

CODE = '''
def add(a, b):
    """Adds two numbers."""
    return a + b


class Stack:
    def __init__(self):
        self.items = []

    def push(self, item):
        self.items.append(item)

    def pop(self):
        if not self.items:
            raise IndexError("empty stack")
        return self.items.pop()


def is_even(number):
    return number % 2 == 0


for number in range(10):
    if is_even(number):
        print(number, "is even")
'''

PROMPTS = ("def add(a, b):\n", "", "class Stack:\n    def push(self", "x = [1, 2,", "näïve = '€")


@functools.cache
def tokenizer() -> CodeTokenizer:
    return CodeTokenizer.train([CODE] * 4, 360)


def model_config(**changes) -> ModelConfig:
    words = {
        "arch_type": "transformer",
        "num_layers": 2,
        "hidden_dim": 32,
        "num_heads": 2,
        "ffn_multiplier": 2.0,
        "normalization": "layernorm",
        "activation": "gelu",
        "position_encoding": "rope",
        "attention_dropout": 0.1,
        "residual_dropout": 0.1,
        "vocab_size": 360,
        "max_seq_length": 64,
        "init": "normal",
    }
    return ModelConfig(**(words | changes))


@functools.cache
def params(seed: int = 0, **changes) -> dict:
    """Fresh parameters, made large so that the next token depends on all before it."""
    fresh = init_params(model_config(**changes), jax.random.key(seed))
    return jax.tree.map(lambda leaf: leaf * 8.0 if leaf.ndim > 1 else leaf, fresh)


# Few array sizes: compiling costs more here than padding.
BUCKETS = Buckets(growth=8)


@functools.cache
def generator(max_rows: int = 8) -> Generator:
    return Generator(model_config(), params(), tokenizer(), max_rows=max_rows, buckets=BUCKETS)


def decode_requests(
    prompt: str, own: SamplingParams, top_logprobs: int = 0, of: Generator | None = None
) -> list[DecodeRequest]:
    """The completions of a prompt, not begun."""
    model = (of or generator()).text_model
    return prompts.decode_requests(
        model, prompts.encode_prompt(model.tokenizer, prompt), own, top_logprobs=top_logprobs
    )


@functools.cache
def _forward():
    model = Transformer(model_config(), Backend())
    return jax.jit(lambda params, tokens: model.apply({"params": params}, tokens, deterministic=True))


def full_forward_logits(ids: list[int]) -> jax.Array:
    """Logits after `ids` by the training path, without a cache: float32 `[V]`."""
    padded = jnp.asarray([ids + [0] * (model_config().max_seq_length - len(ids))], jnp.int32)
    return _forward()(params(), padded)[0, len(ids) - 1]
