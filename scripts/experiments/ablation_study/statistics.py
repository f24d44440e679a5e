"""Differences over seeds with intervals and p-values, and Holm's correction where several are looked at."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from scipy import stats

CONFIDENCE = 0.95
# Relative: of differences that are the same but for this, nothing is known of their spread.
_ROUNDING = 1e-9
_Z = float(stats.norm.ppf((1 + CONFIDENCE) / 2))


class Measured(NamedTuple):
    """A figure of one seed; of a counted rate, `n` trials; of samples, besides, the rate of each prompt."""

    value: float
    n: int | None = None
    by_prompt: Mapping[str, float] | None = None


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
    counted = _counted(values)
    estimate = _over_seeds_and_prompts(values, counted)
    if counted:
        count, n = _pooled(values)
        middle = (count + _Z**2 / 2) / (n + _Z**2)
        estimate = _wider(estimate, middle, math.sqrt(middle * (1 - middle) / (n + _Z**2)))
    return _clamped(estimate, 0.0) if share else estimate


def difference(changed: Sequence[Measured], base: Sequence[Measured], share: bool) -> Estimate:
    """The mean of `changed - base` over seeds; of counted rates it covers the sampling error of the counts as well.

    That one is Agresti and Caffo's (2000) of the pooled counts: each with one success and one failure more.
    """
    counted = _counted([*changed, *base])
    estimate = _over_seeds_and_prompts([_minus(*pair) for pair in zip(changed, base, strict=True)], counted)
    if counted:
        trials = [(count + 1, n + 2) for count, n in map(_pooled, (changed, base))]
        rates = [count / n for count, n in trials]
        variances = [rate * (1 - rate) / n for rate, (_, n) in zip(rates, trials, strict=True)]
        estimate = _wider(estimate, rates[0] - rates[1], math.sqrt(sum(variances)))
    return _clamped(estimate, -1.0) if share else estimate


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


def _minus(changed: Measured, base: Measured) -> Measured:
    by_prompt = None
    if changed.by_prompt and base.by_prompt:
        by_prompt = {prompt: rate - base.by_prompt[prompt] for prompt, rate in changed.by_prompt.items()}
    return Measured(changed.value - base.value, by_prompt=by_prompt)


def _over_seeds_and_prompts(values: Sequence[Measured], counted: bool) -> Estimate:
    """Student's interval of the mean, with the variance over seeds plus that over prompts, where there are some.

    The sum is Cameron, Gelbach and Miller's (2011) for two ways of clustering, without the term that they subtract,
    and so rather too wide; its degrees of freedom are Satterthwaite's (1946).
    """
    ways = [[measured.value for measured in values]]
    prompts = [measured.by_prompt for measured in values if measured.by_prompt]
    if len(prompts) == len(values):
        ways.append([statistics.fmean(rates[prompt] for rates in prompts) for prompt in prompts[0]])
    mean = statistics.fmean(ways[0])
    parts = [(statistics.variance(way) / len(way), len(way) - 1) for way in ways if len(way) > 1]
    variance = sum(part for part, _ in parts)
    if math.sqrt(variance) <= _ROUNDING * max(abs(value) for way in ways for value in way):
        # The same everywhere. Counts tell how exact that is; without them nothing does.
        reach = 0.0 if counted else math.inf
        return Estimate(mean, mean - reach, mean + reach, 0.0 if counted and mean else 1.0)
    freedom = variance**2 / sum(part**2 / degrees for part, degrees in parts)
    error = math.sqrt(variance)
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * error
    p = 2 * float(stats.t.sf(abs(mean) / error, freedom))
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
