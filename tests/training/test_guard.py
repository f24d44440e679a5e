import jax
import pytest
from training.tiny_run import CPU, fresh_state, make_config

from codelm_jax.errors import UserError
from codelm_jax.evals.suites.held_out import smoothing_floor
from codelm_jax.model import transformer as transformer_module
from codelm_jax.training.guard import check_causality, implausible, training_logits


@pytest.mark.parametrize("positions", ["rope", "learned", "none"])
def test_a_causal_model_may_train(positions):
    config = make_config(model__position_encoding=positions)
    check_causality(config, CPU, fresh_state(config).params)


def test_a_model_without_the_mask_is_refused(monkeypatch):
    config = make_config()
    params = fresh_state(config).params

    def unmasked(q_BTHK, k_BTHK, v_BTHK, **_):
        return jax.nn.dot_product_attention(q_BTHK, k_BTHK, v_BTHK)

    monkeypatch.setattr(transformer_module, "causal_attention", unmasked)
    jax.clear_caches()
    with pytest.raises(UserError, match=r"leak guard: changing the tokens from position \d+ on moved"):
        check_causality(config, CPU, params)


def test_a_leak_of_one_position_and_of_a_thousandth_is_refused():
    config = make_config()
    params = fresh_state(config).params

    def leaking(model, backend, params, inputs_BT, key):
        logits = training_logits(model, backend, params, inputs_BT, key)
        return logits.at[:, :-1].add(1e-3 * logits[:, 1:])

    with pytest.raises(UserError, match="leak guard"):
        check_causality(config, CPU, params, leaking)


def test_a_model_that_produces_nan_is_refused():
    config = make_config()
    params = jax.tree.map(lambda x: x * float("nan"), fresh_state(config).params)
    with pytest.raises(UserError, match=r"leak guard: .* non-finite"):
        check_causality(config, CPU, params)


def test_the_references_own_figures_are_called_implausible():
    floor = smoothing_floor(0.1, 8000)
    assert "smoothed loss 1.2539" in str(implausible(1.0, 1.2539, floor))
    assert "bits per byte 0.020" in str(implausible(0.02, 5.0, floor))


def test_honest_figures_pass_without_a_word():
    assert implausible(0.9, 3.2, smoothing_floor(0.1, 8000)) is None
    assert implausible(0.9, 0.05, smoothing_floor(0.0, 8000)) is None
