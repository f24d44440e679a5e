"""An optimizer or a schedule is one function and one line of registration."""

import numpy as np
import optax
from training.tiny_run import make_run, raw_config

from codelm_jax.checkpoint.load import load_checkpoint
from codelm_jax.run_files import read_metrics
from codelm_jax.training.loop import train
from codelm_jax.training.optimizers.registry import OPTIMIZERS
from codelm_jax.training.schedules import SCHEDULES


def sign_descent(config, schedule, decayed):
    return optax.chain(optax.scale_by_sign(), optax.scale_by_learning_rate(schedule))


def test_a_registered_optimizer_and_schedule_train_save_and_resume(tmp_path, monkeypatch):
    monkeypatch.setitem(OPTIMIZERS, "sign", sign_descent)
    monkeypatch.setitem(SCHEDULES, "steady", lambda config, steps: optax.constant_schedule(2.0**-7))
    raw = raw_config(optimizer="sign", schedule="steady", warmup_steps=0)
    train(make_run(tmp_path / "run", raw, stop_after=1))
    first = load_checkpoint(tmp_path / "run", which="latest").params
    assert train(make_run(tmp_path / "run", raw, stop_after=2))["step"] == 2
    second = load_checkpoint(tmp_path / "run", which="latest").params
    moved = np.abs(np.asarray(first["head"]["kernel"]) - np.asarray(second["head"]["kernel"]))
    np.testing.assert_allclose(moved, 2.0**-7, rtol=1e-3)
    logged = [
        line["train/learning_rate"]
        for line in read_metrics(tmp_path / "run" / "metrics.jsonl")
        if "train/learning_rate" in line
    ]
    assert logged == [2.0**-7] * 2
