import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from training.tiny_run import (
    WATCHING,
    fresh_state,
    make_config,
    make_tokens,
    make_windows,
    score_of,
    step_of,
)

from codelm_jax.checkpoint.tree import leaf_table
from codelm_jax.data.batches import train_batches
from codelm_jax.model.transformer import Transformer
from codelm_jax.training.mesh import all_devices, backend_of
from codelm_jax.training.step import init_state, train_step

NO_DROPOUT = {"model__attention_dropout": 0.0, "model__residual_dropout": 0.0}


def run_steps(config, windows, steps, state=None):
    state = fresh_state(config) if state is None else state
    metrics = {}
    for _ in range(steps):
        state, metrics = step_of(config)(state, windows)
    return state, metrics


def assert_trees_equal(a, b):
    jax.tree.map(np.testing.assert_array_equal, a, b)


def nll_by_hand(config, params, windows, shift=1):
    """The targets' negative log-likelihood from the plain logits, `shift` places on from the inputs, in NumPy."""
    inputs = windows[:, :-1]
    targets = windows[:, shift : shift + inputs.shape[1]]
    logits: Any = Transformer(config.model).apply({"params": params}, inputs, deterministic=True)
    log_probs = np.asarray(jax.nn.log_softmax(logits))
    rows, columns = np.indices(targets.shape)
    return -log_probs[rows, columns, targets]


def test_each_token_is_predicted_from_those_before_it():
    config = make_config()
    windows = make_windows(config)
    params = fresh_state(config).params
    scored = score_of(config)(params, windows)
    np.testing.assert_allclose(scored["nll"], nll_by_hand(config, params, windows), rtol=1e-4)


def test_training_minimises_that_very_loss():
    config = make_config(label_smoothing=0.0, **NO_DROPOUT)
    windows = make_windows(config)
    _, metrics = run_steps(config, windows, 1)
    params = fresh_state(config).params
    np.testing.assert_allclose(metrics["loss"], nll_by_hand(config, params, windows).mean(), rtol=1e-5)
    # Targets that are the inputs themselves break the law.
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(
            metrics["loss"], nll_by_hand(config, params, windows, shift=0).mean(), rtol=1e-5
        )


def test_tokens_that_are_no_targets_move_neither_loss_nor_parameters():
    """Signed windows hold `~id` for them; all others count as in unsigned windows."""
    config = make_config(label_smoothing=0.0, **NO_DROPOUT)
    windows = make_windows(config)
    params = fresh_state(config).params
    signed = windows.astype(np.int32)
    signed[:, -3:] = ~signed[:, -3:]
    state, metrics = run_steps(config, signed, 1)
    by_hand = nll_by_hand(config, params, windows)
    np.testing.assert_allclose(metrics["loss"], by_hand[:, :-3].mean(), rtol=1e-5)
    assert abs(metrics["loss"] - by_hand.mean()) > 1e-5
    signed[:, -2:] = ~7
    other, _ = run_steps(config, signed, 1)
    assert_trees_equal(state.params, other.params)


def test_a_small_model_overfits_one_batch():
    config = make_config(
        batch_size=4, max_steps=150, learning_rate=3e-2, weight_decay=0.0, label_smoothing=0.0, **NO_DROPOUT
    )
    _, metrics = run_steps(config, make_windows(config), 150)
    assert metrics["nll"] < 0.05


def test_dropout_is_on_in_training_and_off_in_scoring():
    config = make_config(model__residual_dropout=0.5)
    windows = make_windows(config)
    params = fresh_state(config).params
    first, second = (score_of(config)(params, windows)["nll"] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    plain = make_config(**NO_DROPOUT)
    without, dropped = (float(run_steps(c, windows, 1)[1]["nll"]) for c in (plain, config))
    # Rounding moves a mean of this size by about 1e-6; dropout by a thousand times as much and more.
    assert float(first.mean()) == pytest.approx(without, abs=1e-5)
    assert abs(dropped - without) > 1e-3


def test_each_step_drops_other_elements_and_a_seed_repeats_them():
    config = make_config(learning_rate=1e-30, final_learning_rate=0.0, weight_decay=0.0)
    windows = make_windows(config)
    losses = [float(run_steps(config, windows, steps)[1]["loss"]) for steps in (1, 2, 1)]
    assert losses[0] == losses[2] != losses[1]


def test_accumulated_gradients_equal_those_of_the_whole_batch():
    whole = make_config(**NO_DROPOUT)
    parts = make_config(grad_accum_steps=4, **NO_DROPOUT)
    windows = make_windows(whole)
    a, metrics_a = run_steps(whole, windows, 3)
    b, metrics_b = run_steps(parts, windows, 3)
    # AdamW divides by the root of tiny second moments, which magnifies the last bits.
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, atol=2e-4), a.params, b.params)
    np.testing.assert_allclose(metrics_a["grad_norm"], metrics_b["grad_norm"], rtol=1e-4)


