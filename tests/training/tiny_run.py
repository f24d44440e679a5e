"""A run small enough for tests, on random tokens; what is compiled is kept for all tests of a process."""

import copy
import dataclasses
import functools

import jax
import numpy as np

from codelm_jax.data.tokens import read_tokens, write_tokens
from codelm_jax.ops.backend import Backend
from codelm_jax.training.config import TrainConfig, parse_train_config
from codelm_jax.training.loop import TrainingRun
from codelm_jax.training.mesh import make_mesh
from codelm_jax.training.resume import run_meta
from codelm_jax.training.step import init_state, score_step, train_step

# What `RAW` is compiled for where there is one CPU device.
CPU = Backend()

RAW = {
    "seed": 0,
    "model": {
        "arch_type": "transformer",
        "num_layers": 1,
        "hidden_dim": 16,
        "num_heads": 2,
        "ffn_multiplier": 2.0,
        "normalization": "layernorm",
        "activation": "gelu",
        "position_encoding": "rope",
        "attention_dropout": 0.1,
        "residual_dropout": 0.1,
        "vocab_size": 261,
        "max_seq_length": 8,
        "init": "normal",
    },
    "max_steps": 8,
    "batch_size": 8,
    "grad_accum_steps": 1,
    "learning_rate": 1e-2,
    "final_learning_rate": 1e-3,
    "warmup_steps": 2,
    "beta1": 0.9,
    "beta2": 0.95,
    "weight_decay": 0.05,
    "grad_clip": 1.0,
    "label_smoothing": 0.1,
    "compute_dtype": "float32",
    "attention": "auto",
    "deterministic": False,
    "log_every": 2,
    "eval_every": 4,
    "eval_tokens": 64,
    "final_eval_tokens": 64,
    "monitor_every": 4,
    "monitor_samples": 1,
    "checkpoint_every": 4,
    "checkpoint_minutes": 60.0,
    "keep_steps": (),
    "max_nonfinite_steps": 3,
}


def raw_config(**changes):
    """The dictionary; keys of the model section are prefixed `model__`."""
    raw = copy.deepcopy(RAW)
    for key, value in changes.items():
        if key.startswith("model__"):
            raw["model"][key.removeprefix("model__")] = value
        else:
            raw[key] = value
    return raw


def make_config(**changes) -> TrainConfig:
    return parse_train_config(raw_config(**changes))


# Keys that say when a run logs, evaluates and saves, not what it computes.
WATCHING = (
    "log_every",
    "eval_every",
    "eval_tokens",
    "final_eval_tokens",
    "monitor_every",
    "monitor_samples",
    "checkpoint_every",
    "checkpoint_minutes",
    "keep_steps",
    "max_nonfinite_steps",
)


def computed(config):
    """The config without what does not change its programs."""
    return dataclasses.replace(config, **{key: RAW[key] for key in WATCHING})


@functools.cache
def step_of(config, backend=CPU):
    """The compiled training step; it does not donate its state."""
    return jax.jit(functools.partial(train_step, config, backend))


@functools.cache
def score_of(config, backend=CPU):
    return jax.jit(functools.partial(score_step, config, backend))


@functools.cache
def fresh_state(config):
    """Must not be donated."""
    return jax.jit(functools.partial(init_state, config))()


def make_tokens(directory, name="train", documents=40, vocab_size=261):
    rng = np.random.default_rng(0)
    path = directory / f"{name}.tokens"
    if not path.exists():
        texts = [rng.integers(5, vocab_size, rng.integers(20, 40)) for _ in range(documents)]
        write_tokens(path, texts, 0, vocab_size, np.ones(vocab_size, np.int32))
    return read_tokens(path, vocab_size)


def make_windows(config, seed=0):
    shape = (config.batch_size, config.model.max_seq_length + 1)
    return np.random.default_rng(seed).integers(0, config.model.vocab_size, shape).astype(np.uint16)


def make_meta(raw):
    return run_meta(
        raw,
        tokenizer_json="{}",
        human_band={},
        data_fingerprint="f",
        decontaminated=[],
        began_from=None,
        attention_path="xla",
    )


def make_run(workdir, raw=None, **overrides) -> TrainingRun:
    raw = raw_config() if raw is None else raw
    workdir.mkdir(exist_ok=True)
    config = parse_train_config(raw)
    run = TrainingRun(
        config=config,
        mesh=make_mesh(config),
        workdir=workdir,
        train_data=make_tokens(workdir.parent),
        meta=make_meta(raw),
        evaluate_held_out=lambda params: {
            "nll": 5.0,
            "perplexity": 148.4,
            "bits_per_byte": 2.0,
            "smoothed_loss": 5.2,
            "smoothed_loss_floor": 1.0,
        },
    )
    return dataclasses.replace(run, **overrides)
