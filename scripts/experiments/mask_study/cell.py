"""One cell of the study: a model trained with or without the causal mask, and its evaluation."""

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from jax.sharding import Mesh
from mask_study.model import (
    Visibility,
    causal,
    everything,
    hidden_states,
)
from mask_study.sampling import (
    generate_with,
    next_token_with,
)

from codelm_jax.data.batches import eval_batches, train_batches
from codelm_jax.data.prepared import PreparedData
from codelm_jax.errors import UserError
from codelm_jax.evals.interfaces import MaskedWindows
from codelm_jax.evals.suites.context import context_rows
from codelm_jax.evals.suites.few_shot import MONITORED, SAMPLING
from codelm_jax.evals.suites.held_out import held_out_figures
from codelm_jax.evals.templates import Templates
from codelm_jax.model.config import ModelConfig
from codelm_jax.ops.backend import Backend
from codelm_jax.ops.cross_entropy import mean_loss_of_hidden, smoothed_cross_entropy
from codelm_jax.training.config import TrainConfig
from codelm_jax.training.guard import check_causality
from codelm_jax.training.mesh import put_batch, put_replicated, replicated, split_over_batch
from codelm_jax.training.optimizer import make_optimizer
from codelm_jax.training.step import dropout_key, init_state

_CHUNK_TOKENS = 512
_CURVE_POINTS = 50

# The values that this study supports; "auto" leaves the choice to it.
_ONLY = {"compute_dtype": ("auto", "float32"), "attention": ("auto", "xla"), "grad_accum_steps": (1,)}


@dataclasses.dataclass(frozen=True)
class Cell:
    """One combination of what the study varies."""

    masked: bool
    label_smoothing: float
    dropout: float
    seed: int

    @property
    def name(self) -> str:
        """A name for files and messages."""
        mask = "causal" if self.masked else "no_mask"
        return f"{mask}-smoothing_{self.label_smoothing:g}-dropout_{self.dropout:g}-seed_{self.seed}"

    @property
    def visibility(self) -> Visibility:
        """The positions that each position sees, in training and in evaluation."""
        return causal if self.masked else everything

    def config(self, base: TrainConfig) -> TrainConfig:
        """The settings of its training."""
        model = dataclasses.replace(base.model, attention_dropout=self.dropout, residual_dropout=self.dropout)
        return dataclasses.replace(base, model=model, label_smoothing=self.label_smoothing, seed=self.seed)


def check_honoured(config: TrainConfig) -> None:
    """Refuses settings that this study does not support.

    Raises:
        UserError: names the key.
    """
    for key, honoured in _ONLY.items():
        if getattr(config, key) not in honoured:
            raise UserError(
                f"config.{key} = {getattr(config, key)!r}: this study has only {' or '.join(map(repr, honoured))}"
            )


def run_cell(
    cell: Cell,
    base: TrainConfig,
    mesh: Mesh,
    prepared: PreparedData,
    templates: Templates,
    *,
    samples_per_prompt: int,
    report: Callable[[str], None],
) -> dict[str, Any]:
    """Trains and evaluates one cell.

    Returns:
        Plain JSON: `cell`, `guard` (the message of the leak guard, or None), `curve`, `held_out`,
        `context`, `few_shot`, `short_prompt`.
    """
    config = cell.config(base)
    params, curve = _train(cell, config, mesh, prepared, report)
    held_out = _held_out(cell, config, mesh, prepared, params)
    report(
        f"{cell.name}: held-out nll {held_out['nll']:.3f}, of last positions {held_out['last']['nll']:.3f}"
    )
    generate = generate_with(config.model, params, prepared.tokenizer, cell.visibility)
    next_token = next_token_with(config.model, params, prepared.tokenizer, cell.visibility)
    sampling = dataclasses.replace(SAMPLING, n=samples_per_prompt, seed=cell.seed)
    tokenizer, band = prepared.tokenizer, prepared.human_band
    suites = {}
    for suite in MONITORED:
        rows = generate(list(suite.prompts_of(templates).values()), sampling)
        suites[suite.name] = dataclasses.asdict(suite.measure(rows, templates, sampling, tokenizer, band))
    length = config.model.max_seq_length
    return {
        "cell": dataclasses.asdict(cell),
        "guard": _guard(cell, config),
        "curve": curve,
        "held_out": held_out,
        "context": dataclasses.asdict(
            context_rows(next_token, tokenizer, templates.context, context_length=length)
        ),
        **suites,
    }


def forward(cell: Cell, config: TrainConfig, params: Any, inputs_BT: Array, key: Array | None) -> Array:
    """Normalised hidden states as this cell's training sees them; `key` None turns dropout off."""
    visible_BTS = cell.visibility(inputs_BT.shape[1])[None]
    return hidden_states(config.model, params, inputs_BT, visible_BTS, key)


