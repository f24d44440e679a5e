"""Muon: which parameters it takes, that q, k and v are matrices of their own, and the size of its updates."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from optax.contrib import MuonDimensionNumbers
from training.test_optimizer import gradients, update_of
from training.tiny_run import fresh_state, make_config

from codelm_jax.training.optimizer import make_optimizer
from codelm_jax.training.optimizers import muon as muon_module

PLAIN = {"warmup_steps": 0, "weight_decay": 0.0, "grad_clip": 1e9}
RATE = 1e-2


def first_updates(grads, update=None, **changes):
    config = make_config(**PLAIN | {"optimizer": "muon"} | changes)
    params = fresh_state(make_config()).params
    updates, _ = (update or update_of(config))(grads, make_optimizer(config).init(params), params)
    return updates


def qkv_as_matrices(tree):
    """The kernels of q, k and v, `[D, H x K]` each."""
    kernel = np.asarray(tree["layers_0"]["attention"]["qkv"]["kernel"])
    return [kernel[:, i].reshape(kernel.shape[0], -1) for i in range(3)]


def assert_q_k_and_v_do_not_touch(update=None):
    grads = gradients(1.0)
    qkv = grads["layers_0"]["attention"]["qkv"]
    before = qkv_as_matrices(first_updates(grads, update))
    qkv["kernel"] = qkv["kernel"].at[:, 2].multiply(100.0)
    # An orthogonal update does not depend on the size of its gradient either.
    for old, new in zip(before, qkv_as_matrices(first_updates(grads, update)), strict=True):
        np.testing.assert_allclose(old, new, rtol=1e-4, atol=1e-6)


def test_q_k_and_v_are_orthogonalised_apart(monkeypatch):
    assert_q_k_and_v_do_not_touch()
    for matrix in qkv_as_matrices(first_updates(gradients(1.0))):
        singular = np.linalg.svd(matrix / (RATE * 0.2 * np.sqrt(max(matrix.shape))), compute_uv=False)
        # Five Newton-Schulz steps leave the smallest ones of a random matrix below 1.
        assert np.median(singular) > 0.7
        assert singular.max() < 1.3
    joint = {**muon_module._AXES, "qkv": MuonDimensionNumbers(0, (1, 2, 3))}
    monkeypatch.setattr(muon_module, "_AXES", joint)
    with pytest.raises(AssertionError):
        assert_q_k_and_v_do_not_touch(jax.jit(make_optimizer(make_config(**PLAIN, optimizer="muon")).update))


def test_updates_have_the_size_of_those_of_adamw():
    layer = first_updates(gradients(1.0))["layers_0"]
    for kernel in jax.tree.leaves(
        [layer["attention"]["qkv"], layer["attention"]["output"], layer["ffn"]["up"], layer["ffn"]["down"]]
    ):
        rms = float(jnp.sqrt(jnp.mean(jnp.square(kernel))))
        assert rms == pytest.approx(RATE * 0.2, rel=0.3)


def test_embeddings_head_and_norms_are_trained_by_adamw():
    grads = gradients(1.0)
    ours, adamw = first_updates(grads), first_updates(grads, optimizer="adamw")
    for name in ("embedding", "head", "final_norm"):
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), ours[name], adamw[name])
    for name in ("attention_norm", "ffn_norm"):
        pairs = (ours["layers_0"][name], adamw["layers_0"][name])
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), *pairs)
    qkv = [tree["layers_0"]["attention"]["qkv"]["kernel"] for tree in (ours, adamw)]
    assert float(optax.tree.norm(qkv[0] - qkv[1])) > 0.1 * float(optax.tree.norm(qkv[1]))
