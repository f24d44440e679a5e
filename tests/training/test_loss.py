import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from codelm_jax.evals.heldout import smoothing_floor
from codelm_jax.training.loss import smoothed_cross_entropy

V = 50


def logits_and_targets(seed=0, dtype=jnp.float32):
    logits = jax.random.normal(jax.random.key(seed), (3, 7, V), jnp.float32) * 3.0
    return logits.astype(dtype), jax.random.randint(jax.random.key(seed + 1), (3, 7), 0, V)


def by_definition(logits, targets, eps):
    """Cross-entropy against the explicit smoothed distribution, in float64."""
    logits = np.asarray(logits, np.float64)
    log_probs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    target = (1 - eps) * np.eye(V)[np.asarray(targets)] + eps / V
    return -(target * log_probs).sum(-1)


@pytest.mark.parametrize("eps", [0.0, 0.1, 0.7])
def test_smoothed_loss_equals_its_definition(eps):
    logits, targets = logits_and_targets()
    loss, nll = smoothed_cross_entropy(logits, targets, eps)
    np.testing.assert_allclose(loss, by_definition(logits, targets, eps), rtol=1e-5)
    np.testing.assert_allclose(nll, by_definition(logits, targets, 0.0), rtol=1e-5)


def test_without_smoothing_it_is_optax_integer_cross_entropy():
    logits, targets = logits_and_targets()
    expected = optax.softmax_cross_entropy_with_integer_labels(logits, targets)
    loss, nll = smoothed_cross_entropy(logits, targets, 0.0)
    np.testing.assert_allclose(loss, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(loss, nll)


@pytest.mark.parametrize("eps", [0.0, 0.1])
def test_custom_gradient_equals_autodiff_of_the_definition(eps):
    logits, targets = logits_and_targets()

    def differentiable(logits):
        target = (1 - eps) * jax.nn.one_hot(targets, V) + eps / V
        losses = -(target * jax.nn.log_softmax(logits)).sum(-1)
        nlls = optax.softmax_cross_entropy_with_integer_labels(logits, targets)
        return (losses * weights).sum() + 0.3 * nlls.mean()

    def custom(logits):
        loss, nll = smoothed_cross_entropy(logits, targets, eps)
        return (loss * weights).sum() + 0.3 * nll.mean()

    weights = jax.random.uniform(jax.random.key(9), (3, 7))
    np.testing.assert_allclose(
        jax.jit(jax.grad(custom))(logits), jax.grad(differentiable)(logits), rtol=1e-4, atol=1e-6
    )


def test_the_floor_is_the_loss_of_a_perfect_prediction():
    for eps in (0.1, 0.5):
        target = np.full(V, eps / V)
        target[3] += 1 - eps
        loss, _ = smoothed_cross_entropy(jnp.log(jnp.asarray(target, jnp.float32)), jnp.asarray(3), eps)
        assert float(loss) == pytest.approx(smoothing_floor(eps, V), rel=1e-5)
    assert smoothing_floor(0.1, 8000) == pytest.approx(1.2237, abs=5e-5)
    assert smoothing_floor(0.0, V) == 0.0


def test_bfloat16_logits_are_reduced_in_float32():
    logits, targets = logits_and_targets(dtype=jnp.bfloat16)
    loss, _ = smoothed_cross_entropy(logits, targets, 0.1)
    assert loss.dtype == jnp.float32
    np.testing.assert_allclose(loss, by_definition(logits.astype(jnp.float32), targets, 0.1), rtol=1e-4)
    grad = jax.grad(lambda z: smoothed_cross_entropy(z, targets, 0.1)[0].sum())(logits)
    assert grad.dtype == jnp.bfloat16
