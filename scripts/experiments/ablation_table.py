"""What a run's result files say, and a table over seeds: a difference counts where its interval excludes none."""

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from scipy import stats

from codelm_jax.errors import UserError

# Name -> (what it is called, whether it is a share).
FIGURES = {
    "val_nll": ("NLL, known packages", False),
    "test_nll": ("NLL, unseen packages", False),
    "test_bits_per_byte": ("bits/byte, unseen", False),
    "few_shot_collapsed": ("few-shot collapse", True),
    "short_prompt_collapsed": ("short-prompt collapse", True),
    "few_shot_legacy_collapse": ("few-shot collapse, legacy rule", True),
    "short_prompt_legacy_collapse": ("short-prompt collapse, legacy rule", True),
    "short_prompt_parses": ("short-prompt samples that parse", True),
}

_CONFIDENCE = 0.95


def figures_of(run: Path) -> dict[str, float]:
    """The figures of a run's newest evaluations.

    Raises:
        UserError: a result is missing.
    """
    results = {suite: _read(run, suite) for suite in ("heldout", "few_shot", "short_prompt")}
    figures = {}
    for name in FIGURES:
        for suite, result in results.items():
            if name.startswith(f"{suite}_"):
                figures[name] = result["summary"][name.removeprefix(f"{suite}_")]["rate"]
        for held_out, values in results["heldout"]["sets"].items():
            if name.startswith(f"{held_out}_"):
                figures[name] = values[name.removeprefix(f"{held_out}_")]
    return figures


def table(found: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """Means over seeds, and differences from the first config seed by seed, with 95 % intervals (Student's t).

    Args:
        found: config -> the figures of each seed, in the order of the seeds.
    """
    baseline = next(iter(found))
    blocks = []
    for name, (title, share) in FIGURES.items():
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
            verdict = "yes" if difference[1] > 0 or difference[2] < 0 else "no"
            lines.append(f"| {config} | {_shown(mean, share)} | {_shown(difference, share)} | {verdict} |")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and Student's 95 % interval."""
    mean = statistics.fmean(values)
    error = statistics.stdev(values) / math.sqrt(len(values))
    reach = float(stats.t.ppf((1 + _CONFIDENCE) / 2, len(values) - 1)) * error
    return mean, mean - reach, mean + reach


def _shown(interval: tuple[float, float, float], share: bool) -> str:
    mean, low, high = (100 * value if share else value for value in interval)
    return f"{mean:.1f} % [{low:.1f}, {high:.1f}]" if share else f"{mean:.4f} [{low:.4f}, {high:.4f}]"


def _read(run: Path, suite: str) -> dict:
    paths = sorted(run.glob(f"evals/step_*/{suite}.json"), key=lambda path: path.stat().st_mtime)
    if not paths:
        raise UserError(f"{run}/evals: no {suite}.json; evaluate.py --suite={suite} makes it")
    return json.loads(paths[-1].read_text(encoding="utf-8"))
