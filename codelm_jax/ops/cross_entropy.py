"""Label-smoothed cross-entropy without one-hot targets, together with the plain negative log-likelihood."""

import math
from functools import partial

import jax
import jax.numpy as jnp
from jax import Array

# Tokens per chunk of logits on a device: small enough for the caches of a CPU; a GPU is faster with large products.
CHUNK_TOKENS = {"cpu": 512, "gpu": 16_384}


def smoothed_cross_entropy(logits: Array, targets: Array, label_smoothing: float) -> tuple[Array, Array]:
    """Cross-entropy against `(1 - eps) [j = y] + eps / V` (Szegedy 2016; PyTorch's rule), in nats.

    `loss = lse(z) - (1 - eps) z_y - (eps / V) sum_j z_j`, reduced in float32.

    Args:
        logits: `[..., V]`, float32 or bfloat16.
        targets: integer `[...]`.
        label_smoothing: eps, static.

    Returns:
        `(loss, nll)`, float32 `[...]`: the training objective and the unsmoothed negative log-likelihood.
    """
    return _losses(logits, jax.nn.logsumexp(logits.astype(jnp.float32), axis=-1), targets, label_smoothing)


def mean_loss_of_hidden(
    hidden_BTD: Array,
    head_DV: Array,
    targets_BT: Array,
    label_smoothing: float,
    *,
    masked: bool = False,
    on_cpu: bool = True,
    chunk_tokens: int | None = None,
    shards: int = 1,
) -> tuple[Array, Array]:
    """Mean smoothed cross-entropy of `hidden @ head`, and mean NLL, without holding all logits at once.

    The logits of a batch are by far the largest array of a training step. Here they exist for one chunk of positions at
    a time, and their gradient is computed with them: `dz = softmax(z) - (1 - eps) [j = y] - eps / V`, so nothing is
    computed twice (Hsu et al. 2024, "Liger Kernel"). Chunks are taken along T, so the batch stays split over the
    devices. Each device sums its own gradient of the head; the devices exchange it once, not in every chunk.

    Args:
        hidden_BTD: normalised hidden states, float32 or bfloat16: the type of the products.
        head_DV: float32.
        targets_BT: integer; negative ones count for nothing if `masked`.
        label_smoothing: eps, static.
        masked: static; whether there may be negative targets. The means are over the others.
        on_cpu: static; whether the program is compiled for a CPU.
        chunk_tokens: static; positions of a shard per chunk, at least one per row. None: `CHUNK_TOKENS`.
        shards: static; number of devices that the batch is split over. It only changes the order of the sums; if it does
            not divide B, the greatest common divisor is used.

    Returns:
        `(loss, nll)`, float32 scalars, in nats. Only the loss can be differentiated.
    """
    if chunk_tokens is None:
        chunk_tokens = CHUNK_TOKENS["cpu" if on_cpu else "gpu"]
    length = targets_BT.shape[1]
    shards = math.gcd(targets_BT.shape[0], shards)
    rows = targets_BT.shape[0] // shards
    per_row = max(n for n in range(1, length + 1) if length % n == 0 and (rows * n <= chunk_tokens or n == 1))

    def in_chunks(x_BT: Array) -> Array:
        x_SBCT = x_BT.reshape(shards, rows, length // per_row, per_row, *x_BT.shape[2:])
        return jnp.moveaxis(x_SBCT, 2, 0)

    return _mean_loss(in_chunks(hidden_BTD), head_DV, in_chunks(targets_BT), label_smoothing, on_cpu, masked)


@partial(jax.custom_vjp, nondiff_argnums=(3, 4, 5))
def _mean_loss(
    hidden_CSBTD: Array, head_DV: Array, targets_CSBT: Array, eps: float, on_cpu: bool, masked: bool
) -> tuple[Array, Array]:
    def chunk(inputs: tuple[Array, Array]) -> tuple[Array, Array]:
        hidden_SBTD, targets_SBT = inputs
        logits_SBTV = hidden_SBTD @ head_DV.astype(hidden_SBTD.dtype)
        losses = smoothed_cross_entropy(logits_SBTV, targets_SBT, eps)
        loss_SBT, nll_SBT = _kept(targets_SBT, *losses) if masked else losses
        return loss_SBT.sum((1, 2)), nll_SBT.sum((1, 2))

    loss_CS, nll_CS = jax.lax.map(chunk, (hidden_CSBTD, targets_CSBT))
    count = _count(targets_CSBT, masked)
    return loss_CS.sum() / count, nll_CS.sum() / count


def _mean_loss_and_gradients(
    hidden_CSBTD: Array, head_DV: Array, targets_CSBT: Array, eps: float, on_cpu: bool, masked: bool
):
    softmax = _softmax_of_one_exponential if on_cpu else plain_softmax
    dtype, count = hidden_CSBTD.dtype, _count(targets_CSBT, masked)
    head_cast_DV = head_DV.astype(dtype)

    def chunk(grad_head_SDV: Array, inputs: tuple[Array, Array]):
        hidden_SBTD, targets_SBT = inputs
        logits_SBTV = hidden_SBTD @ head_cast_DV
        lse_SBT, probs_SBTV = softmax(logits_SBTV.astype(jnp.float32))
        loss_SBT, nll_SBT = _losses(logits_SBTV, lse_SBT, targets_SBT, eps)
        grad_SBTV = (_logit_gradient(probs_SBTV, targets_SBT, eps) / count).astype(dtype)
        if masked:
            loss_SBT, nll_SBT, grad_SBTV = _kept(targets_SBT, loss_SBT, nll_SBT, grad_SBTV)
        grad_head_SDV += jnp.einsum(
            "sbtd,sbtv->sdv", hidden_SBTD, grad_SBTV, preferred_element_type=jnp.float32
        )
        return grad_head_SDV, (loss_SBT.sum((1, 2)), nll_SBT.sum((1, 2)), grad_SBTV @ head_cast_DV.T)

    shards = targets_CSBT.shape[1]
    grad_head_SDV, (loss_CS, nll_CS, grad_hidden_CSBTD) = jax.lax.scan(
        chunk, jnp.zeros((shards, *head_DV.shape), head_DV.dtype), (hidden_CSBTD, targets_CSBT)
    )
    return (loss_CS.sum() / count, nll_CS.sum() / count), (grad_hidden_CSBTD, grad_head_SDV.sum(axis=0))


def _scale_gradients(
    _eps: float, _on_cpu: bool, _masked: bool, residuals: tuple[Array, Array], grads: tuple[Array, Array]
):
    grad_hidden_CSBTD, grad_head_DV = residuals
    grad_loss, _ = grads
    return grad_hidden_CSBTD * grad_loss.astype(grad_hidden_CSBTD.dtype), grad_head_DV * grad_loss, None


def _count(targets: Array, masked: bool) -> Array | int:
    """Targets that count, at least one."""
    return jnp.maximum((targets >= 0).sum(), 1).astype(jnp.float32) if masked else targets.size


def _kept(targets: Array, *values: Array) -> list[Array]:
    """`values` with zeros where the target is masked."""
    return [
        jnp.where(jnp.expand_dims(targets < 0, tuple(range(targets.ndim, v.ndim))), jnp.zeros((), v.dtype), v)
        for v in values
    ]


_mean_loss.defvjp(_mean_loss_and_gradients, _scale_gradients)


def plain_softmax(logits: Array) -> tuple[Array, Array]:
    """Log-sum-exp and probabilities `[..., V]`; on a GPU, computing exponentials twice is cheaper than keeping them."""
    lse = jax.nn.logsumexp(logits, axis=-1)
    return lse, jnp.exp(logits - lse[..., None])


def _softmax_of_one_exponential(logits: Array) -> tuple[Array, Array]:
    largest = logits.max(axis=-1, keepdims=True)
    # Without the barrier XLA computes the exponentials twice, for the sum and for the gradient: slower on a CPU.
    exponentials = jax.lax.optimization_barrier(jnp.exp(logits - largest))
    total = exponentials.sum(axis=-1, keepdims=True)
    return (jnp.log(total) + largest)[..., 0], exponentials / total


def _losses(logits: Array, lse: Array, targets: Array, eps: float) -> tuple[Array, Array]:
    """Loss and negative log-likelihood, float32."""
    target_logit = jnp.take_along_axis(logits, targets[..., None], axis=-1)[..., 0].astype(jnp.float32)
    nll = lse - target_logit
    # lse - mean(z) is the cross-entropy against the uniform distribution.
    loss = (1.0 - eps) * nll + eps * (lse - logits.astype(jnp.float32).mean(axis=-1)) if eps else nll
    return loss, nll


def _logit_gradient(probs: Array, targets: Array, eps: float) -> Array:
    classes = jax.lax.broadcasted_iota(targets.dtype, probs.shape, probs.ndim - 1)
    return probs - jnp.where(classes == targets[..., None], 1.0 - eps, 0.0) - eps / probs.shape[-1]
