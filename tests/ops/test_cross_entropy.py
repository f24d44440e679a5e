import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from codelm_jax.evals.suites.held_out import smoothing_floor
from codelm_jax.ops.cross_entropy import mean_loss_of_hidden, smoothed_cross_entropy

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


def assert_is_its_definition(loss, logits, targets, eps):
    np.testing.assert_allclose(loss, by_definition(logits, targets, eps), rtol=1e-5)


@pytest.mark.parametrize("eps", [0.0, 0.1, 0.7])
def test_smoothed_loss_equals_its_definition(eps):
    logits, targets = logits_and_targets()
    loss, nll = smoothed_cross_entropy(logits, targets, eps)
    assert_is_its_definition(loss, logits, targets, eps)
    assert_is_its_definition(nll, logits, targets, 0.0)


def with_the_rest_spread_over_the_others(logits, targets, eps):
    """The other common rule: eps / (V - 1) for each wrong class, 1 - eps for the right one."""
    others = eps / (V - 1)
    return smoothed_cross_entropy(logits, targets, others * V)[0]


def with_a_literal(logits, targets, eps):
    return smoothed_cross_entropy(logits, targets, 0.0)[0]


@pytest.mark.parametrize("broken", [with_the_rest_spread_over_the_others, with_a_literal])
def test_the_law_of_smoothing_fails_for_other_rules(broken):
    logits, targets = logits_and_targets()
    with pytest.raises(AssertionError):
        assert_is_its_definition(broken(logits, targets, 0.1), logits, targets, 0.1)


def test_without_smoothing_it_is_optax_integer_cross_entropy():
    logits, targets = logits_and_targets()
    expected = optax.softmax_cross_entropy_with_integer_labels(logits, targets)
    loss, nll = smoothed_cross_entropy(logits, targets, 0.0)
    np.testing.assert_allclose(loss, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(loss, nll)


def hidden_head_targets(dtype=jnp.float32):
    keys = jax.random.split(jax.random.key(3), 3)
    hidden = jax.random.normal(keys[0], (3, 12, 16), dtype)
    return hidden, jax.random.normal(keys[1], (16, V)), jax.random.randint(keys[2], (3, 12), 0, V)


def defined_mean_loss(hidden, head, targets, eps):
    target = (1 - eps) * jax.nn.one_hot(targets, V) + eps / V
    return -(target * jax.nn.log_softmax(hidden @ head)).sum(-1).mean()


@pytest.mark.parametrize(
    ("eps", "chunk_tokens", "shards", "on_cpu"),
    [
        (0.1, 1, 1, True),
        (0.1, 6, 1, False),
        (0.1, 10**6, 1, True),
        (0.1, 4, 3, False),
        (0.1, 6, 2, True),  # 2 does not divide the batch of 3
        (0.0, 20, 1, True),
        (0.0, 10**6, 3, False),
    ],
)
def test_custom_gradients_equal_autodiff_of_the_definition_whatever_the_chunks(
    eps, chunk_tokens, shards, on_cpu
):
    hidden, head, targets = hidden_head_targets()

    def custom(hidden, head):
        loss, _ = mean_loss_of_hidden(
            hidden, head, targets, eps, on_cpu=on_cpu, chunk_tokens=chunk_tokens, shards=shards
        )
        return 3.0 * loss

    def definition(hidden, head):
        return 3.0 * defined_mean_loss(hidden, head, targets, eps)

    value, grads = jax.jit(jax.value_and_grad(custom, argnums=(0, 1)))(hidden, head)
    expected, expected_grads = jax.jit(jax.value_and_grad(definition, argnums=(0, 1)))(hidden, head)
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    for grad, expected_grad in zip(grads, expected_grads, strict=True):
        np.testing.assert_allclose(grad, expected_grad, rtol=1e-4, atol=1e-6)


def test_the_mean_loss_is_the_mean_of_the_losses_with_and_without_a_gradient():
    hidden, head, targets = hidden_head_targets()
    losses, nlls = smoothed_cross_entropy(hidden @ head, targets, 0.1)

    def mean(hidden):
        return mean_loss_of_hidden(hidden, head, targets, 0.1, chunk_tokens=6)

    for loss, nll in (mean(hidden), jax.value_and_grad(mean, has_aux=True)(hidden)[0]):
        np.testing.assert_allclose(loss, losses.mean(), rtol=1e-6)
        np.testing.assert_allclose(nll, nlls.mean(), rtol=1e-6)


def test_the_largest_array_of_the_loss_is_a_chunk_of_logits():
    hidden, head, targets = hidden_head_targets()

    def logits_held(chunk_tokens):
        loss = jax.value_and_grad(
            lambda h: mean_loss_of_hidden(h, head, targets, 0.1, chunk_tokens=chunk_tokens)[0]
        )
        text = str(jax.make_jaxpr(loss)(hidden))
        return {n for n in (1, 2, 3, 4, 6, 12) if f"f32[1,3,{n},{V}]" in text}

    assert logits_held(6) == {2}
    assert logits_held(10**6) == {12}


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


def test_bfloat16_products_accumulate_the_heads_gradient_in_float32():
    hidden, head, targets = hidden_head_targets(jnp.bfloat16)

    def loss(hidden, head):
        return mean_loss_of_hidden(hidden, head, targets, 0.1, chunk_tokens=3)[0]

    grad_hidden, grad_head = jax.grad(loss, argnums=(0, 1))(hidden, head)
    assert (grad_hidden.dtype, grad_head.dtype) == (jnp.bfloat16, jnp.float32)
    expected = jax.grad(defined_mean_loss, argnums=1)(hidden.astype(jnp.float32), head, targets, 0.1)
    assert float(jnp.linalg.norm(grad_head - expected) / jnp.linalg.norm(expected)) < 0.01


@pytest.mark.parametrize("on_cpu", [True, False])
def test_masked_targets_move_neither_loss_nor_gradient(on_cpu):
    hidden, head, targets = hidden_head_targets()
    dropped = np.zeros(targets.shape, bool)
    dropped[0, 3:] = dropped[2, ::2] = True
    masked_targets = jnp.where(dropped, ~targets, targets)

    def masked(hidden, head):
        return mean_loss_of_hidden(
            hidden, head, masked_targets, 0.1, chunk_tokens=6, masked=True, on_cpu=on_cpu
        )

    def definition(hidden, head):
        target = 0.9 * jax.nn.one_hot(targets, V) + 0.1 / V
        losses = -(target * jax.nn.log_softmax(hidden @ head)).sum(-1)
        return jnp.where(dropped, 0.0, losses).sum() / float((~dropped).sum())

    (value, _), grads = jax.value_and_grad(masked, argnums=(0, 1), has_aux=True)(hidden, head)
    expected, expected_grads = jax.value_and_grad(definition, argnums=(0, 1))(hidden, head)
    np.testing.assert_allclose([value, masked(hidden, head)[0]], expected, rtol=1e-5)
    for grad, expected_grad in zip(grads, expected_grads, strict=True):
        np.testing.assert_allclose(grad, expected_grad, rtol=1e-4, atol=1e-6)
    assert (np.asarray(grads[0])[dropped] == 0).all()
