"""What a run's result files say, and a table over seeds: a difference counts where its interval excludes none."""

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from scipy import stats

from codelm_jax.errors import UserError


class Figure(NamedTuple):
    """One number of a suite's result: what it is called, whether it is a share, and where it stands."""

    title: str
    share: bool
    suite: str
    path: tuple[str | int, ...]


FIGURES = {
    "val_nll": Figure("NLL, known packages", False, "heldout", ("sets", "val", "nll")),
    "test_nll": Figure("NLL, unseen packages", False, "heldout", ("sets", "test", "nll")),
    "test_bits_per_byte": Figure(
        "Bits per byte, unseen packages", False, "heldout", ("sets", "test", "bits_per_byte")
    ),
    "few_shot_collapsed": Figure("Few-shot collapse", True, "few_shot", ("summary", "collapsed", "rate")),
    "short_prompt_collapsed": Figure(
        "Short-prompt collapse", True, "short_prompt", ("summary", "collapsed", "rate")
    ),
    "few_shot_legacy_collapse": Figure(
        "Few-shot collapse, legacy rule", True, "few_shot", ("summary", "legacy_collapse", "rate")
    ),
    "short_prompt_legacy_collapse": Figure(
        "Short-prompt collapse, legacy rule", True, "short_prompt", ("summary", "legacy_collapse", "rate")
    ),
    "few_shot_parses": Figure("Few-shot samples that parse", True, "few_shot", ("summary", "parses", "rate")),
    "short_prompt_parses": Figure(
        "Short-prompt samples that parse", True, "short_prompt", ("summary", "parses", "rate")
    ),
    "top1_after_colon": Figure(
        "Top-1 probability after `:`", True, "confidence", ("after_colon", "top1_prob")
    ),
    "top1_after_parenthesis": Figure(
        "Top-1 probability after `)`", True, "confidence", ("after_parenthesis", "top1_prob")
    ),
    "calibration_error": Figure("Calibration error", True, "confidence", ("all", "calibration_error")),
    "newline_without_examples": Figure(
        "Probability of a new line after a bare `def`", True, "context", ("rows", 0, "newline")
    ),
    "newline_after_examples": Figure(
        "Probability of a new line after a `def` with most examples", True, "context", ("rows", -1, "newline")
    ),
}
SUITES = tuple(dict.fromkeys(figure.suite for figure in FIGURES.values()))
# The same prompts without worked examples and with them, and what is judged of both.
_SUITES_OF_SAMPLES = ("short_prompt", "few_shot")
_BY_CONTEXT = ("collapsed", "legacy_collapse", "parses")

_CONFIDENCE = 0.95


def figures_of(run: Path) -> dict[str, float]:
    """The figures of a run's newest evaluations; what its data has no set or position for is left out.

    Raises:
        UserError: a result is missing.
    """
    results = {suite: _read(run, suite) for suite in SUITES}
    found = {name: _at(results[figure.suite], figure.path) for name, figure in FIGURES.items()}
    return {name: value for name, value in found.items() if value is not None}


def _at(found: Any, path: Sequence[str | int]) -> Any:
    for key in path:
        if isinstance(key, str) and key not in found:
            return None
        found = found[key]
    return found


def table(found: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """Means over seeds, and differences from the first config seed by seed, with 95 % intervals (Student's t).

    Args:
        found: config -> the figures of each seed, in the order of the seeds.
    """
    baseline = next(iter(found))
    blocks = []
    for name, (title, share, _, _) in FIGURES.items():
        if name not in found[baseline][0]:
            continue
        lines = [
            f"### {title}",
            "",
            "| config | mean | difference from baseline | separates |",
            "|---|---|---|---|",
        ]
        for config, seeds in found.items():
            values = [figures[name] for figures in seeds]
            mean = _interval(values)
            if config == baseline:
                lines.append(f"| {config} | {_shown(mean, share)} | | |")
                continue
            pairs = zip(values, found[baseline], strict=True)
            difference = _interval([value - base[name] for value, base in pairs])
            lines.append(
                f"| {config} | {_shown(mean, share)} | {_shown(difference, share)} | {_verdict(difference)} |"
            )
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def context_table(found: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """What worked examples before the prompt change, seed by seed, for each config.

    Args:
        found: as `table` takes it.
    """
    blocks = []
    for name in _BY_CONTEXT:
        lines = [
            f"### Worked examples against none: {name.replace('_', ' ')}",
            "",
            "| config | short prompts | few-shot | difference | separates |",
            "|---|---|---|---|---|",
        ]
        for config, seeds in found.items():
            short, few = ([figures[f"{suite}_{name}"] for figures in seeds] for suite in _SUITES_OF_SAMPLES)
            difference = _interval([after - before for before, after in zip(short, few, strict=True)])
            cells = (config, *(_shown(_interval(rates), True) for rates in (short, few)))
            lines.append(f"| {' | '.join(cells)} | {_shown(difference, True)} | {_verdict(difference)} |")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and Student's 95 % interval."""
    mean = statistics.fmean(values)
    error = statistics.stdev(values) / math.sqrt(len(values))
    reach = float(stats.t.ppf((1 + _CONFIDENCE) / 2, len(values) - 1)) * error
    return mean, mean - reach, mean + reach


def _verdict(difference: tuple[float, float, float]) -> str:
    return "yes" if difference[1] > 0 or difference[2] < 0 else "no"


def _shown(interval: tuple[float, float, float], share: bool) -> str:
    mean, low, high = (100 * value if share else value for value in interval)
    return f"{mean:.1f} % [{low:.1f}, {high:.1f}]" if share else f"{mean:.4f} [{low:.4f}, {high:.4f}]"


def _read(run: Path, suite: str) -> dict:
    paths = sorted(run.glob(f"evals/step_*/{suite}.json"), key=lambda path: path.stat().st_mtime)
    if not paths:
        raise UserError(f"{run}/evals: no {suite}.json; evaluate.py --suite={suite} makes it")
    return json.loads(paths[-1].read_text(encoding="utf-8"))
