"""Rates with their intervals, and pass@k."""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95
_BOOTSTRAP_DRAWS = 2000


def wilson_interval(count: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The Wilson score interval of a rate (Wilson 1927); (0, 1) for no trials.

    >>> [round(100 * bound, 1) for bound in wilson_interval(8, 55)]
    [7.6, 26.2]
    """
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    p = count / n
    scale = 1 / (1 + z * z / n)
    middle = scale * (p + z * z / (2 * n))
    half = scale * z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    # At the ends the formula gives 0 and 1 up to rounding.
    return (0.0 if count == 0 else middle - half), (1.0 if count == n else middle + half)


@dataclass(frozen=True)
class Rate:
    """A share of `n` trials with its 95 % Wilson interval; `rate` is None for no trials."""

    count: int
    n: int
    rate: float | None
    low: float
    high: float


@dataclass(frozen=True)
class ClusteredRate(Rate):
    """A rate over few prompts, with the bounds of a bootstrap over the prompts.

    Samples of one prompt resemble each other, so the Wilson interval, which takes them for independent, is too narrow.
    """

    cluster_low: float
    cluster_high: float

    @property
    def by_cluster(self) -> tuple[float, float] | None:
        """The bootstrap's bounds, see `cluster_bounds`."""
        return cluster_bounds(self.cluster_low, self.cluster_high)


def cluster_bounds(low: float, high: float) -> tuple[float, float] | None:
    """The bounds of a bootstrap; None where all clusters are alike and it had nothing to draw from."""
    return None if low == high else (low, high)


def rate(count: int, n: int) -> Rate:
    """The rate of `count` of `n` trials."""
    low, high = wilson_interval(count, n)
    return Rate(count, n, count / n if n else None, low, high)


def clustered_rate(flags: Mapping[str, Sequence[bool]], seed: int) -> ClusteredRate:
    """The rate of a flag over all samples.

    Args:
        flags: prompt -> one flag a sample.
        seed: of the bootstrap.
    """
    found = rate(sum(map(sum, flags.values())), sum(map(len, flags.values())))
    low, high = clustered_interval([[float(flag) for flag in group] for group in flags.values()], seed)
    return ClusteredRate(**vars(found), cluster_low=low, cluster_high=high)


def clustered_interval(
    clusters: Sequence[Sequence[float]], seed: int, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Percentile interval of the mean of all values, from a bootstrap that draws whole clusters (Field & Welsh 2007)."""
    sums = [(math.fsum(cluster), len(cluster)) for cluster in clusters if cluster]
    if not sums:
        return 0.0, 1.0
    rng = random.Random(seed)
    means = []
    for _ in range(_BOOTSTRAP_DRAWS):
        drawn = rng.choices(sums, k=len(sums))
        means.append(math.fsum(total for total, _ in drawn) / sum(count for _, count in drawn))
    means.sort()
    tail = (1 - confidence) / 2
    return means[math.floor(tail * _BOOTSTRAP_DRAWS)], means[math.ceil((1 - tail) * _BOOTSTRAP_DRAWS) - 1]


def pass_at_k(n: int, correct: int, k: int) -> float:
    """Unbiased estimate of the chance that one of k samples passes: `1 - C(n-c, k) / C(n, k)` (Chen et al. 2021).

    Computed in whole numbers and rounded once, so that it is exact for any n.

    Args:
        n: samples drawn.
        correct: how many of them passed.
        k: at most n.
    """
    if not 0 <= correct <= n or not 1 <= k <= n:
        raise ValueError(
            f"pass@k needs 0 <= correct <= n and 1 <= k <= n, not n={n}, correct={correct}, k={k}"
        )
    draws = math.comb(n, k)
    return (draws - math.comb(n - correct, k)) / draws
