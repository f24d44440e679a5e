"""Evaluations of the live parameters during training: held-out figures and the collapse monitor."""

import dataclasses
from collections.abc import Callable
from typing import Any

from jax.sharding import Mesh

from codelm_jax.data.batches import eval_batches
from codelm_jax.data.prepared import PreparedData
from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.evals.interfaces import Generate
from codelm_jax.evals.monitor import CollapseMonitor
from codelm_jax.evals.suites.few_shot import MONITORED
from codelm_jax.evals.suites.held_out import held_out_figures
from codelm_jax.evals.templates import load_templates
from codelm_jax.evaluation_inputs.sampling import generate_with
from codelm_jax.generation.generator import Generator
from codelm_jax.training.compile import compile_score_step
from codelm_jax.training.config import TrainConfig


def held_out(config: TrainConfig, mesh: Mesh, prepared: PreparedData) -> Callable[[Any], dict[str, Any]]:
    """From parameters to the figures of `eval_tokens` of the validation set; compiled once."""
    score = compile_score_step(config, mesh)

    def evaluate(params: Any) -> dict[str, Any]:
        batches = eval_batches(
            prepared.val,
            batch_size=config.batch_size,
            seq_length=config.model.max_seq_length,
            max_tokens=config.eval_tokens,
        )
        figures = held_out_figures(
            lambda windows: score(params, windows),
            batches,
            byte_lengths=prepared.tokenizer.byte_lengths(),
            label_smoothing=config.label_smoothing,
        )
        return dataclasses.asdict(figures)

    return evaluate


def monitors(config: TrainConfig, prepared: PreparedData) -> list[CollapseMonitor]:
    """The collapse monitor of a run; none where the config asks for none or the context is too short for any prompt."""
    if not config.monitor_every:
        return []
    monitor = CollapseMonitor(
        _generate_live(config, prepared.tokenizer),
        prepared.tokenizer,
        load_templates(),
        prepared.human_band,
        every=config.monitor_every,
        samples_per_prompt=config.monitor_samples,
        context_length=config.model.max_seq_length,
        seed=config.seed,
    )
    for suite, reason in monitor.skipped.items():
        print(f"monitor: no {suite} samples: {reason}")
    return [monitor] if len(monitor.skipped) < len(MONITORED) else []


def _generate_live(config: TrainConfig, tokenizer: CodeTokenizer) -> Callable[[Any], Generate]:
    """Sampling from the parameters of a running training; compiled once, whatever the parameters."""
    made: list[Generator] = []

    def with_params(params: Any) -> Generate:
        if not made:
            made.append(Generator(config.model, params, tokenizer, config.compute_dtype))
        return generate_with(made[0].with_params(params))

    return with_params
