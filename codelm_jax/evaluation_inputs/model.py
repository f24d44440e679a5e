"""A checkpoint as evaluations take it: functions of its model."""

import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from codelm_jax.checkpoint.load import Loaded
from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.evals.interfaces import EvaluatedModel
from codelm_jax.evals.results import digest
from codelm_jax.evaluation_inputs.sampling import generate_with
from codelm_jax.generation.generator import Generator
from codelm_jax.generation.scoring import next_token_logprobs
from codelm_jax.model.config import ModelConfig
from codelm_jax.model.transformer import Transformer
from codelm_jax.ops.backend import Backend
from codelm_jax.training.compile import compile_score_step
from codelm_jax.training.config import saved_scoring_config
from codelm_jax.training.mesh import all_devices, backend_of, put_batch, replicated, split_over_batch


def evaluated_model(loaded: Loaded) -> EvaluatedModel:
    """A checkpoint as evaluations see it.

    Raises:
        UserError: its config can't be read by this version.
    """
    tokenizer = CodeTokenizer.from_json(loaded.meta.tokenizer_json)
    config = saved_scoring_config(loaded.meta.config)
    generator = Generator(config.model, loaded.params, tokenizer, config.compute_dtype)
    mesh = all_devices()
    backend = backend_of(config, mesh)
    score = compile_score_step(config, mesh)
    by_batch = split_over_batch(mesh)
    statistics = jax.jit(
        partial(token_statistics, config.model, backend),
        in_shardings=(replicated(mesh), by_batch),
        out_shardings=by_batch,
    )
    return EvaluatedModel(
        generate=generate_with(generator),
        score=lambda windows: score(loaded.params, windows),
        statistics=lambda windows: cast(
            Mapping[str, Any], jax.device_get(statistics(loaded.params, put_batch(mesh, windows)))
        ),
        next_token=lambda text: np.exp(next_token_logprobs(generator.text_model, text).astype(np.float64)),
        codec=tokenizer,
        byte_lengths=tokenizer.byte_lengths(),
        context_length=config.model.max_seq_length,
        label_smoothing=config.label_smoothing,
        band=loaded.meta.human_band,
        identity={
            "step": loaded.step,
            "decontaminated": list(loaded.meta.decontaminated),
            "trained_on": loaded.meta.data_fingerprint,
            "config_sha256": digest(loaded.meta.config),
            "weights_sha256": _weights_digest(loaded.params),
            "tokenizer_sha256": digest(loaded.meta.tokenizer_json),
            "human_band_sha256": digest(loaded.meta.human_band),
            "compute_dtype": jnp.dtype(backend.dtype).name,
            "attention": backend.attention,
            "label_smoothing": config.label_smoothing,
        },
    )


def token_statistics(
    config: ModelConfig, backend: Backend, params: Any, windows_BT: Array
) -> dict[str, Array]:
    """The prediction at every target, dropout off: `top1_prob`, `entropy` (nats), `top1_correct`, `[B, T]`."""
    model = Transformer(config, backend)
    logits_BTV = cast(Array, model.apply({"params": params}, windows_BT[:, :-1], deterministic=True))
    log_probs_BTV = jax.nn.log_softmax(logits_BTV.astype(jnp.float32))
    return {
        "top1_prob": jnp.exp(log_probs_BTV.max(axis=-1)),
        "entropy": -(jnp.exp(log_probs_BTV) * log_probs_BTV).sum(axis=-1),
        "top1_correct": log_probs_BTV.argmax(axis=-1) == windows_BT[:, 1:],
    }


def decontamination(loaded: Loaded) -> str:
    """Whether benchmarks were kept out of the training data, as the checkpoint's config says."""
    benchmarks = loaded.meta.decontaminated
    if not benchmarks:
        return "its corpus was NOT decontaminated: benchmark problems may be in it"
    return f"its corpus was decontaminated against {', '.join(Path(path).name for path in benchmarks)}"


def _weights_digest(params: Any) -> str:
    weights = hashlib.sha256()
    for leaf in jax.tree.leaves(params):
        weights.update(np.ascontiguousarray(leaf).tobytes())
    return weights.hexdigest()
