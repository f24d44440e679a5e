"""Label-smoothed cross-entropy that never builds a one-hot, with the plain negative log-likelihood beside it."""

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array


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
    hidden_BTD: Array, head_DV: Array, targets_BT: Array, label_smoothing: float, chunk_tokens: int
) -> tuple[Array, Array]:
    """Mean smoothed cross-entropy of `hidden @ head`, and mean NLL, without ever holding all logits.

    The logits of a batch are the largest array of a training step by far. Here they exist for a few positions at a
    time, and their gradient is taken while they are there: `dz = softmax(z) - (1 - eps) [j = y] - eps / V`, so nothing
    is computed twice (Hsu et al. 2024, "Liger Kernel"). The chunks are taken along T, so that the batch stays
    spread over the devices.

    Args:
        hidden_BTD: normalised hidden states, float32 or bfloat16: the type of the products.
        head_DV: float32.
        targets_BT: integer.
        label_smoothing: eps, static.
        chunk_tokens: static; so many positions of the batch at a time, rounded to a divisor of T a row.

    Returns:
        `(loss, nll)`, float32 scalars, in nats. Only the loss can be differentiated; the NLL is for reading.
    """
    rows, length = targets_BT.shape
    per_row = max(n for n in range(1, length + 1) if length % n == 0 and (rows * n <= chunk_tokens or n == 1))
    chunks = length // per_row
    hidden_CBTD = hidden_BTD.reshape(rows, chunks, per_row, -1).swapaxes(0, 1)
    targets_CBT = targets_BT.reshape(rows, chunks, per_row).swapaxes(0, 1)
    return _mean_loss(hidden_CBTD, head_DV, targets_CBT, label_smoothing)


@partial(jax.custom_vjp, nondiff_argnums=(3,))
def _mean_loss(hidden_CBTD: Array, head_DV: Array, targets_CBT: Array, eps: float) -> tuple[Array, Array]:
    def chunk(inputs: tuple[Array, Array]) -> tuple[Array, Array]:
        hidden_BTD, targets_BT = inputs
        logits_BTV = hidden_BTD @ head_DV.astype(hidden_BTD.dtype)
        loss_BT, nll_BT = smoothed_cross_entropy(logits_BTV, targets_BT, eps)
        return loss_BT.sum(), nll_BT.sum()

    loss_C, nll_C = jax.lax.map(chunk, (hidden_CBTD, targets_CBT))
    return loss_C.sum() / targets_CBT.size, nll_C.sum() / targets_CBT.size


def _mean_loss_and_gradients(hidden_CBTD: Array, head_DV: Array, targets_CBT: Array, eps: float):
    dtype, count = hidden_CBTD.dtype, targets_CBT.size
    head_cast_DV = head_DV.astype(dtype)

    def chunk(grad_head_DV: Array, inputs: tuple[Array, Array]):
        hidden_BTD, targets_BT = inputs
        logits_BTV = hidden_BTD @ head_cast_DV
        lse_BT, probs_BTV = _softmax(logits_BTV.astype(jnp.float32))
        loss_BT, nll_BT = _losses(logits_BTV, lse_BT, targets_BT, eps)
        grad_BTV = (_logit_gradient(probs_BTV, targets_BT, eps) / count).astype(dtype)
        grad_head_DV += jnp.einsum("btd,btv->dv", hidden_BTD, grad_BTV, preferred_element_type=jnp.float32)
        return grad_head_DV, (loss_BT.sum(), nll_BT.sum(), grad_BTV @ head_cast_DV.T)

    grad_head_DV, (loss_C, nll_C, grad_hidden_CBTD) = jax.lax.scan(
        chunk, jnp.zeros_like(head_DV), (hidden_CBTD, targets_CBT)
    )
    return (loss_C.sum() / count, nll_C.sum() / count), (grad_hidden_CBTD, grad_head_DV)


def _scale_gradients(_eps: float, residuals: tuple[Array, Array], grads: tuple[Array, Array]):
    grad_hidden_CBTD, grad_head_DV = residuals
    grad_loss, _ = grads
    return grad_hidden_CBTD * grad_loss.astype(grad_hidden_CBTD.dtype), grad_head_DV * grad_loss, None


_mean_loss.defvjp(_mean_loss_and_gradients, _scale_gradients)


def _softmax(logits: Array) -> tuple[Array, Array]:
    """Log-sum-exp and probabilities."""
    if jax.default_backend() != "cpu":
        lse = jax.nn.logsumexp(logits, axis=-1)
        return lse, jnp.exp(logits - lse[..., None])
    largest = logits.max(axis=-1, keepdims=True)
    # Kept: XLA would take the exponentials once for the sum and again for the gradient, which costs more on a CPU.
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
