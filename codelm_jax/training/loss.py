"""Label-smoothed cross-entropy that never builds a one-hot, with the plain negative log-likelihood beside it."""

import jax
import jax.numpy as jnp
from jax import Array


def smoothed_cross_entropy(logits: Array, targets: Array, label_smoothing: float) -> tuple[Array, Array]:
    """Cross-entropy against `(1 - eps) [j = y] + eps / V` (Szegedy 2016; PyTorch's rule), in nats.

    `loss = lse(z) - (1 - eps) z_y - (eps / V) sum_j z_j`, reduced in float32. Its gradient is computed from the logits
    and their log-sum-exp alone.

    Args:
        logits: `[..., V]`, float32 or bfloat16.
        targets: integer `[...]`.
        label_smoothing: eps, static.

    Returns:
        `(loss, nll)`, float32 `[...]`: the training objective and the unsmoothed negative log-likelihood.
    """
    return _smoothed_cross_entropy(logits, targets, label_smoothing)


def _forward(logits: Array, targets: Array, eps: float) -> tuple[tuple[Array, Array], Array]:
    logits_f32 = logits.astype(jnp.float32)
    lse = jax.nn.logsumexp(logits_f32, axis=-1)
    target_logit = jnp.take_along_axis(logits, targets[..., None], axis=-1)[..., 0].astype(jnp.float32)
    nll = lse - target_logit
    # lse - mean(z) is the cross-entropy against the uniform distribution.
    loss = (1.0 - eps) * nll + eps * (lse - logits_f32.mean(axis=-1)) if eps else nll
    return (loss, nll), lse


def _backward(eps: float, residuals: tuple[Array, Array, Array], grads: tuple[Array, Array]):
    logits, targets, lse = residuals
    grad_loss, grad_nll = (g[..., None] for g in grads)
    classes = jax.lax.broadcasted_iota(targets.dtype, logits.shape, logits.ndim - 1)
    probs = jnp.exp(logits.astype(jnp.float32) - lse[..., None])
    at_target = jnp.where(classes == targets[..., None], (1.0 - eps) * grad_loss + grad_nll, 0.0)
    grad = probs * (grad_loss + grad_nll) - at_target - (eps / logits.shape[-1]) * grad_loss
    return grad.astype(logits.dtype), None


_smoothed_cross_entropy = jax.custom_vjp(
    lambda logits, targets, eps: _forward(logits, targets, eps)[0], nondiff_argnums=(2,)
)


def _forward_with_residuals(logits: Array, targets: Array, eps: float):
    out, lse = _forward(logits, targets, eps)
    return out, (logits, targets, lse)


_smoothed_cross_entropy.defvjp(_forward_with_residuals, _backward)
