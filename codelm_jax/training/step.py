"""One optimizer step and one scoring step: free functions of (state, batch)."""

from typing import Any, cast

import flax.struct
import jax
import jax.numpy as jnp
import optax
from jax import Array

from codelm_jax.model.config import ModelConfig
from codelm_jax.model.transformer import Transformer, init_params
from codelm_jax.ops.backend import Backend
from codelm_jax.ops.cross_entropy import mean_loss_of_hidden, smoothed_cross_entropy
from codelm_jax.training.config import ScoringConfig, TrainConfig
from codelm_jax.training.optimizer import make_optimizer

# Streams of randomness drawn from the one seed.
_INIT_STREAM, _DROPOUT_STREAM = 0, 1


@flax.struct.dataclass
class TrainState:
    """Everything that a checkpoint holds; randomness follows from the seed and the step."""

    step: Array  # int32, optimizer steps taken or skipped
    params: Any  # float32
    opt_state: Any
    nonfinite_steps: Array  # int32, steps skipped in a row because loss or gradient was not finite


def init_state(config: TrainConfig, params: Any | None = None) -> TrainState:
    """The state of a run before its first step, with random parameters unless `params` are given."""
    if params is None:
        params = init_params(config.model, jax.random.fold_in(jax.random.key(config.seed), _INIT_STREAM))
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        params=params,
        opt_state=make_optimizer(config).init(params),
        nonfinite_steps=jnp.zeros((), jnp.int32),
    )


def dropout_key(config: TrainConfig, step: Array) -> Array:
    """The key of a step, so that a resumed run drops the same elements as an uninterrupted one."""
    stream = jax.random.fold_in(jax.random.key(config.seed), _DROPOUT_STREAM)
    return jax.random.fold_in(stream, step)


def training_hidden(model: ModelConfig, backend: Backend, params: Any, inputs_BT: Array, key: Array) -> Array:
    """Normalised hidden states `[B, T, D]` with dropout; the leak guard checks this same function."""
    hidden_BTD = Transformer(model, backend).apply(
        {"params": params}, inputs_BT, deterministic=False, dropout_key=key, method="hidden_states"
    )
    return cast(Array, hidden_BTD)


def loss_and_nll(
    config: TrainConfig, backend: Backend, params: Any, windows_BT: Array, key: Array
) -> tuple[Array, Array]:
    """Mean smoothed loss and mean NLL of windows `[B, T+1]`: each token but the first is a target."""
    inputs_BT, targets_BT = windows_BT[:, :-1], windows_BT[:, 1:].astype(jnp.int32)
    # Signed windows hold ~id for a token that is an input but no target.
    masked = bool(jnp.issubdtype(windows_BT.dtype, jnp.signedinteger))
    if masked:
        inputs_BT = jnp.maximum(inputs_BT, ~inputs_BT)
    hidden_BTD = training_hidden(config.model, backend, params, inputs_BT, key)
    return mean_loss_of_hidden(
        hidden_BTD,
        params["head"]["kernel"],
        targets_BT,
        config.label_smoothing,
        masked=masked,
        on_cpu=backend.on_cpu,
        shards=backend.devices,
    )


def train_step(
    config: TrainConfig, backend: Backend, state: TrainState, windows_BT: Array
) -> tuple[TrainState, dict[str, Array]]:
    """Takes one optimizer step; a step whose loss or gradient is not finite changes nothing but its counters.

    Args:
        config: static.
        backend: static.
        state: donate it.
        windows_BT: uint16 or int32 `[batch_size, max_seq_length + 1]`, see `data.batches.train_batches`.

    Returns:
        The next state and scalar metrics: `loss`, `nll` (nats), `grad_norm`, `nonfinite_steps` (in a row).
    """
    key = dropout_key(config, state.step)
    gradient = jax.value_and_grad(loss_and_nll, argnums=2, has_aux=True)
    if config.grad_accum_steps == 1:
        (loss, nll), grads = gradient(config, backend, state.params, windows_BT, key)
    else:
        loss, nll, grads = _accumulate(config, backend, gradient, state.params, windows_BT, key)

    grad_norm = optax.tree.norm(grads)
    finite = jnp.isfinite(loss) & jnp.isfinite(grad_norm)
    updates, opt_state = make_optimizer(config).update(grads, state.opt_state, state.params, finite=finite)
    params = jax.tree.map(lambda p, update: jnp.where(finite, p + update, p), state.params, updates)
    nonfinite_steps = jnp.where(finite, 0, state.nonfinite_steps + 1)
    next_state = TrainState(
        step=state.step + 1,
        params=params,
        opt_state=opt_state,
        nonfinite_steps=nonfinite_steps,
    )
    metrics = {"loss": loss, "nll": nll, "grad_norm": grad_norm, "nonfinite_steps": nonfinite_steps}
    return next_state, metrics


def score_step(config: ScoringConfig, backend: Backend, params: Any, windows_BT: Array) -> dict[str, Array]:
    """`smoothed_loss` and `nll` of every target, float32 `[B, T]`, in nats; without dropout."""
    model = Transformer(config.model, backend)
    logits_BTV = cast(Array, model.apply({"params": params}, windows_BT[:, :-1], deterministic=True))
    targets_BT = windows_BT[:, 1:].astype(jnp.int32)
    loss_BT, nll_BT = smoothed_cross_entropy(logits_BTV, targets_BT, config.label_smoothing)
    return {"smoothed_loss": loss_BT, "nll": nll_BT}


def _accumulate(
    config: TrainConfig, backend: Backend, gradient: Any, params: Any, windows_BT: Array, key: Array
) -> tuple[Array, Array, Any]:
    parts = config.grad_accum_steps
    # Each part takes every n-th window, so that it is split over all devices.
    windows_ABT = windows_BT.reshape(-1, parts, windows_BT.shape[1]).swapaxes(0, 1)

    def add(total: Any, part: tuple[Array, Array]) -> tuple[Any, None]:
        index, windows = part
        (loss, nll), grads = gradient(config, backend, params, windows, jax.random.fold_in(key, index))
        return jax.tree.map(jnp.add, total, (loss, nll, grads)), None

    zero = jnp.zeros((), jnp.float32)
    start = (zero, zero, jax.tree.map(jnp.zeros_like, params))
    total, _ = jax.lax.scan(add, start, (jnp.arange(parts), windows_ABT))
    return jax.tree.map(lambda x: x / parts, total)
