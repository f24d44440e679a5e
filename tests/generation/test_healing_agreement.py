"""How much token healing is worth: a small model trained on the standard library, and 500 cuts inside held-out tokens."""

import sysconfig
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.generation.generator import Generator
from codelm_jax.generation.params import SamplingParams
from codelm_jax.generation.scoring import next_token_logprobs
from codelm_jax.model.config import ModelConfig
from codelm_jax.model.transformer import Transformer, init_params
from codelm_jax.ops.backend import Backend

STEPS, BATCH, LENGTH = 800, 16, 64
CUTS, CONTEXT = 500, 40


def sources() -> tuple[list[str], list[str]]:
    """Texts to train on and texts held out: every tenth file."""
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    texts = [path.read_text(encoding="utf-8", errors="ignore") for path in files]
    return [t for i, t in enumerate(texts) if i % 10], texts[::10]


def train(config: ModelConfig, ids: np.ndarray) -> dict:
    model = Transformer(config, Backend())
    optimizer = optax.adamw(optax.cosine_decay_schedule(3e-3, STEPS))

    @jax.jit
    def step(params, state, windows):
        def loss(params):
            logits: Any = model.apply({"params": params}, windows[:, :-1], deterministic=True)
            return optax.softmax_cross_entropy_with_integer_labels(logits, windows[:, 1:]).mean()

        gradient = jax.grad(loss)(params)
        updates, state = optimizer.update(gradient, state, params)
        return optax.apply_updates(params, updates), state

    params = init_params(config, jax.random.key(0))
    state = optimizer.init(params)
    rng = np.random.default_rng(0)
    for _ in range(STEPS):
        starts = rng.integers(0, len(ids) - LENGTH - 1, BATCH)
        windows = np.stack([ids[start : start + LENGTH + 1] for start in starts])
        params, state = step(params, state, jnp.asarray(windows, jnp.int32))
    return params


def cuts(tokenizer: CodeTokenizer, texts: list[str]) -> list[tuple[str, str, str]]:
    """Cuts inside tokens: the text before the token, its part before the cut, and its rest."""
    rng = np.random.default_rng(1)
    found = []
    while len(found) < CUTS:
        ids = tokenizer.encode(texts[rng.integers(len(texts))])
        if len(ids) <= CONTEXT:
            continue
        place = int(rng.integers(CONTEXT, len(ids)))
        token = tokenizer.decode([ids[place]])
        if len(token) > 1 and "\ufffd" not in token:
            inside = int(rng.integers(1, len(token)))
            before = tokenizer.decode(ids[place - CONTEXT : place])
            found.append((before, token[:inside], token[inside:]))
    return found


def is_restored_unsplit(generator: Generator, before: str, typed: str, rest: str) -> bool:
    """Whether the model's most probable token among those that begin as typed gives the rest: the best there is to reach."""
    logprobs = next_token_logprobs(generator.text_model, before)
    pieces = [generator.text_model.token_bytes[i] for i in range(len(logprobs))]
    possible = [i for i, piece in enumerate(pieces) if piece.startswith(typed.encode())]
    best = max(possible, key=lambda i: logprobs[i])
    return pieces[best].startswith((typed + rest).encode())


@pytest.mark.slow
def test_healing_restores_what_a_cut_inside_a_token_destroys(capsys):
    with jax.numpy_dtype_promotion("standard"):
        training, held_out = sources()
        tokenizer = CodeTokenizer.train(training, 2000)
        config = ModelConfig(
            arch_type="transformer",
            num_layers=2,
            hidden_dim=128,
            num_heads=4,
            ffn_multiplier=3.0,
            normalization="layernorm",
            activation="gelu",
            position_encoding="rope",
            attention_dropout=0.0,
            residual_dropout=0.0,
            vocab_size=2000,
            max_seq_length=LENGTH,
            init="normal",
        )
        ids = np.concatenate([[0, *tokens] for tokens in tokenizer.encode_batch(training)])
        generator = Generator(config, train(config, ids), tokenizer)
    pairs = cuts(tokenizer, held_out)
    unsplit = np.mean([is_restored_unsplit(generator, *cut) for cut in pairs])
    agreement = {}
    for heal in (False, True):
        params = SamplingParams(temperature=0.0, max_new_tokens=6, heal=heal, overflow="truncate_left")
        completions = generator.generate([before + typed for before, typed, _ in pairs], params)
        agreement[heal] = np.mean(
            [c.text.startswith(rest) for (c,), (*_, rest) in zip(completions, pairs, strict=True)]
        )
    with capsys.disabled():
        print(
            f"\nagreement at {CUTS} cuts: {agreement[False]:.1%} without healing, {agreement[True]:.1%} with it; "
            f"unsplit, the model's best token of those that fit: {unsplit:.1%}"
        )
    assert agreement[True] > agreement[False] + 0.1
