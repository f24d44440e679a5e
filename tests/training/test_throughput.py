"""What is said about speed, and about the device it was reached on."""

import types

import jax
import pytest
from training.tiny_run import make_config

from codelm_jax.training.throughput import model_flops_utilisation


def devices_of(monkeypatch, kind, count):
    monkeypatch.setattr(jax, "devices", lambda: [types.SimpleNamespace(device_kind=kind)] * count)
    monkeypatch.setattr(jax, "device_count", lambda: count)


@pytest.mark.parametrize("count", [1, 4])
def test_utilisation_is_the_models_flops_over_those_of_all_devices(monkeypatch, count):
    config = make_config()
    devices_of(monkeypatch, "NVIDIA H100 80GB HBM3", count)
    at_the_peak = count * 989e12 / config.model.flops_per_token(config.model.max_seq_length)
    assert model_flops_utilisation(config, at_the_peak) == pytest.approx(1.0)
    assert model_flops_utilisation(config, 0.3 * at_the_peak) == pytest.approx(0.3)


def test_without_a_known_peak_there_is_no_utilisation(monkeypatch):
    devices_of(monkeypatch, "cpu", 2)
    assert model_flops_utilisation(make_config(), 1000.0) is None
