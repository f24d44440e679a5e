"""Samples as results hold them, and how often a set of them collapses."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import pydantic.dataclasses

from codelm_jax.evals.interfaces import Codec, SampledText
from codelm_jax.evals.statistics import ClusteredRate, Rate, clustered_interval, clustered_rate, rate
from codelm_jax.evals.suite import READABLE
from codelm_jax.evals.view import Judged, ShownSample
from codelm_jax.evals.wording import capitalised, percent
from codelm_jax.text.band import collapsed, human_parses, human_percentile, human_rate
from codelm_jax.text.parsing import parses
from codelm_jax.text.repetition import (
    distinct_n,
    diversity,
    duplicates,
    legacy_collapse,
    loop,
    rep_line,
    seq_rep_n,
)

# The largest excess collapse rate that still counts as "as good as people".
AS_GOOD_MARGIN = 0.02


@pydantic.dataclasses.dataclass(frozen=True, kw_only=True, config=READABLE)
class Sample:
    """One sample with its tokens and every metric of it.

    `tokens` holds each token's text, so that a report needs no tokenizer; a character cut by a token border shows as
    U+FFFD.
    """

    prompt_id: str
    text: str
    token_ids: tuple[int, ...]
    tokens: tuple[str, ...]
    logprobs: tuple[float, ...]
    finish_reason: str
    collapsed: bool
    loop: bool
    legacy_collapse: bool
    parses: bool
    ended: bool
    seq_rep_4: float
    rep_line: float
    diversity: float


@pydantic.dataclasses.dataclass(frozen=True, config=READABLE)
class MetricMean:
    """The mean of a metric, its bootstrap interval, and the mean over real code of the same lengths."""

    mean: float
    low: float
    high: float
    human_mean: float


@pydantic.dataclasses.dataclass(frozen=True, kw_only=True, config=READABLE)
class SampleSummary:
    """Rates and means over samples, and what real code of the same lengths shows.

    Attributes:
        human_collapsed: share of real code that the rule flags.
        excess_collapsed: how much more often samples collapse.
        as_good_as_people: whether the excess is at most `AS_GOOD_MARGIN`; None where the intervals leave that open.
        human_parses: share of real code, cut as short, that is valid Python.
        distinct_4, duplicates: averaged over prompts.
        duplicated: rate of samples that copy an earlier one of their prompt; None in older results.
    """

    n: int
    prompts: int
    mean_tokens: float
    collapsed: ClusteredRate
    loop: ClusteredRate
    legacy_collapse: ClusteredRate
    parses: ClusteredRate
    ended: ClusteredRate
    human_collapsed: float
    excess_collapsed: float
    as_good_as_people: bool | None
    human_parses: float
    seq_rep_4: MetricMean
    rep_line: MetricMean
    diversity: MetricMean
    distinct_4: float
    duplicates: float
    duplicated: ClusteredRate | None = None


S = TypeVar("S", bound=Sample)


def sample_of(
    kind: type[S],
    prompt_id: str,
    prompt: str,
    sampled: SampledText,
    codec: Codec,
    band: Mapping[str, Any],
    **more: Any,
) -> S:
    """Measures one sample.

    Args:
        kind: the class of the record.
        prompt_id: its prompt's name.
        prompt: the text it continues.
        sampled: what the model wrote.
        codec: the tokenizer.
        band: the human band.
        more: the fields of `kind` that `Sample` lacks.
    """
    ids, text = list(sampled.token_ids), sampled.text
    return kind(
        prompt_id=prompt_id,
        text=text,
        token_ids=tuple(ids),
        tokens=tuple(codec.decode([token]) for token in ids),
        logprobs=tuple(round(float(value), 4) for value in sampled.logprobs),
        finish_reason=sampled.finish_reason,
        collapsed=collapsed(ids, text, band),
        loop=loop(ids),
        legacy_collapse=legacy_collapse(text),
        parses=parses(prompt, text, hit_limit=sampled.finish_reason == "length"),
        ended=sampled.finish_reason != "length",
        seq_rep_4=seq_rep_n(ids, 4),
        rep_line=rep_line(text),
        diversity=diversity(ids),
        **more,
    )


def summarise(samples: Sequence[Sample], band: Mapping[str, Any], seed: int) -> SampleSummary:
    """Rates and means over samples; `seed` is that of the bootstrap.

    Raises:
        ValueError: there are none.
    """
    if not samples:
        raise ValueError("no samples to summarise")
    by_prompt: dict[str, list[Sample]] = {}
    for sample in samples:
        by_prompt.setdefault(sample.prompt_id, []).append(sample)
    lengths = [len(sample.token_ids) for sample in samples]

    def flagged(flag: str) -> ClusteredRate:
        return clustered_rate(
            {key: [getattr(s, flag) for s in group] for key, group in by_prompt.items()}, seed
        )

    def metric(name: str) -> MetricMean:
        return _metric(name, list(by_prompt.values()), lengths, band, seed)

    collapse = flagged("collapsed")
    human = mean([human_rate(band, length) for length in lengths])
    texts = {key: [sample.text for sample in group] for key, group in by_prompt.items()}
    return SampleSummary(
        n=len(samples),
        prompts=len(by_prompt),
        mean_tokens=mean(lengths),
        collapsed=collapse,
        loop=flagged("loop"),
        legacy_collapse=flagged("legacy_collapse"),
        parses=flagged("parses"),
        ended=flagged("ended"),
        human_collapsed=human,
        excess_collapsed=collapse.count / collapse.n - human,
        as_good_as_people=as_good_as_people(collapse, human),
        human_parses=mean([human_parses(band, length) for length in lengths]),
        seq_rep_4=metric("seq_rep_4"),
        rep_line=metric("rep_line"),
        diversity=metric("diversity"),
        distinct_4=mean([distinct_n([s.token_ids for s in group], 4) for group in by_prompt.values()]),
        duplicates=mean([duplicates(group) for group in texts.values()]),
        duplicated=clustered_rate({key: _copies(group) for key, group in texts.items()}, seed),
    )


def collapse_rates(samples: Sequence[S], key: str) -> dict[str, Rate]:
    """The rate of `collapsed` for each value of the field `key`, in the order of first appearance."""
    groups: dict[str, list[bool]] = {}
    for sample in samples:
        groups.setdefault(getattr(sample, key), []).append(sample.collapsed)
    return {value: rate(sum(flags), len(flags)) for value, flags in groups.items()}


def as_good_as_people(collapsed: ClusteredRate, human: float) -> bool | None:
    """None where Wilson's interval or that by prompt contains the limit: few samples can't show either."""
    limit = human + AS_GOOD_MARGIN
    if max(collapsed.high, collapsed.cluster_high) <= limit:
        return True
    return False if min(collapsed.low, collapsed.cluster_low) > limit else None


def shown_sample(sample: Sample, prompt: str, *, fine: bool, words: str) -> ShownSample:
    """A sample as it is shown.

    Args:
        sample: the sample.
        prompt: the whole text that it continues, which ends in its `prompt_id`; "" where only the name is known.
        fine: whether it is valid, or passed its tests.
        words: the same in words.
    """
    judged: Judged = "collapsed" if sample.collapsed else "good" if fine else "other"
    said = [
        "collapsed" if sample.collapsed else "did not collapse",
        words,
        "ended by itself" if sample.ended else "cut at the token limit",
    ]
    if sample.logprobs:
        typical = math.exp(min(0.0, mean(sample.logprobs)))
        said.append(f"typical token probability {percent(typical, 0)}")
    verdict = "; ".join(said)
    # Tasks are named, not quoted: results do not hold their prompts.
    quoted = prompt != "" and prompt.endswith(sample.prompt_id)
    return ShownSample(
        prompt_id=sample.prompt_id,
        before=prompt.removesuffix(sample.prompt_id) if quoted else "",
        prompt=sample.prompt_id if quoted else "",
        text=sample.text,
        tokens=sample.tokens,
        logprobs=sample.logprobs,
        judged=judged,
        verdict=capitalised(verdict) if quoted else f"{sample.prompt_id}: {verdict}",
    )


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean, summed exactly."""
    return math.fsum(values) / len(values)


def _copies(texts: Sequence[str]) -> list[bool]:
    """For each text, whether an earlier one is equal."""
    seen: set[str] = set()
    copies = []
    for text in texts:
        copies.append(text in seen)
        seen.add(text)
    return copies


def _metric(
    metric: str,
    groups: Sequence[Sequence[Sample]],
    lengths: Sequence[int],
    band: Mapping[str, Any],
    seed: int,
) -> MetricMean:
    clusters = [[getattr(sample, metric) for sample in group] for group in groups]
    low, high = clustered_interval(clusters, seed)
    human = mean([human_percentile(band, metric, length, "mean") for length in lengths])
    return MetricMean(mean([value for cluster in clusters for value in cluster]), low, high, human)
