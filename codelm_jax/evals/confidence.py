"""How sure the model is on held-out code, and whether it is right as often: everywhere, after `:` and after `)`."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from codelm_jax.evals.interfaces import Codec, MaskedWindows, TokenStatistics
from codelm_jax.evals.statistics import rate

_BINS = 15


class _Tally:
    """Sums over the positions of one kind."""

    def __init__(self) -> None:
        self.positions = 0
        self.entropy = 0.0
        self.counts = np.zeros(_BINS)
        self.confidence = np.zeros(_BINS)
        self.correct = np.zeros(_BINS)

    def add(self, top1_prob: np.ndarray, entropy: np.ndarray, correct: np.ndarray) -> None:
        # Bins are (low, high]: a probability of exactly 1 belongs to the last.
        bins = np.clip(np.ceil(top1_prob * _BINS).astype(int) - 1, 0, _BINS - 1)
        self.positions += top1_prob.size
        self.entropy += float(entropy.sum())
        self.counts += np.bincount(bins, minlength=_BINS)
        self.confidence += np.bincount(bins, top1_prob, minlength=_BINS)
        self.correct += np.bincount(bins, correct, minlength=_BINS)

    def figures(self) -> dict[str, Any]:
        n = self.positions
        if not n:
            return {"positions": 0}
        filled = self.counts > 0
        return {
            "positions": n,
            "top1_prob": float(self.confidence.sum() / n),
            "accuracy": float(self.correct.sum() / n),
            "correct": rate(round(self.correct.sum()), n),
            "entropy": self.entropy / n,
            "calibration_error": float(np.abs(self.confidence - self.correct).sum() / n),
            "bins": [
                {"count": int(count), "confidence": confidence / count, "accuracy": correct / count}
                for count, confidence, correct in zip(
                    self.counts[filled], self.confidence[filled], self.correct[filled], strict=True
                )
            ],
        }


def confidence(statistics: TokenStatistics, batches: Iterable[MaskedWindows], codec: Codec) -> dict[str, Any]:
    """Mean top-1 probability, entropy and expected calibration error (Guo et al. 2017, 15 equal bins).

    Args:
        statistics: the model.
        batches: windows uint16 [B, T + 1] and masks bool [B, T].
        codec: tells which tokens end in `:` and in `)`.

    Returns:
        `{"suite", "all", "after_colon", "after_parenthesis"}`, each `{"positions", "top1_prob", "accuracy",
        "correct", "entropy" (nats), "calibration_error", "bins"}`; `{"positions": 0}` where there was none. `correct` is
        the accuracy as a rate; its Wilson interval takes the positions for independent.
    """
    spellings = [codec.token_bytes(token) for token in range(codec.vocab_size)]
    kinds = {
        "all": np.ones(codec.vocab_size, bool),
        "after_colon": np.array([spelling.endswith(b":") for spelling in spellings]),
        "after_parenthesis": np.array([spelling.endswith(b")") for spelling in spellings]),
    }
    tallies = {kind: _Tally() for kind in kinds}
    for windows, mask in batches:
        found = {name: np.asarray(values) for name, values in statistics(windows).items()}
        for kind, tokens in kinds.items():
            chosen = mask & tokens[windows[:, :-1]]
            tallies[kind].add(
                found["top1_prob"][chosen].astype(np.float64),
                found["entropy"][chosen].astype(np.float64),
                found["top1_correct"][chosen].astype(np.float64),
            )
    return {"suite": "confidence", **{kind: tally.figures() for kind, tally in tallies.items()}}
