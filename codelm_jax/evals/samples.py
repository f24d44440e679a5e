"""Samples as results hold them, and what a set of them says about collapse."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from codelm_jax.evals.interfaces import Codec, Completion
from codelm_jax.evals.statistics import clustered_interval, clustered_rate, rate
from codelm_jax.text.band import METRICS, collapsed, human_parses, human_percentile, human_rate
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

FLAGS = ("collapsed", "loop", "legacy_collapse", "parses", "ended")
# A model is as good as people when it collapses at most so much more often.
_MARGIN = 0.02


def sample_record(
    prompt_id: str, prompt: str, completion: Completion, codec: Codec, band: Mapping[str, Any]
) -> dict[str, Any]:
    """One sample with its tokens, their log-probabilities and every metric of it.

    `tokens` holds each token's text, so that a report needs no tokenizer; a character cut by a token border shows as
    U+FFFD.
    """
    ids, text = list(completion.token_ids), completion.text
    return {
        "prompt_id": prompt_id,
        "text": text,
        "token_ids": ids,
        "tokens": [codec.decode([token]) for token in ids],
        "logprobs": [round(float(value), 4) for value in completion.logprobs],
        "finish_reason": completion.finish_reason,
        "collapsed": collapsed(ids, text, band),
        "loop": loop(ids),
        "legacy_collapse": legacy_collapse(text),
        "parses": parses(prompt, text, hit_limit=completion.finish_reason == "length"),
        "ended": completion.finish_reason != "length",
        "seq_rep_4": seq_rep_n(ids, 4),
        "rep_line": rep_line(text),
        "diversity": diversity(ids),
    }


def summarise(records: Sequence[Mapping[str, Any]], band: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Rates and means over samples, beside what real code of the same lengths shows.

    Args:
        records: from `sample_record`.
        band: the human band.
        seed: of the bootstrap.

    Returns:
        For each of `FLAGS` a rate with a Wilson interval and a bootstrap clustered by prompt; for each metric its
        mean, bootstrap interval and `human_mean`; `distinct_4` and `duplicates`, averaged over prompts, and
        `duplicated`, the rate of samples that copy an earlier one of their prompt; `human_collapsed` and
        `excess_collapsed`; `as_good_as_people`, whether the excess is at most 2 points, None where the intervals leave
        that open; `human_parses`.
    """
    if not records:
        raise ValueError("no samples to summarise")
    by_prompt: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        by_prompt.setdefault(record["prompt_id"], []).append(record)
    lengths = [len(record["token_ids"]) for record in records]
    rates = {
        flag: clustered_rate({key: [r[flag] for r in group] for key, group in by_prompt.items()}, seed)
        for flag in FLAGS
    }
    human = _mean([human_rate(band, length) for length in lengths])
    texts = {key: [record["text"] for record in group] for key, group in by_prompt.items()}
    return {
        "n": len(records),
        "prompts": len(by_prompt),
        "mean_tokens": _mean(lengths),
        **rates,
        "human_collapsed": human,
        "excess_collapsed": rates["collapsed"]["rate"] - human,
        "as_good_as_people": _as_good_as_people(rates["collapsed"], human),
        "human_parses": _mean([human_parses(band, length) for length in lengths]),
        **{metric: _metric(metric, by_prompt, lengths, band, seed) for metric in METRICS},
        "distinct_4": _mean([distinct_n([r["token_ids"] for r in group], 4) for group in by_prompt.values()]),
        "duplicates": _mean([duplicates(group) for group in texts.values()]),
        "duplicated": clustered_rate({key: _copies(group) for key, group in texts.items()}, seed),
    }


def collapse_rates(records: Sequence[Mapping[str, Any]], key: str) -> dict[str, Any]:
    """The rate of `collapsed` for each value of `key`, in the order of first appearance."""
    groups: dict[str, list[bool]] = {}
    for record in records:
        groups.setdefault(record[key], []).append(record["collapsed"])
    return {value: rate(sum(flags), len(flags)) for value, flags in groups.items()}


def _as_good_as_people(collapsed: Mapping[str, Any], human: float) -> bool | None:
    """None where Wilson's interval or that by prompt reaches over the limit: few samples can't show either."""
    limit = human + _MARGIN
    if max(collapsed["high"], collapsed["cluster_high"]) <= limit:
        return True
    return False if min(collapsed["low"], collapsed["cluster_low"]) > limit else None


def _copies(texts: Sequence[str]) -> list[bool]:
    """Of each text whether it stands among those before it."""
    seen: set[str] = set()
    copies = []
    for text in texts:
        copies.append(text in seen)
        seen.add(text)
    return copies


def _metric(
    metric: str,
    by_prompt: Mapping[str, Sequence[Mapping[str, Any]]],
    lengths: Sequence[int],
    band: Mapping[str, Any],
    seed: int,
) -> dict[str, float]:
    clusters = [[record[metric] for record in group] for group in by_prompt.values()]
    low, high = clustered_interval(clusters, seed)
    return {
        "mean": _mean([value for cluster in clusters for value in cluster]),
        "low": low,
        "high": high,
        "human_mean": _mean([human_percentile(band, metric, length, "mean") for length in lengths]),
    }


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
