"""The human band: repetition in real code by length, and the collapse threshold derived from it.

Python by people repeats far more than English, and longer text repeats more, so no fixed threshold is fair. The band is
measured on windows of held-out code; the threshold is chosen so that `collapsed` flags 1 % of these windows. The band
is a plain dictionary for JSON: one entry per length, with percentiles of every metric.
"""

import bisect
import functools
import importlib.resources
import itertools
import json
import math
import random
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from codelm_jax.text.lines import logical_lines
from codelm_jax.text.parsing import parses
from codelm_jax.text.repetition import diversity, legacy_collapse, loop, rep_line, seq_rep_n

T = TypeVar("T", bound=Hashable)

LENGTHS = (8, 16, 32, 60, 100, 160, 256)
TARGET_RATE = 0.01
METRICS = ("seq_rep_4", "rep_line", "diversity")
_PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
# One file of tables must not determine the threshold.
_WINDOWS_PER_DOCUMENT = 16
# With fewer, a rate of 1 % cannot be estimated.
_FEWEST_WINDOWS = 300
# The standard error of a share is at most 1.6 points.
_DEFINITIONS = 1000
_FEWEST_DEFINITIONS = 100
# seq_rep_4 needs four tokens.
_SHORTEST_JUDGED = 4


def human_band(
    documents: Iterable[Sequence[T]],
    decode: Callable[[Sequence[T]], str],
    *,
    seed: int,
    windows_per_length: int = 4000,
    lengths: Sequence[int] = LENGTHS,
) -> dict[str, Any]:
    """Measures the band on token documents of held-out code.

    Args:
        documents: token ids, one list per file, without `<|endoftext|>`; NumPy scalars would hash five times slower.
        decode: ids to text.
        seed: for the choice of windows.
        windows_per_length: largest number of windows at each length.
        lengths: window lengths in tokens.

    Returns:
        `{"target_rate", "lengths": [{"length", "windows", "threshold", "flagged", "loop", "legacy_collapse",
        "definitions", "parses", "metrics": {name: {"mean", "p1", ... "p99"}}}]}`; {} if no length has enough
        windows; `parses` is None if there are too few definitions.
    """
    kept = list(documents)
    definitions = real_definitions(kept, decode, _DEFINITIONS, seed)
    entries = []
    for length in lengths:
        windows = real_windows(kept, length, windows_per_length, seed)
        if len(windows) >= _FEWEST_WINDOWS:
            entries.append(_measure(windows, length, decode) | _valid(definitions, length, decode))
    return {"target_rate": TARGET_RATE, "lengths": entries} if entries else {}


def real_windows(documents: Iterable[Sequence[T]], length: int, count: int, seed: int) -> list[Sequence[T]]:
    """Draws at most `count` disjoint windows of `length` tokens, a few from each document, deterministic in `seed`."""
    rng = random.Random(f"{seed}/{length}")
    windows: list[Sequence[T]] = []
    for document in documents:
        places = len(document) // length
        if not places:
            continue
        offset = rng.randint(0, len(document) - places * length)
        for place in rng.sample(range(places), min(places, _WINDOWS_PER_DOCUMENT)):
            start = offset + place * length
            windows.append(document[start : start + length])
    rng.shuffle(windows)
    return windows[:count]


def real_definitions(
    documents: Iterable[Sequence[T]], decode: Callable[[Sequence[T]], str], count: int, seed: int
) -> list[tuple[str, Sequence[T]]]:
    """Draws at most `count` top-level functions and classes, a few from each document.

    Returns:
        Pairs of a header without its line end and the tokens after it, to the end of the document.
    """
    rng = random.Random(f"{seed}/definitions")
    found: list[tuple[str, Sequence[T]]] = []
    width = functools.cache(lambda token: len(decode([token])))
    for document in documents:
        text = decode(document)
        ends = list(itertools.accumulate(map(width, document)))
        if not ends or ends[-1] != len(text):
            # A character of several tokens cannot be located between them.
            continue
        headers = [
            line
            for line in logical_lines(text)
            if line.is_definition and line.is_header and line.word != "@" and not line.column
        ]
        for line in rng.sample(headers, min(len(headers), _WINDOWS_PER_DOCUMENT)):
            header_end = len(text[: line.end].rstrip())
            first = bisect.bisect_left(ends, header_end) + 1
            found.append((text[line.start : ends[first - 1]], document[first:]))
    rng.shuffle(found)
    return found[:count]


def collapsed(tokens: Sequence[Hashable], text: str, band: Mapping[str, Any]) -> bool:
    """Whether a sample has collapsed: it is empty, ends in a loop, or repeats more than 99 % of real code of that length.

    Args:
        tokens: its ids, without `<|endoftext|>`.
        text: the same, decoded.
        band: from `human_band`; `{}` selects the band of the standard library.
    """
    if _is_empty_or_loop(tokens, text):
        return True
    return len(tokens) >= _SHORTEST_JUDGED and seq_rep_n(tokens, 4) > threshold(band, len(tokens))


