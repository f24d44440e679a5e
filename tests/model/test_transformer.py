import dataclasses
import functools
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from codelm_jax.model import transformer as transformer_module
from codelm_jax.model.config import ModelConfig
from codelm_jax.model.kv_cache import init_cache
from codelm_jax.model.transformer import Transformer, count_params, init_params
from codelm_jax.ops.backend import Backend
from codelm_jax.ops.dropout import dropout

STRONGREG = ModelConfig(
    arch_type="transformer",
    num_layers=8,
    hidden_dim=512,
    num_heads=8,
    ffn_multiplier=3.0,
    normalization="layernorm",
    activation="gelu",
    position_encoding="rope",
    attention_dropout=0.2,
    residual_dropout=0.2,
    vocab_size=8000,
    max_seq_length=256,
    init="normal",
)
SMALL = dataclasses.replace(
    STRONGREG, num_layers=2, hidden_dim=16, num_heads=2, vocab_size=261, max_seq_length=12
)
VARIANTS = [
    dataclasses.replace(SMALL, normalization=norm, position_encoding=positions, activation=activation)
    for norm, positions, activation in itertools.product(
        ("layernorm", "rmsnorm"), ("rope", "learned", "none"), ("gelu", "silu", "swiglu", "geglu")
    )
]
# Every value of every key once; the other variants are slow.
WITNESSES = [
    ("layernorm", "rope", "gelu"),
    ("rmsnorm", "learned", "swiglu"),
    ("layernorm", "none", "silu"),
    ("rmsnorm", "rope", "geglu"),
]
EVERY_VARIANT = [
    pytest.param(config, id="-".join(key), marks=[] if key in WITNESSES else pytest.mark.slow)
    for config in VARIANTS
    for key in [(config.normalization, config.position_encoding, config.activation)]
]
POSITIONS = [
    pytest.param(dataclasses.replace(SMALL, position_encoding=kind), id=kind)
    for kind in ("rope", "learned", "none")
]


@functools.cache
def params_of(config):
    return jax.jit(functools.partial(init_params, config))(jax.random.key(0))


def tokens(config, batch, length, seed=0):
    return jax.random.randint(jax.random.key(seed), (batch, length), 0, config.vocab_size)


@functools.partial(jax.jit, static_argnums=(0,))
def evaluated(config, params, tokens_BT):
    """Logits without dropout."""
    return Transformer(config).apply({"params": params}, tokens_BT, deterministic=True)


def train_forward(config, params):
    """The jitted training forward pass: dropout on, one fixed key."""
    model = Transformer(config)
    return jax.jit(
        lambda tokens_BT: model.apply(
            {"params": params}, tokens_BT, deterministic=False, dropout_key=jax.random.key(7)
        )
    )


def assert_future_tokens_do_not_change_past_logits(config, params):
    forward = train_forward(config, params)
    before_BT = tokens(config, 2, config.max_seq_length)
    for cut in range(1, config.max_seq_length):
        after_BT = before_BT.at[:, cut:].set((before_BT[:, cut:] + 1) % config.vocab_size)
        moved_T = jnp.abs(forward(after_BT) - forward(before_BT)).max(axis=(0, 2))
        assert moved_T[:cut].max() == 0.0
        assert moved_T[cut] > 0.0