def _train(
    cell: Cell, config: TrainConfig, mesh: Mesh, prepared: PreparedData, report: Callable[[str], None]
) -> tuple[Any, list[dict[str, float]]]:
    state = init_state(config)
    params, opt_state = put_replicated(mesh, (state.params, state.opt_state))
    everywhere = replicated(mesh)
    step_fn = jax.jit(
        partial(_train_step, cell, config),
        donate_argnums=(0, 1),
        in_shardings=(everywhere, everywhere, everywhere, split_over_batch(mesh)),
        out_shardings=everywhere,
    )
    batches = train_batches(
        prepared.train,
        batch_size=config.batch_size,
        seq_length=config.model.max_seq_length,
        seed=config.seed,
    )
    every = max(1, config.max_steps // _CURVE_POINTS)
    pending, curve = [], []
    for step in range(config.max_steps):
        windows_BT = put_batch(mesh, next(batches))
        params, opt_state, figures = step_fn(params, opt_state, jnp.asarray(step), windows_BT)
        pending.append(figures)
        if (step + 1) % every == 0 or step + 1 == config.max_steps:
            losses = np.asarray(jax.device_get(pending))
            pending = []
            loss, nll = losses.mean(axis=0).tolist()
            if not math.isfinite(loss):
                raise UserError(
                    f"{cell.name}: the loss is {loss} at step {step + 1}; lower config.learning_rate"
                )
            curve.append({"step": step + 1, "loss": loss, "nll": nll})
            if len(curve) % 10 == 0:
                report(f"{cell.name}: step {step + 1} nll {nll:.3f}")
    return params, curve


def _train_step(
    cell: Cell, config: TrainConfig, params: Any, opt_state: Any, step: Array, windows_BT: Array
) -> tuple[Any, Any, tuple[Array, Array]]:
    def loss_and_nll(params: Any) -> tuple[Array, Array]:
        hidden_BTD = forward(cell, config, params, windows_BT[:, :-1], dropout_key(config, step))
        targets_BT = windows_BT[:, 1:].astype(jnp.int32)
        head_DV = params["head"]["kernel"]
        return mean_loss_of_hidden(
            hidden_BTD,
            head_DV,
            targets_BT,
            config.label_smoothing,
            chunk_tokens=_CHUNK_TOKENS,
            shards=jax.device_count(),
        )

    (loss, nll), grads = jax.value_and_grad(loss_and_nll, has_aux=True)(params)
    updates, opt_state = make_optimizer(config).update(grads, opt_state, params)
    return optax.apply_updates(params, updates), opt_state, (loss, nll)


def _held_out(
    cell: Cell, config: TrainConfig, mesh: Mesh, prepared: PreparedData, params: Any
) -> dict[str, Any]:
    """Figures of all targets, and under `last` those of each window's last: no position sees that target, with or without a mask."""
    by_batch = split_over_batch(mesh)

    def score(params: Any, windows_BT: Array) -> dict[str, Array]:
        logits_BTV = forward(cell, config, params, windows_BT[:, :-1], None) @ params["head"]["kernel"]
        targets_BT = windows_BT[:, 1:].astype(jnp.int32)
        loss_BT, nll_BT = smoothed_cross_entropy(logits_BTV, targets_BT, config.label_smoothing)
        return {"smoothed_loss": loss_BT, "nll": nll_BT}

    scoring = jax.jit(score, in_shardings=(replicated(mesh), by_batch), out_shardings=by_batch)

    def scored(windows: np.ndarray) -> Mapping[str, Any]:
        scores = jax.device_get(scoring(params, put_batch(mesh, windows)))
        assert isinstance(scores, dict)
        return scores

    def batches():
        return eval_batches(
            prepared.val,
            batch_size=config.batch_size,
            seq_length=config.model.max_seq_length,
            max_tokens=config.final_eval_tokens,
        )

    def last_only():
        for windows, mask in batches():
            whole_B = np.asarray(mask.all(axis=1))
            yield windows, np.concatenate([np.zeros_like(mask[:, :-1]), whole_B[:, None]], axis=1)

    def figures(batches: Iterable[MaskedWindows]) -> dict[str, Any]:
        found = held_out_figures(
            scored,
            batches,
            byte_lengths=prepared.tokenizer.byte_lengths(),
            label_smoothing=config.label_smoothing,
        )
        return dataclasses.asdict(found)

    return {**figures(batches()), "last": figures(last_only())}


def _guard(cell: Cell, config: TrainConfig) -> str | None:
    """The message of the leak guard for a model trained like this, or None."""

    def logits(_model: ModelConfig, _backend: Backend, params: Any, inputs_BT: Array, key: Array) -> Array:
        return forward(cell, config, params, inputs_BT, key) @ params["head"]["kernel"]

    try:
        check_causality(config, Backend(), init_state(config).params, logits)
    except UserError as refusal:
        return str(refusal)
    return None