@functools.cache
def standard_library_band() -> dict[str, Any]:
    """The band of CPython's standard library with an 8,000-entry tokenizer, for models that have no band."""
    file = importlib.resources.files("codelm_jax.text").joinpath("standard_library_band.json")
    return json.loads(file.read_text(encoding="utf-8"))


def threshold(band: Mapping[str, Any], length: int) -> float:
    """The `seq_rep_4` above which a sample of `length` tokens counts as collapsed, interpolated between lengths."""
    return _at_length(band, length, lambda entry: entry["threshold"])


def human_rate(band: Mapping[str, Any], length: int) -> float:
    """Share of real windows of `length` tokens that `collapsed` flags."""
    return _at_length(band, length, lambda entry: entry["flagged"])


def human_parses(band: Mapping[str, Any], length: int) -> float:
    """Share of real functions and classes that `parses` accepts, cut off `length` tokens after their header."""
    measured = [entry for entry in band.get("lengths", ()) if entry.get("parses") is not None]
    return _at_length({"lengths": measured} if measured else {}, length, lambda entry: entry["parses"])


def human_percentile(band: Mapping[str, Any], metric: str, length: int, percentile: str = "p50") -> float:
    """A percentile (`p1` ... `p99`, or `mean`) of a metric over real windows of `length` tokens."""
    return _at_length(band, length, lambda entry: entry["metrics"][metric][percentile])


def _at_length(band: Mapping[str, Any], length: int, value: Callable[[Mapping[str, Any]], float]) -> float:
    """Interpolates over the logarithm of the length; outside the measured lengths the nearest one counts."""
    entries = (band or standard_library_band())["lengths"]
    lengths = [entry["length"] for entry in entries]
    after = bisect.bisect_left(lengths, length)
    if after == 0 or after == len(entries):
        return value(entries[min(after, len(entries) - 1)])
    before = entries[after - 1]
    weight = math.log(length / before["length"]) / math.log(lengths[after] / before["length"])
    return (1 - weight) * value(before) + weight * value(entries[after])


def _measure(
    windows: Sequence[Sequence[T]], length: int, decode: Callable[[Sequence[T]], str]
) -> dict[str, Any]:
    texts = [decode(window) for window in windows]
    values = {
        "seq_rep_4": [seq_rep_n(window, 4) for window in windows],
        "rep_line": [rep_line(text) for text in texts],
        "diversity": [diversity(window) for window in windows],
    }
    certain = [_is_empty_or_loop(window, text) for window, text in zip(windows, texts, strict=True)]
    limit = _calibrated(values["seq_rep_4"], certain)
    flagged = sum(sure or value > limit for sure, value in zip(certain, values["seq_rep_4"], strict=True))
    return {
        "length": length,
        "windows": len(windows),
        "threshold": limit,
        "flagged": flagged / len(windows),
        "loop": sum(map(loop, windows)) / len(windows),
        "legacy_collapse": sum(map(legacy_collapse, texts)) / len(windows),
        "metrics": {name: _summary(values[name]) for name in METRICS},
    }


def _valid(
    definitions: Sequence[tuple[str, Sequence[T]]], length: int, decode: Callable[[Sequence[T]], str]
) -> dict[str, Any]:
    if len(definitions) < _FEWEST_DEFINITIONS:
        return {"definitions": len(definitions), "parses": None}
    valid = sum(
        parses(header, decode(rest[:length]), hit_limit=len(rest) > length) for header, rest in definitions
    )
    return {"definitions": len(definitions), "parses": valid / len(definitions)}


def _is_empty_or_loop(tokens: Sequence[Hashable], text: str) -> bool:
    return not text.strip() or loop(tokens)


def _calibrated(values: Sequence[float], certain: Sequence[bool]) -> float:
    """The smallest threshold with which `collapsed` flags at most the target rate.

    If loops alone exceed the target rate, as with single characters as tokens, the threshold is the one that flags the
    target rate without loops; `flagged` then records the actual rate on real code.
    """
    allowed = math.floor(TARGET_RATE * len(values))
    if sum(certain) > allowed:
        return sorted(values, reverse=True)[allowed]
    doubtful = sorted((value for value, sure in zip(values, certain, strict=True) if not sure), reverse=True)
    return doubtful[allowed - sum(certain)]


def _summary(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    last = len(ordered) - 1
    percentiles = {f"p{percent}": ordered[round(percent / 100 * last)] for percent in _PERCENTILES}
    return {"mean": math.fsum(ordered) / len(ordered), **percentiles}
