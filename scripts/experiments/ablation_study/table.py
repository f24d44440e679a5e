"""Compares finished runs on the reference's three insights: the comparisons named in advance, then all others."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ablation_study.figures import FIGURES, Found
from ablation_study.statistics import (
    CONFIDENCE,
    Estimate,
    difference,
    holm,
    mean_of,
)

from codelm_jax.atomic import write_atomically, write_json

# Part of the report, because it limits the conclusions.
_WHAT_INTERVALS_COVER = (
    "Intervals are 95 %, Student's over the seeds. A rate of samples has the variance over its prompts added, and a "
    "counted rate's interval covers the sampling error of its counts, pooled over the seeds, as well: seeds that agree by "
    "luck show nothing. No interval covers what all seeds share: the same held-out files, whose neighbouring tokens "
    "resemble each other, and the same training data; the probabilities of a new line and of `):` are after one `def` alone."
)


# Below it one digit after the point shows nothing: some tokens' probabilities are thousandths of a per cent in every run.
_LEAST_PER_CENT = 0.05


class Comparison(NamedTuple):
    """A question that was asked before the runs were made: whether (config, figure) differs from another one."""

    question: str
    changed: tuple[str, str]
    base: tuple[str, str]


# Collapse is judged on short prompts, where there is enough of it to differ.
PRIMARY = (
    Comparison(
        "1. Short-prompt collapse: no label smoothing, against the baseline",
        ("no_label_smoothing", "short_prompt_collapsed"),
        ("baseline", "short_prompt_collapsed"),
    ),
    Comparison(
        "1. Top-1 probability after `:`: no label smoothing, against the baseline",
        ("no_label_smoothing", "top1_after_colon"),
        ("baseline", "top1_after_colon"),
    ),
    Comparison(
        "2. Collapse in the baseline: worked examples, against none",
        ("baseline", "few_shot_collapsed"),
        ("baseline", "short_prompt_collapsed"),
    ),
    Comparison(
        "2. A new line after the `def`, in the baseline: worked examples, against none",
        ("baseline", "newline_after_examples"),
        ("baseline", "newline_without_examples"),
    ),
    Comparison(
        "3. Short-prompt collapse: small and weakly regularised, against the baseline",
        ("smaller_weak", "short_prompt_collapsed"),
        ("baseline", "short_prompt_collapsed"),
    ),
    Comparison(
        "3. NLL on unseen packages: small and weakly regularised, against small",
        ("smaller_weak", "test_nll"),
        ("smaller", "test_nll"),
    ),
)

# Title, figure without worked examples, figure with them; of one run.
_BY_CONTEXT = (
    ("collapsed", "short_prompt_collapsed", "few_shot_collapsed"),
    ("collapsed, legacy rule", "short_prompt_legacy_collapse", "few_shot_legacy_collapse"),
    ("parses", "short_prompt_parses", "few_shot_parses"),
    ("probability of a new line", "newline_without_examples", "newline_after_examples"),
    ("probability of `):`", "legacy_without_examples", "legacy_after_examples"),
)


def write(found: Found, directory: Path) -> str:
    """Writes `table.md` and `figures.json` into `directory`; returns the table."""
    text = report(found)
    write_atomically(directory / "table.md", text.encode())
    figures = {
        config: [{name: measured._asdict() for name, measured in figures.items()} for figures in seeds]
        for config, seeds in found.items()
    }
    write_json(directory / "figures.json", figures)
    return text


def report(found: Found) -> str:
    """All tables: the comparisons named in advance first, then all other possible ones."""
    exploratory = [*_between_configs(found), *_between_contexts(found)]
    comparisons = sum(count for _, count in exploratory)
    parts = [
        "# Ablations",
        f"{len(next(iter(found.values())))} seeds of each config, {_samples(found)} of each run. Differences are taken seed "
        "by seed.",
        _WHAT_INTERVALS_COVER,
        *_primary(found),
        "## Exploratory",
        f"{comparisons} comparisons at 95 %, not corrected: if nothing differed, at most about "
        f"{(1 - CONFIDENCE) * comparisons:.1f} of them would separate by chance.",
        *(block for block, _ in exploratory),
    ]
    return "\n\n".join(parts) + "\n"


def _samples(found: Found) -> str:
    figures = next(iter(found.values()))[0]
    names = {"few-shot": "few_shot_collapsed", "short-prompt": "short_prompt_collapsed"}
    counts = [f"{figures[name].n} {kind} samples" for kind, name in names.items() if name in figures]
    return " and ".join(counts) or "no samples"


def _primary(found: Found) -> list[str]:
    """The comparisons named in advance that can be made; none where the configs are others."""
    made = [(each, _compared(found, each)) for each in PRIMARY]
    there = [(comparison, estimate) for comparison, estimate in made if estimate is not None]
    if not there:
        return []
    lines = [
        "| question | difference | p | p, Holm | shown |",
        "|---|---|---|---|---|",
    ]
    for (comparison, estimate), adjusted in zip(there, holm([each.p for _, each in there]), strict=True):
        share = FIGURES[comparison.changed[1]].share
        cells = (
            comparison.question,
            _shown(estimate, share),
            _probability(estimate.p),
            _probability(adjusted),
        )
        shown = ("higher" if estimate.mean > 0 else "lower") if adjusted < 1 - CONFIDENCE else "nothing"
        lines.append(f"| {' | '.join(cells)} | {shown} |")
    return [
        "## Named before the runs were made",
        f"{len(there)} of {len(PRIMARY)}; an interval is of its comparison alone, the last column takes all together "
        "(Holm). “nothing” is not “equal”: the interval tells how large a difference is still possible.",
        "\n".join(lines),
    ]


def _compared(found: Found, comparison: Comparison) -> Estimate | None:
    sides = (comparison.changed, comparison.base)
    if not all(config in found and figure in found[config][0] for config, figure in sides):
        return None
    changed, base = ([figures[figure] for figures in found[config]] for config, figure in sides)
    return difference(changed, base, FIGURES[comparison.changed[1]].share)


def _between_configs(found: Found) -> Iterator[tuple[str, int]]:
    """A table for each figure, and how many comparisons it makes."""
    first, *others = found
    for name in found[first][0]:
        title, share, _ = FIGURES[name]
        values = {config: [figures[name] for figures in seeds] for config, seeds in found.items()}
        lines = [
            f"### {title}",
            "",
            f"| config | mean | difference from {first} | separates |",
            "|---|---|---|---|",
            f"| {first} | {_shown(mean_of(values[first], share), share)} | | |",
        ]
        new = 0
        for config in others:
            estimate = difference(values[config], values[first], share)
            named = _is_named((config, name), (first, name))
            new += not named
            cells = (config, _shown(mean_of(values[config], share), share), *_judged(estimate, share, named))
            lines.append(f"| {' | '.join(cells)} |")
        yield "\n".join(lines), new


def _between_contexts(found: Found) -> Iterator[tuple[str, int]]:
    """The effect of worked examples before the prompt in each config, and the number of comparisons."""
    there = next(iter(found.values()))[0]
    for title, without, after in _BY_CONTEXT:
        if not {without, after} <= there.keys():
            continue
        lines = [
            f"### Worked examples against none: {title}",
            "",
            "| config | without | with examples | difference | separates |",
            "|---|---|---|---|---|",
        ]
        new = 0
        for config, seeds in found.items():
            sides = [[figures[name] for figures in seeds] for name in (without, after)]
            estimate = difference(sides[1], sides[0], share=True)
            named = _is_named((config, after), (config, without))
            new += not named
            means = (_shown(mean_of(side, share=True), True) for side in sides)
            lines.append(f"| {' | '.join((config, *means, *_judged(estimate, True, named)))} |")
        yield "\n".join(lines), new


def _is_named(changed: tuple[str, str], base: tuple[str, str]) -> bool:
    return any((each.changed, each.base) == (changed, base) for each in PRIMARY)


def _judged(estimate: Estimate, share: bool, named: bool) -> tuple[str, str]:
    """A difference and whether it separates; of one that was named in advance that is said there, not twice."""
    return ("named above", "") if named else (_shown(estimate, share), "yes" if estimate.separates else "no")


def _probability(p: float) -> str:
    return "< 0.0001" if p < 1e-4 else f"{p:.4f}"


def _shown(estimate: Estimate, share: bool) -> str:
    values = [100 * value if share else value for value in estimate[:3]]
    if not share:
        form = ".4f"
    elif 0 < max(map(abs, values)) < _LEAST_PER_CENT:
        form = ".1e"
    else:
        form = ".1f"
    # Adding 0 after rounding makes no "-0.0" of what rounds to nothing.
    mean, low, high = (f"{float(f'{value:{form}}') + 0.0:{form}}" for value in values)
    return f"{mean}{' %' if share else ''} [{low}, {high}]"