def test_a_non_finite_gradient_changes_nothing_and_is_counted():
    config = make_config()
    windows = make_windows(config)
    state, _ = run_steps(config, windows, 2)
    poisoned = state.params | {"head": jax.tree.map(lambda x: x.at[0, 0].set(jnp.nan), state.params["head"])}
    broken = state.replace(params=poisoned)
    after, metrics = run_steps(config, windows, 2, broken)
    assert_trees_equal(after.params, broken.params)
    assert_trees_equal(after.opt_state, broken.opt_state)
    assert int(metrics["nonfinite_steps"]) == 2
    healed, metrics = run_steps(config, windows, 1, after.replace(params=state.params))
    assert int(metrics["nonfinite_steps"]) == int(healed.nonfinite_steps) == 0


def test_smoothed_loss_is_reported_beside_the_nll_and_smoothing_comes_from_the_config():
    windows = make_windows(make_config())
    for eps in (0.0, 0.3):
        config = make_config(label_smoothing=eps)
        scored = score_of(config)(fresh_state(config).params, windows)
        same = np.allclose(scored["nll"], scored["smoothed_loss"])
        assert same == (eps == 0.0)


# Every key that says what a run computes, with a value that must change parameters, loss or batches. The others say
# when it logs, evaluates and saves; test_loop.py shows their effect.
CHANGES = [
    ("seed", 1),
    ("max_steps", 4),
    ("batch_size", 4),
    ("grad_accum_steps", 2),
    ("learning_rate", 2e-2),
    ("final_learning_rate", 5e-3),
    ("warmup_steps", 1),
    ("optimizer", "muon"),
    ("schedule", "linear"),
    ("decay_share", 0.9),
    ("beta1", 0.5),
    ("beta2", 0.5),
    ("weight_decay", 0.0),
    ("grad_clip", 0.01),
    ("label_smoothing", 0.0),
    ("compute_dtype", "bfloat16"),
    ("model__num_layers", 2),
    ("model__hidden_dim", 32),
    ("model__num_heads", 4),
    ("model__ffn_multiplier", 3.0),
    ("model__normalization", "rmsnorm"),
    ("model__activation", "silu"),
    ("model__position_encoding", "none"),
    ("model__attention_dropout", 0.3),
    ("model__residual_dropout", 0.3),
    ("model__vocab_size", 300),
    ("model__max_seq_length", 4),
    ("model__init", "scaled"),
]


@functools.cache
def shapes(config):
    return jax.tree.map(lambda x: x.shape, jax.eval_shape(lambda: init_state(config).params))


def programs(config):
    """The text of the initialisation and of the training step; constants of the config are in it."""
    windows = jax.ShapeDtypeStruct((config.batch_size, config.model.max_seq_length + 1), jnp.uint16)
    lowered = jax.jit(functools.partial(init_state, config)).lower()
    step = functools.partial(train_step, config, backend_of(config, all_devices()))
    return lowered.as_text() + str(jax.make_jaxpr(step)(lowered.out_info, windows))


# "decay_share" says something for this schedule alone.
PLAIN = {"model__num_layers": 1, "schedule": "wsd"}


def test_every_key_of_the_computation_changes_the_compiled_step():
    base = programs(make_config(**PLAIN))
    assert programs(make_config(**PLAIN)) == base
    for key, value in CHANGES:
        config = make_config(**PLAIN | {key: value})
        assert shapes(config) != shapes(make_config(**PLAIN)) or programs(config) != base, key


def test_no_key_of_watching_changes_it():
    other = {"keep_steps": (7,), "checkpoint_minutes": 1.5}
    config = make_config(**PLAIN, **{key: other.get(key, 7) for key in WATCHING})
    assert programs(config) == programs(make_config(**PLAIN))


def parameters_after_4_steps(config, directory):
    vocab = config.model.vocab_size
    batches = train_batches(
        make_tokens(directory, f"train{vocab}", vocab_size=vocab),
        batch_size=config.batch_size,
        seq_length=config.model.max_seq_length,
        seed=config.seed,
    )
    state = fresh_state(config)
    step = step_of(config, backend_of(config, all_devices()))
    for _ in range(4):
        state, _ = step(state, next(batches))
    return {path: np.asarray(x) for path, x in leaf_table(state.params).items()}


@pytest.mark.slow
def test_every_key_of_the_computation_changes_the_parameters(tmp_path):
    plain = make_config(**PLAIN)
    base = parameters_after_4_steps(plain, tmp_path)
    for key, value in CHANGES:
        config = make_config(**PLAIN | {key: value})
        if shapes(config) != shapes(plain):
            continue
        changed = parameters_after_4_steps(config, tmp_path)
        assert any(not np.array_equal(changed[path], base[path]) for path in base), key


def test_the_list_of_keys_above_is_complete():
    computed = {key.removeprefix("model__") for key, _ in CHANGES} | {"arch_type", "model"}
    executed = {"attention", "deterministic"}  # the same figures in other ways
    config = make_config()
    keys = set(config.__dataclass_fields__) | set(config.model.__dataclass_fields__)
    assert computed | executed | set(WATCHING) == keys
