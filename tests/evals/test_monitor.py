"""The monitor on real parameters: sane ones, and ones that were made to collapse."""

import jax
import jax.numpy as jnp
import pytest
from evaluated_run import params_of, parsed, raw_config

from codelm_jax.evals.monitor import CollapseMonitor
from codelm_jax.evals.statistics import wilson_interval
from codelm_jax.evaluation_inputs import live


@pytest.fixture(autouse=True)
def standard_dtype_promotion():
    with jax.numpy_dtype_promotion("standard"):
        yield


def config_of(tmp_path, **changes):
    return parsed(raw_config(tmp_path, monitor_samples=1, **changes))


def collapsed_params(config, token: int):
    """Says one token whatever comes before: the last norm gives a constant, and the head turns it into that token."""
    params = params_of(config)
    norm = {
        "scale": jnp.zeros_like(params["final_norm"]["scale"]),
        "bias": jnp.ones_like(params["final_norm"]["bias"]),
    }
    kernel = jnp.zeros_like(params["head"]["kernel"]).at[:, token].set(10.0)
    return params | {"final_norm": norm, "head": {"kernel": kernel}}


def test_a_collapsed_model_is_seen_at_once_and_a_recovered_one_too(tmp_path, prepared, capsys):
    config = config_of(tmp_path)
    (monitor,) = live.monitors(config, prepared)
    assert "no few_shot samples" in capsys.readouterr().out
    (token,) = prepared.tokenizer.encode(")")
    sane, collapsed = params_of(config), collapsed_params(config, token)
    looks = [monitor(params) for params in (sane, collapsed, sane)]
    shares = [figures["monitor/short_prompt_collapsed"] for figures, _ in looks]
    assert shares[0] < 0.5
    assert shares == [shares[0], 1.0, shares[0]]
    figures, texts = looks[1]
    assert figures["monitor/short_prompt_seq_rep_4"] > 0.9 > figures["monitor/short_prompt_seq_rep_4_human"]
    assert figures["monitor/short_prompt_parses"] == 0.0 < figures["monitor/short_prompt_parses_human"]
    assert figures["monitor/short_prompt_n"] == 11
    bounds = figures["monitor/short_prompt_parses_low"], figures["monitor/short_prompt_parses_high"]
    assert bounds == wilson_interval(0, 11)
    assert (
        figures["monitor/short_prompt_collapsed_low"] > 0.5 > figures["monitor/short_prompt_collapsed_human"]
    )
    assert "collapsed:\n\n    def " in texts["monitor/short_prompt_samples"]
    assert "))))" in texts["monitor/short_prompt_samples"]
    assert not any(name.startswith("monitor/few_shot") for name in figures)


def test_monitor_samples_says_how_many_samples_a_prompt(tmp_path, prepared):
    asked = []

    def generate_live(params):
        def generate(prompts, sampling):
            asked.append((len(prompts), sampling.n, sampling.max_new_tokens))
            raise KeyError

        return generate

    config = config_of(tmp_path)
    (monitor,) = live.monitors(config, prepared)
    assert monitor.every == config.monitor_every
    assert isinstance(monitor, CollapseMonitor)
    monitor._generate_live = generate_live
    with pytest.raises(KeyError):
        monitor({})
    assert asked == [(11, 1, 60)]


@pytest.mark.parametrize("changes", [{"monitor_every": 0}, {"model": {}}])
def test_no_interval_or_no_room_means_no_monitor(tmp_path, prepared, changes):
    raw = raw_config(tmp_path)
    if "model" in changes:
        raw["model"]["max_seq_length"] = 64
    else:
        raw |= changes
    assert live.monitors(parsed(raw), prepared) == []
