"""The study's own model is the package's where it is given the causal mask, and leaks where it is given none."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from evals.evaluated_run import TEMPLATES, parsed, prepare_data, raw_config
from mask_study import cell
from mask_study.cell import Cell, check_honoured, run_cell
from mask_study.findings import collapse_table, write
from mask_study.model import causal, check_supported, everything, hidden_states
from mask_study.sampling import generate_with, next_token_with

from codelm_jax.config_files import load_config
from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.errors import UserError
from codelm_jax.evals.interfaces import Sampling
from codelm_jax.evals.templates import load_templates
from codelm_jax.generation.generator import Generator
from codelm_jax.generation.params import SamplingParams
from codelm_jax.model.config import ModelConfig
from codelm_jax.model.transformer import Transformer, init_params
from codelm_jax.training.config import parse_train_config
from codelm_jax.training.mesh import make_mesh

CODE = ["def add(a, b):\n    return a + b\n", "for i in range(10):\n    print(i)\n"]


@pytest.fixture
def standard_dtype_promotion():
    """Optax mixes types."""
    with jax.numpy_dtype_promotion("standard"):
        yield


@pytest.fixture(scope="module")
def tokenizer():
    return CodeTokenizer.train(CODE * 20, 280)


@pytest.fixture(scope="module")
def config():
    return ModelConfig(
        arch_type="transformer",
        num_layers=2,
        hidden_dim=32,
        num_heads=4,
        ffn_multiplier=3.0,
        normalization="layernorm",
        activation="gelu",
        position_encoding="rope",
        attention_dropout=0.3,
        residual_dropout=0.2,
        vocab_size=280,
        max_seq_length=64,
        init="normal",
    )


@pytest.fixture(scope="module")
def params(config):
    """Far from the initial values: there a leak would be small."""
    leaves, tree = jax.tree.flatten(init_params(config, jax.random.key(0)))
    keys = jax.random.split(jax.random.key(1), len(leaves))
    return jax.tree.unflatten(
        tree,
        [leaf + 0.2 * jax.random.normal(key, leaf.shape) for leaf, key in zip(leaves, keys, strict=True)],
    )


@pytest.mark.parametrize("key", [None, jax.random.key(5)])
def test_with_the_causal_mask_it_is_the_packages_own_model(config, params, key):
    tokens_BT = jnp.asarray(np.random.default_rng(0).integers(0, config.vocab_size, (3, 20)))
    own = hidden_states(config, params, tokens_BT, causal(20)[None], key)
    words = {"deterministic": key is None, "dropout_key": key, "method": "hidden_states"}
    package = Transformer(config).apply({"params": params}, tokens_BT, **words)
    assert isinstance(package, jax.Array)
    np.testing.assert_allclose(own, package, atol=2e-5, rtol=2e-5)


@pytest.mark.parametrize(("visibility", "leaks"), [(causal, False), (everything, True)])
def test_only_without_it_a_position_sees_its_target(config, params, visibility, leaks):
    tokens_BT = jnp.asarray(np.random.default_rng(0).integers(0, config.vocab_size, (1, 20)))
    changed_BT = tokens_BT.at[0, 11].set((tokens_BT[0, 11] + 1) % config.vocab_size)
    before, after = (
        hidden_states(config, params, tokens, visibility(20)[None], None)
        for tokens in (tokens_BT, changed_BT)
    )
    assert bool(jnp.abs(after - before)[:, :11].max() > 1e-3) is leaks


def test_greedy_samples_are_the_generators(config, params, tokenizer):
    prompts = ["def add(a", "for i in range(3):\n    print"]
    generate = generate_with(config, params, tokenizer, causal)
    own = generate(prompts, Sampling(n=2, temperature=1.0, top_k=1, top_p=1.0, max_new_tokens=20))
    greedy = SamplingParams(temperature=0.0, max_new_tokens=20, heal=False)
    for samples, (completion,) in zip(
        own, Generator(config, params, tokenizer).generate(prompts, greedy), strict=True
    ):
        for sample in samples:
            assert (sample.token_ids, sample.text) == (completion.token_ids, completion.text)
            assert sample.finish_reason == completion.finish_reason
            np.testing.assert_allclose(sample.logprobs, completion.logprobs, atol=1e-3)


@pytest.mark.parametrize("visibility", [causal, everything])
def test_what_lies_beyond_a_prompt_is_seen_by_nobody(config, params, tokenizer, visibility):
    """A prompt is padded: its distribution is that of the same tokens without padding."""
    ids = [tokenizer.endoftext_id, *tokenizer.encode(CODE[0])]
    hidden = hidden_states(config, params, jnp.asarray([ids]), visibility(len(ids))[None], None)[0, -1]
    expected = jax.nn.softmax(hidden @ params["head"]["kernel"])
    np.testing.assert_allclose(
        next_token_with(config, params, tokenizer, visibility)(CODE[0]), expected, atol=1e-5
    )


@pytest.mark.usefixtures("standard_dtype_promotion")
def test_a_cell_is_trained_judged_and_told(tmp_path, monkeypatch):
    """The reference's cell with and without the mask, at a size where only the leak can be learnt."""
    monkeypatch.setattr(cell, "_CURVE_POINTS", 3)
    raw = raw_config(
        tmp_path, max_steps=20, batch_size=4, learning_rate=1e-2, warmup_steps=5, final_eval_tokens=200
    )
    raw["model"] |= {"hidden_dim": 32, "max_seq_length": 128}
    prepared = prepare_data(tmp_path, raw)
    base = parsed(raw)
    template = tmp_path / "templates.toml"
    template.write_text(TEMPLATES.replace("two", "a").replace("three", "b"))
    templates = load_templates(template)
    lines = []
    results = [
        run_cell(
            Cell(masked, label_smoothing=0.1, dropout=0.2, seed=0),
            base,
            make_mesh(base),
            prepared,
            templates,
            samples_per_prompt=2,
            report=lines.append,
        )
        for masked in (True, False)
    ]
    causal_result, leaking = json.loads(json.dumps(results))
    assert causal_result["guard"] is None
    assert "sees the future" in leaking["guard"]
    assert [len(result["few_shot"]["samples"]) for result in results] == [4, 4]
    # A point every 6 steps, and one of what remains.
    assert [[point["step"] for point in result["curve"]] for result in results] == [[6, 12, 18, 20]] * 2
    for result in (causal_result, leaking):
        assert result["held_out"]["tokens"] == 200
        assert result["held_out"]["last"]["tokens"] == 200 // 128
    assert causal_result["held_out"]["nll"] != leaking["held_out"]["nll"]
    tables = write([causal_result, leaking], tmp_path)
    assert "refuses it" in tables.splitlines()[3]
    assert (tmp_path / "findings.md").read_text() == tables
    assert {path.stem for path in tmp_path.glob("*.png")} == {"training", "held_out", "context", "collapse"}