def assert_gradient_reaches_only_the_past(config, params):
    inputs_BT = tokens(config, 1, config.max_seq_length)

    def logit(embedded_TD, position):
        # Gradient with respect to each position's own embedding.
        table = params["embedding"]["embedding"]
        rows = {"embedding": {"embedding": jnp.concatenate([table, embedded_TD])}}
        wide = dataclasses.replace(config, vocab_size=config.vocab_size + config.max_seq_length)
        head = {"head": {"kernel": jnp.pad(params["head"]["kernel"], ((0, 0), (0, config.max_seq_length)))}}
        ids_BT = config.vocab_size + jnp.arange(config.max_seq_length)[None]
        logits: Any = Transformer(wide).apply(
            {"params": {**params, **rows, **head}},
            ids_BT,
            deterministic=False,
            dropout_key=jax.random.key(7),
        )
        return logits[0, position].sum()

    embedded_TD = params["embedding"]["embedding"][inputs_BT[0]]
    gradient = jax.jit(jax.grad(logit))
    for position in (0, config.max_seq_length // 2):
        reach_T = jnp.abs(gradient(embedded_TD, position)).max(axis=1)
        assert reach_T[position + 1 :].max() == 0.0
        assert reach_T[: position + 1].max() > 0.0


@pytest.mark.parametrize("config", EVERY_VARIANT)
def test_future_tokens_do_not_change_past_logits(config):
    assert_future_tokens_do_not_change_past_logits(config, params_of(config))


@pytest.mark.parametrize("config", EVERY_VARIANT)
def test_gradient_reaches_only_the_past(config):
    assert_gradient_reaches_only_the_past(config, params_of(config))


@pytest.mark.parametrize(
    "law", [assert_future_tokens_do_not_change_past_logits, assert_gradient_reaches_only_the_past]
)
def test_the_causality_laws_fail_without_the_mask(law, monkeypatch):
    def unmasked(q_BTHK, k_BTHK, v_BTHK, *, dropout_rate, dropout_seed, backend):
        logits_BHTS = jnp.einsum("BTHK,BSHK->BHTS", q_BTHK, k_BTHK)
        probs_BHTS = dropout(jax.nn.softmax(logits_BHTS), dropout_seed, dropout_rate)
        return jnp.einsum("BHTS,BSHK->BTHK", probs_BHTS, v_BTHK)

    params = params_of(SMALL)
    monkeypatch.setattr(transformer_module, "causal_attention", unmasked)
    with pytest.raises(AssertionError):
        law(SMALL, params)


@pytest.mark.parametrize("config", POSITIONS)
def test_cached_decoding_equals_the_full_forward_pass(config):
    params = params_of(config)
    model = Transformer(config)
    tokens_BT = tokens(config, 3, config.max_seq_length)
    full_BTV = evaluated(config, params, tokens_BT)
    # Rows of different lengths in one batch: each is prefilled to its own length, right-padded with rubbish.
    lengths_B = jnp.array([2, 7, 5])
    prefill = 7
    positions_BT = jnp.broadcast_to(jnp.arange(prefill), (3, prefill))
    padded_BT = jnp.where(positions_BT < lengths_B[:, None], tokens_BT[:, :prefill], 13)

    @jax.jit
    def extend(tokens_BT, positions_BT, cache):
        hidden, cache = model.apply({"params": params}, tokens_BT, positions_BT, cache, method="extend")
        return model.apply({"params": params}, hidden, method="unembed"), cache

    cache = init_cache(config, 3, config.max_seq_length, jnp.float32)
    logits_BTV, cache = extend(padded_BT, positions_BT, cache)
    for row, length in enumerate(lengths_B):
        np.testing.assert_allclose(logits_BTV[row, :length], full_BTV[row, :length], atol=1e-5)
    for step in range(config.max_seq_length - prefill):
        at_B = lengths_B + step
        next_B1 = jnp.take_along_axis(tokens_BT, at_B[:, None], axis=1)
        logits_BTV, cache = extend(next_B1, at_B[:, None], cache)
        expected_BV = full_BTV[jnp.arange(3), at_B]
        np.testing.assert_allclose(logits_BTV[:, 0], expected_BV, atol=1e-5)


def test_strongreg_has_the_references_parameter_count_and_flops():
    assert count_params(STRONGREG) == 29_180_928
    assert STRONGREG.flops_per_token(256) == pytest.approx(163.0e6, rel=1e-3)


def test_matmul_parameters_are_all_but_norms_and_embeddings():
    for activation in ("gelu", "swiglu"):
        config = dataclasses.replace(SMALL, activation=activation)
        shapes = jax.eval_shape(functools.partial(init_params, config), jax.random.key(0))
        kernels = [
            leaf.size
            for path, leaf in jax.tree_util.tree_leaves_with_path(shapes)
            if path[-1].key == "kernel"
        ]
        assert config.matmul_params == sum(kernels)


def test_a_permuted_batch_gives_permuted_logits():
    params = params_of(SMALL)
    tokens_BT = tokens(SMALL, 4, 8)
    order = jnp.array([2, 0, 3, 1])
    np.testing.assert_array_equal(
        evaluated(SMALL, params, tokens_BT)[order], evaluated(SMALL, params, tokens_BT[order])
    )


def test_scaled_initialisation_shrinks_only_the_residual_projections():
    config = dataclasses.replace(SMALL, hidden_dim=64, vocab_size=2000)
    plain, scaled = params_of(config), params_of(dataclasses.replace(config, init="scaled"))
    ratio = jax.tree.map(lambda a, b: float(jnp.std(a) / jnp.std(b)) if a.ndim > 1 else 1.0, plain, scaled)
    layer, shrink = ratio["layers_1"], pytest.approx((2 * config.num_layers) ** 0.5)
    assert layer["attention"]["output"]["kernel"] == shrink
    assert layer["ffn"]["down"]["kernel"] == shrink
    assert layer["attention"]["qkv"]["kernel"] == layer["ffn"]["up"]["kernel"] == pytest.approx(1.0)
    for name in ("embedding", "head"):
        assert jnp.std(jax.tree.leaves(plain[name])[0]) == pytest.approx(0.02, rel=0.01)


def test_dropout_needs_a_key_and_the_same_key_gives_the_same_logits():
    params = params_of(SMALL)
    model = Transformer(SMALL)
    inputs = tokens(SMALL, 2, 8)
    with pytest.raises(ValueError, match="dropout_key"):
        model.apply({"params": params}, inputs, deterministic=False)

    @functools.partial(jax.jit, static_argnames="deterministic")
    def forward(seed, deterministic=False):
        key = jax.random.key(seed)
        return model.apply({"params": params}, inputs, deterministic=deterministic, dropout_key=key)

    np.testing.assert_array_equal(forward(1), forward(1))
    assert jnp.abs(forward(1) - forward(2)).max() > 0
    np.testing.assert_array_equal(forward(1, deterministic=True), forward(2, deterministic=True))


def test_bfloat16_computes_close_to_float32_from_the_same_float32_parameters():
    params = params_of(SMALL)
    inputs = tokens(SMALL, 2, 8)
    exact = evaluated(SMALL, params, inputs)
    # Flax's own normalisation layers promote bfloat16 statistics to float32 implicitly.
    with jax.numpy_dtype_promotion("standard"):
        model = Transformer(SMALL, Backend(dtype=jnp.bfloat16))
        rough = jax.jit(functools.partial(model.apply, deterministic=True))({"params": params}, inputs)
    assert rough.dtype == jnp.bfloat16
    assert jnp.abs(exact - rough.astype(jnp.float32)).max() < 0.05 * jnp.abs(exact).max()


def test_learned_positions_end_at_max_seq_length():
    config = dataclasses.replace(SMALL, position_encoding="learned")
    params = params_of(config)
    with pytest.raises(ValueError, match="max_seq_length = 12"):
        Transformer(config).apply({"params": params}, tokens(config, 1, 13), deterministic=True)
    with pytest.raises(ValueError, match="max_seq_length >= 13"):
        init_cache(config, 1, 13, jnp.float32)
