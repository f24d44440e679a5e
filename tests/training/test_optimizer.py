import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from training.tiny_run import make_config

from codelm_jax.training.optimizer import adamw_update, make_optimizer
from codelm_jax.training.step import init_state


def gradients(params, scale, seed):
    keys = jax.random.split(jax.random.key(seed), len(jax.tree.leaves(params)))
    leaves, tree = jax.tree.flatten(params)
    return tree.unflatten([scale * jax.random.normal(k, x.shape) for k, x in zip(keys, leaves, strict=True)])


def by_optax(config, grads, opt_state, params):
    updates, opt_state = make_optimizer(config).update(grads, opt_state, params)
    return optax.apply_updates(params, updates), opt_state


def in_few_passes(config, grads, opt_state, params, finite=True):
    return adamw_update(config, grads, optax.tree.norm(grads), jnp.asarray(finite), opt_state, params)


def steps(config, update, scale, count=5):
    params = init_state(config).params
    opt_state = make_optimizer(config).init(params)
    update = jax.jit(functools.partial(update, config))
    for i in range(count):
        params, opt_state = update(gradients(params, scale, i), opt_state, params)
    return params, opt_state


def assert_close(a, b):
    assert jax.tree.structure(a) == jax.tree.structure(b)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=2e-6, atol=1e-8), a, b)


# Gradients of either scale: clipped, and below the limit.
@pytest.mark.parametrize("scale", [1.0, 1e-4])
def test_the_update_in_few_passes_is_optax_adamw(scale):
    config = make_config()
    assert_close(steps(config, in_few_passes, scale), steps(config, by_optax, scale))


@pytest.mark.parametrize(
    "change",
    [{"beta1": 0.8}, {"beta2": 0.9}, {"weight_decay": 0.0}, {"grad_clip": 0.5}, {"learning_rate": 2e-2}],
)
def test_the_law_fails_for_another_optimizer(change):
    with pytest.raises(AssertionError):
        assert_close(steps(make_config(**change), in_few_passes, 1.0), steps(make_config(), by_optax, 1.0))


def test_a_step_that_is_not_taken_leaves_everything_as_it_was():
    config = make_config()
    params, opt_state = steps(config, in_few_passes, 1.0)
    poisoned = jax.tree.map(lambda x: x * jnp.nan, gradients(params, 1.0, 9))
    after = in_few_passes(config, poisoned, opt_state, params, finite=False)
    jax.tree.map(np.testing.assert_array_equal, after, (params, opt_state))
