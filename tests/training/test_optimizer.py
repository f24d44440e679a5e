"""Laws of every registered optimizer, and AdamW against optax's own."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from training.tiny_run import fresh_state, make_config, make_run, raw_config

from codelm_jax.checkpoint.comparison import differences
from codelm_jax.checkpoint.saved_step import SavedStep
from codelm_jax.checkpoint.tree import leaf_table
from codelm_jax.errors import UserError
from codelm_jax.training.loop import train
from codelm_jax.training.optimizer import decayed_leaves, make_optimizer
from codelm_jax.training.optimizers.registry import OPTIMIZERS
from codelm_jax.training.resume import check_same_settings, saved_meta
from codelm_jax.training.schedules import make_schedule

EVERY = pytest.mark.parametrize("optimizer", OPTIMIZERS)


def gradients(scale, seed=0):
    """Random, of the parameters' shapes."""
    params = fresh_state(make_config()).params
    keys = jax.random.split(jax.random.key(seed), len(jax.tree.leaves(params)))
    leaves, tree = jax.tree.flatten(params)
    return tree.unflatten([scale * jax.random.normal(k, x.shape) for k, x in zip(keys, leaves, strict=True)])


@functools.cache
def update_of(config):
    return jax.jit(make_optimizer(config).update)


def optax_adamw(config):
    """AdamW, clipping and the decay mask as optax has them."""
    return optax.chain(
        optax.clip_by_global_norm(config.grad_clip),
        optax.adamw(
            make_schedule(config),
            b1=config.beta1,
            b2=config.beta2,
            weight_decay=config.weight_decay,
            mask=decayed_leaves,
        ),
    )


@functools.cache
def five_steps(config, scale, by_optax=False):
    params, update = fresh_state(make_config()).params, update_of(config)
    if by_optax:
        update = jax.jit(optax_adamw(config).update)
    opt_state = (optax_adamw if by_optax else make_optimizer)(config).init(params)
    for i in range(5):
        updates, opt_state = update(gradients(scale, i), opt_state, params)
        params = optax.apply_updates(params, updates)
    return params, opt_state


def assert_close(a, b):
    assert jax.tree.structure(a) == jax.tree.structure(b)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=2e-6, atol=1e-8), a, b)


# Gradients of either scale: clipped, and below the limit.
@pytest.mark.parametrize("scale", [1.0, 1e-4])
def test_the_update_in_few_passes_is_optax_adamw(scale):
    assert_close(five_steps(make_config(), scale), five_steps(make_config(), scale, by_optax=True))


@pytest.mark.parametrize(
    "change",
    [{"beta1": 0.8}, {"beta2": 0.9}, {"weight_decay": 0.0}, {"grad_clip": 0.5}, {"learning_rate": 2e-2}],
)
def test_the_law_fails_for_another_optimizer(change):
    with pytest.raises(AssertionError):
        assert_close(five_steps(make_config(**change), 1.0), five_steps(make_config(), 1.0, by_optax=True))


def test_the_state_of_adamw_is_the_one_that_checkpoints_hold():
    state = make_optimizer(make_config()).init({"head": {"kernel": jnp.zeros((2, 3))}})
    assert {name: leaf.shape for name, leaf in leaf_table({"opt_state": state}).items()} == {
        "opt_state/1/0/count": (),
        "opt_state/1/0/mu/head/kernel": (2, 3),
        "opt_state/1/0/nu/head/kernel": (2, 3),
        "opt_state/1/2/count": (),
    }


@EVERY
def test_a_step_that_is_not_taken_leaves_the_state_as_it_was(optimizer):
    config = make_config(optimizer=optimizer)
    params, opt_state = five_steps(config, 1.0)
    poisoned = jax.tree.map(lambda x: x * jnp.nan, gradients(1.0, 9))
    _, after = update_of(config)(poisoned, opt_state, params, finite=jnp.asarray(False))
    jax.tree.map(np.testing.assert_array_equal, after, opt_state)
    _, after = update_of(config)(gradients(1.0, 9), opt_state, params, finite=jnp.asarray(True))
    assert any(jax.tree.leaves(jax.tree.map(lambda a, b: (a != b).any(), after, opt_state)))


@EVERY
def test_gradients_are_clipped_to_the_largest_norm_and_no_shorter_ones(optimizer):
    config = make_config(optimizer=optimizer)
    params = fresh_state(make_config()).params
    state = make_optimizer(config).init(params)
    unit = jax.tree.map(lambda x: x / optax.tree.norm(gradients(1.0)), gradients(1.0))
    states = [
        update_of(config)(jax.tree.map(lambda x: scale * x, unit), state, params)[1]  # noqa: B023
        for scale in (0.5, 1.0, 100.0)
    ]
    assert_close(states[2], states[1])
    with pytest.raises(AssertionError):
        assert_close(states[1], states[0])


@EVERY
def test_weight_decay_pulls_at_matrices_and_embeddings_but_not_at_norms(optimizer):
    params = fresh_state(make_config()).params
    with_decay, without = (
        update_of(config)(gradients(1.0), make_optimizer(config).init(params), params)[0]
        for config in (
            make_config(weight_decay=decay, warmup_steps=0, optimizer=optimizer) for decay in (0.5, 0.0)
        )
    )
    pulls = leaf_table(jax.tree.map(lambda a, b: a - b, with_decay, without))
    for name, start in leaf_table(params).items():
        expected = -1e-2 * 0.5 * start if name.endswith(("kernel", "embedding")) else 0.0 * start
        np.testing.assert_allclose(pulls[name], expected, atol=1e-6)


@EVERY
def test_a_stop_and_a_restart_change_no_bit(tmp_path, optimizer):
    raw = raw_config(optimizer=optimizer, schedule="wsd")
    train(make_run(tmp_path / "straight", raw))
    assert train(make_run(tmp_path / "resumed", raw, stop_after=3))["step"] == 3
    assert train(make_run(tmp_path / "resumed", raw))["step"] == 8
    straight, resumed = (SavedStep(tmp_path / name / "checkpoints" / "8") for name in ("straight", "resumed"))
    assert any("opt_state" in name and "mu" in name for name in straight.digests.leaves)
    assert differences(straight, resumed) == []


def test_a_run_from_before_there_was_a_choice_was_trained_by_adamw_with_cosine_decay(tmp_path):
    raw = raw_config()
    assert not {"optimizer", "schedule", "decay_share"} & raw.keys()
    train(make_run(tmp_path / "run", raw, stop_after=2))
    same = raw_config(optimizer="adamw", schedule="cosine", decay_share=0.2)
    assert train(make_run(tmp_path / "run", same, stop_after=4))["step"] == 4
    saved = saved_meta(tmp_path / "run")
    assert saved is not None
    for key, other in (("optimizer", "muon"), ("schedule", "linear")):
        with pytest.raises(UserError, match=rf"config\.{key} is '{other}', but the run in .* has '"):
            check_same_settings(saved, raw_config(**{key: other}), "the directory")
