"""Differences over seeds with intervals and p-values, and Holm's correction where several are looked at."""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from scipy import stats

CONFIDENCE = 0.95
_Z = float(stats.norm.ppf((1 + CONFIDENCE) / 2))


class Measured(NamedTuple):
    """A figure of one seed; `n` is the number of trials where it is a counted rate."""

    value: float
    n: int | None = None


class Estimate(NamedTuple):
    """A mean with its 95 % interval, and the two-sided p-value of its being 0."""

    mean: float
    low: float
    high: float
    p: float

    @property
    def separates(self) -> bool:
        """Whether the interval excludes 0."""
        return self.low > 0 or self.high < 0


def mean_of(values: Sequence[Measured], share: bool) -> Estimate:
    """The mean over seeds; a counted rate's interval covers Agresti and Coull's (1998) of the pooled counts as well."""
    student = _student([measured.value for measured in values])
    if _counted(values):
        count, n = _pooled(values)
        middle = (count + _Z**2 / 2) / (n + _Z**2)
        student = _wider(student, middle, math.sqrt(middle * (1 - middle) / (n + _Z**2)))
    return _clamped(student, 0.0) if share else student


def difference(changed: Sequence[Measured], base: Sequence[Measured], share: bool) -> Estimate:
    """The mean of `changed - base` over seeds; of counted rates it covers the sampling error of the counts as well.

    That one is Agresti and Caffo's (2000) of the pooled counts: each with one success and one failure more.
    """
    student = _student([one.value - other.value for one, other in zip(changed, base, strict=True)])
    if _counted(changed) and _counted(base):
        trials = [(count + 1, n + 2) for count, n in map(_pooled, (changed, base))]
        rates = [count / n for count, n in trials]
        variances = [rate * (1 - rate) / n for rate, (_, n) in zip(rates, trials, strict=True)]
        student = _wider(student, rates[0] - rates[1], math.sqrt(sum(variances)))
    return _clamped(student, -1.0) if share else student


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's (1979) adjusted p-values, in the same order: below 0.05 it holds, with all of them looked at.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = highest
    return adjusted


def _student(values: Sequence[float]) -> Estimate:
    mean = statistics.fmean(values)
    error = statistics.stdev(values) / math.sqrt(len(values))
    freedom = len(values) - 1
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * error
    p = 2 * float(stats.t.sf(abs(mean) / error, freedom)) if error else float(mean == 0)
    return Estimate(mean, mean - reach, mean + reach, p)


def _wider(student: Estimate, middle: float, error: float) -> Estimate:
    """Covers the normal interval around `middle` as well; of the two p-values the larger."""
    p = 2 * float(stats.norm.sf(abs(middle) / error))
    return Estimate(
        student.mean,
        min(student.low, middle - _Z * error),
        max(student.high, middle + _Z * error),
        max(student.p, p),
    )


def _clamped(estimate: Estimate, lowest: float) -> Estimate:
    return estimate._replace(low=max(lowest, estimate.low), high=min(1.0, estimate.high))


def _counted(values: Sequence[Measured]) -> bool:
    return all(measured.n for measured in values)


def _pooled(values: Sequence[Measured]) -> tuple[int, int]:
    """Count and trials of all seeds."""
    trials = [(measured.value, measured.n or 0) for measured in values]
    return sum(round(rate * n) for rate, n in trials), sum(n for _, n in trials)