def test_only_the_references_architecture_is_studied(config):
    with pytest.raises(UserError, match=r"config\.model\.activation = 'silu'"):
        check_supported(dataclasses.replace(config, activation="silu"))


@pytest.mark.parametrize("config", ["strongreg", "tiny"])
def test_the_configs_as_they_stand_are_studied(config):
    check_honoured(parse_train_config(load_config(config).to_dict()))


@pytest.mark.parametrize(
    ("key", "value"), [("compute_dtype", "bfloat16"), ("attention", "kernel"), ("grad_accum_steps", 2)]
)
def test_what_a_training_would_not_do_is_refused(key, value):
    raw = load_config("tiny").to_dict() | {key: value}
    with pytest.raises(UserError, match=rf"config\.{key} = {value!r}: this study has only"):
        check_honoured(parse_train_config(raw))


def test_intervals_are_those_by_prompt_where_prompts_differ():
    bounds = {"low": 0.25, "high": 0.75}
    differ = {"rate": 0.5, **bounds, "cluster_low": 0.125, "cluster_high": 0.875}
    alike = {"rate": 0.0, **bounds, "cluster_low": 0.0, "cluster_high": 0.0}
    summary = {"summary": {"collapsed": differ, "legacy_collapse": alike}}
    cell = {"masked": False, "label_smoothing": 0.1, "dropout": 0.2, "seed": 0}
    row = collapse_table([{"cell": cell, "short_prompt": summary, "few_shot": summary}]).splitlines()[-1]
    assert row == "| no mask | 0.1 | 0.2 | 0 |" + " 50.0 % [12.5, 87.5] | 0.0 % [25.0, 75.0] |" * 2
