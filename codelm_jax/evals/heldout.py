"""Held-out loss: NLL, perplexity, bits per byte, and the smoothed training objective beside its floor."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from codelm_jax.evals.interfaces import MaskedWindows, Score


def heldout(
    score: Score,
    batches: Iterable[MaskedWindows],
    *,
    byte_lengths: np.ndarray,
    label_smoothing: float,
) -> dict[str, Any]:
    """Means over every target that the masks let through.

    Args:
        score: the model.
        batches: windows uint16 [B, T + 1] and masks bool [B, T].
        byte_lengths: UTF-8 bytes of each token, [V]; 0 for special tokens, whose NLL counts all the same.
        label_smoothing: what `score` smooths with; only the floor depends on it here.

    Returns:
        `nll` (nats/token), `perplexity = exp(nll)`, `bits_per_byte = total nll / (ln 2 * total bytes)`,
        `smoothed_loss`, `smoothed_loss_floor`, `tokens`, `bytes`.
    """
    nll = smoothed = 0.0
    tokens = text_bytes = 0
    for windows, mask in batches:
        scores = score(windows)
        nll += float(np.sum(np.asarray(scores["nll"], np.float64), where=mask))
        smoothed += float(np.sum(np.asarray(scores["smoothed_loss"], np.float64), where=mask))
        tokens += int(mask.sum())
        text_bytes += int(byte_lengths[windows[:, 1:]].sum(where=mask, dtype=np.int64))
    if not tokens or not text_bytes:
        raise ValueError("no held-out target counts")
    mean = nll / tokens
    return {
        "nll": mean,
        "perplexity": math.exp(mean) if mean < 700 else math.inf,
        "bits_per_byte": nll / (math.log(2) * text_bytes),
        "smoothed_loss": smoothed / tokens,
        "smoothed_loss_floor": smoothing_floor(label_smoothing, len(byte_lengths)),
        "tokens": tokens,
        "bytes": text_bytes,
    }


def smoothing_floor(label_smoothing: float, vocab_size: int) -> float:
    """The lowest smoothed loss there can be, in nats: the entropy of the smoothed target.

    >>> round(smoothing_floor(0.1, 8000), 4)
    1.2237
    """
    rest = label_smoothing / vocab_size
    peak = 1 - label_smoothing + rest
    return -peak * math.log(peak) - ((vocab_size - 1) * rest * math.log(rest) if rest else 0.0) + 0.0
