"""What finished runs say of the reference's three insights: differences seed by seed, with intervals and p-values."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from scipy import stats

from codelm_jax.errors import UserError
from codelm_jax.report.runs import Run, load_runs

SUITES = ("heldout", "few_shot", "short_prompt", "confidence", "context")

_CONFIDENCE = 0.95
_Z = float(stats.norm.ppf((1 + _CONFIDENCE) / 2))

# Stands in the report: who reads the table must know it.
_WHAT_INTERVALS_COVER = (
    "Intervals are 95 %, Student's over the seeds. A counted rate has, besides, the sampling error of its counts pooled "
    "over the seeds, and the interval covers both: seeds that agree by luck show nothing. No interval covers what all "
    "seeds share: they have the same prompts, of which each one's samples resemble each other, the same held-out files, "
    "whose neighbouring tokens do, and the same training data."
)

# Of a result's settings, those that say what was asked of the model; the others say which model it was.
_MEASURED_BY = ("format", "seed", "trained_on", "data", "sampling", "templates_sha256")


class Figure(NamedTuple):
    """One number of a run: what it is called, whether it is a share, and where it stands in `_results`."""

    title: str
    share: bool
    path: tuple[str, ...]


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


class Comparison(NamedTuple):
    """A question that was asked before the runs were made: whether (config, figure) differs from another one."""

    question: str
    changed: tuple[str, str]
    base: tuple[str, str]


# config -> the figures of each seed, in the order of the seeds.
Found = Mapping[str, Sequence[Mapping[str, Measured]]]

FIGURES = {
    # Of the training batches, under dropout where there is some: configs with other dropout are not alike in it.
    "train_nll": Figure("Training NLL over the last steps, dropout on", False, ("metrics", "train/nll")),
    "val_nll": Figure("NLL, known packages", False, ("heldout", "sets", "val", "nll")),
    "test_nll": Figure("NLL, unseen packages", False, ("heldout", "sets", "test", "nll")),
    "test_bits_per_byte": Figure(
        "Bits per byte, unseen packages", False, ("heldout", "sets", "test", "bits_per_byte")
    ),
    "few_shot_collapsed": Figure("Few-shot collapse", True, ("few_shot", "summary", "collapsed")),
    "short_prompt_collapsed": Figure("Short-prompt collapse", True, ("short_prompt", "summary", "collapsed")),
    "few_shot_legacy_collapse": Figure(
        "Few-shot collapse, legacy rule", True, ("few_shot", "summary", "legacy_collapse")
    ),
    "short_prompt_legacy_collapse": Figure(
        "Short-prompt collapse, legacy rule", True, ("short_prompt", "summary", "legacy_collapse")
    ),
    "few_shot_parses": Figure("Few-shot samples that parse", True, ("few_shot", "summary", "parses")),
    "short_prompt_parses": Figure(
        "Short-prompt samples that parse", True, ("short_prompt", "summary", "parses")
    ),
    "top1_after_colon": Figure(
        "Top-1 probability after `:`", True, ("confidence", "after_colon", "top1_prob")
    ),
    "accuracy_after_colon": Figure(
        "Top-1 accuracy after `:`", True, ("confidence", "after_colon", "correct")
    ),
    "top1_after_parenthesis": Figure(
        "Top-1 probability after `)`", True, ("confidence", "after_parenthesis", "top1_prob")
    ),
    "accuracy_after_parenthesis": Figure(
        "Top-1 accuracy after `)`", True, ("confidence", "after_parenthesis", "correct")
    ),
    "calibration_error": Figure("Calibration error", True, ("confidence", "all", "calibration_error")),
    "newline_without_examples": Figure(
        "Probability of a new line after a bare `def`", True, ("context", "none", "newline")
    ),
    "newline_after_examples": Figure(
        "Probability of a new line after a `def` with most examples", True, ("context", "most", "newline")
    ),
    "legacy_without_examples": Figure(
        "Probability of `):` after a bare `def`", True, ("context", "none", "legacy")
    ),
    "legacy_after_examples": Figure(
        "Probability of `):` after a `def` with most examples", True, ("context", "most", "legacy")
    ),
}

# Collapse is judged on short prompts, where there is enough of it to differ.
PRIMARY = (
    Comparison(
        "1. Without label smoothing, do short prompts collapse more often?",
        ("no_label_smoothing", "short_prompt_collapsed"),
        ("baseline", "short_prompt_collapsed"),
    ),
    Comparison(
        "1. Without label smoothing, is the model surer of the token after `:`?",
        ("no_label_smoothing", "top1_after_colon"),
        ("baseline", "top1_after_colon"),
    ),
    Comparison(
        "2. With worked examples, do fewer samples collapse?",
        ("baseline", "few_shot_collapsed"),
        ("baseline", "short_prompt_collapsed"),
    ),
    Comparison(
        "2. With worked examples, is a new line after the `def` more probable?",
        ("baseline", "newline_after_examples"),
        ("baseline", "newline_without_examples"),
    ),
    Comparison(
        "3. Does a small, weakly regularised model collapse more often than the baseline?",
        ("smaller_weak", "short_prompt_collapsed"),
        ("baseline", "short_prompt_collapsed"),
    ),
    Comparison(
        "3. Does a small model predict unseen packages worse where it is weakly regularised?",
        ("smaller_weak", "test_nll"),
        ("smaller", "test_nll"),
    ),
)

# Of one run: what is compared, without worked examples and with them.
_BY_CONTEXT = (
    ("collapsed", "short_prompt_collapsed", "few_shot_collapsed"),
    ("collapsed, legacy rule", "short_prompt_legacy_collapse", "few_shot_legacy_collapse"),
    ("parses", "short_prompt_parses", "few_shot_parses"),
    ("probability of a new line", "newline_without_examples", "newline_after_examples"),
    ("probability of `):`", "legacy_without_examples", "legacy_after_examples"),
)


def read(directories: Mapping[str, Sequence[Path]], samples: int) -> dict[str, list[dict[str, Measured]]]:
    """The figures that every run has.

    Args:
        directories: config -> the run of each seed.
        samples: of each prompt, as they were asked for.

    Raises:
        UserError: a run is not there, or was not measured as asked, or not as the first one was.
    """
    runs = {name: load_runs(its_own) for name, its_own in directories.items()}
    _check_measured_alike([run for its_own in runs.values() for run in its_own], samples)
    found = {name: [figures_of(run) for run in its_own] for name, its_own in runs.items()}
    everywhere = set.intersection(*(set(figures) for seeds in found.values() for figures in seeds))
    return {
        name: [{key: figures[key] for key in FIGURES if key in everywhere} for figures in seeds]
        for name, seeds in found.items()
    }


def figures_of(run: Run) -> dict[str, Measured]:
    """The figures of a run's newest evaluations; what it has not is left out."""
    results = _results(run)
    found = {name: _measured(results, figure.path) for name, figure in FIGURES.items()}
    return {name: measured for name, measured in found.items() if measured is not None}


def report(found: Found) -> str:
    """All tables: the comparisons named in advance first, then whatever else can be compared."""
    exploratory = [*_between_configs(found), *_between_contexts(found)]
    comparisons = sum(count for _, count in exploratory)
    parts = [
        "# Ablations",
        f"{len(next(iter(found.values())))} seeds of each config, {_samples(found)} of each run. Differences are taken seed "
        "by seed.",
        _WHAT_INTERVALS_COVER,
        *_primary(found),
        "## Exploratory",
        f"{comparisons} comparisons at 95 %, not corrected: if nothing differed, about "
        f"{(1 - _CONFIDENCE) * comparisons:.1f} of them would separate by chance.",
        *(block for block, _ in exploratory),
    ]
    return "\n\n".join(parts) + "\n"


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


def _results(run: Run) -> dict[str, Any]:
    """Suite -> its result, `context` by how much stood before the prompt; `metrics`, of the training."""
    results: dict[str, Any] = {
        suite: evaluation.result for suite in SUITES if (evaluation := run.evaluation(suite))
    }
    rows = results.get("context", {}).get("rows", [])
    # One row alone shows no difference: no example had room.
    results["context"] = {"none": rows[0], "most": rows[-1]} if len(rows) > 1 else {}
    return results | {"metrics": {"train/nll": run.last("train/nll")}}


def _measured(results: Mapping[str, Any], path: Sequence[str]) -> Measured | None:
    found: Any = results
    for key in path:
        found = found.get(key)
        if found is None:
            return None
    if not isinstance(found, Mapping):
        return Measured(found)
    return Measured(found["rate"], found["n"]) if found["n"] else None


def _check_measured_alike(runs: Sequence[Run], samples: int) -> None:
    first: dict[str, tuple[Run, Mapping[str, Any]]] = {}
    for run in runs:
        for suite in SUITES:
            evaluation = run.evaluation(suite)
            if evaluation is None:
                continue
            settings = evaluation.result["settings"]
            # The newest result may be of an evaluation with other settings than the one that just found its own.
            if settings.get("sampling", {}).get("samples_per_prompt", samples) != samples:
                raise UserError(
                    f"{run.directory}: its newest {suite} has not {samples} samples of each prompt: delete its "
                    f"{suite}.json, or ask for as many"
                )
            other, expected = first.setdefault(suite, (run, settings))
            for key in _MEASURED_BY:
                if settings.get(key) != expected.get(key):
                    raise UserError(
                        f"{run.directory}: its {suite} has other {key} than that of {other.directory}: they can't be "
                        "compared; evaluate it again, or choose another --out"
                    )


def _student(values: Sequence[float]) -> Estimate:
    mean = statistics.fmean(values)
    error = statistics.stdev(values) / math.sqrt(len(values))
    freedom = len(values) - 1
    reach = float(stats.t.ppf((1 + _CONFIDENCE) / 2, freedom)) * error
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
        "| question | difference | p | p, Holm | differs |",
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
        lines.append(f"| {' | '.join(cells)} | {'yes' if adjusted < 1 - _CONFIDENCE else 'no'} |")
    return [
        "## Named before the runs were made",
        f"{len(there)} of {len(PRIMARY)}; an interval is of its comparison alone, the last column takes all together "
        "(Holm). “no” is not “equal”: the interval tells how large a difference is still possible.",
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
        for config in others:
            estimate = difference(values[config], values[first], share)
            mean = _shown(mean_of(values[config], share), share)
            lines.append(f"| {config} | {mean} | {_shown(estimate, share)} | {_verdict(estimate)} |")
        yield "\n".join(lines), len(others)


def _between_contexts(found: Found) -> Iterator[tuple[str, int]]:
    """What worked examples before the prompt change in each config; and how many comparisons that is."""
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
        for config, seeds in found.items():
            sides = [[figures[name] for figures in seeds] for name in (without, after)]
            estimate = difference(sides[1], sides[0], share=True)
            cells = (config, *(_shown(mean_of(side, share=True), True) for side in sides))
            lines.append(f"| {' | '.join(cells)} | {_shown(estimate, True)} | {_verdict(estimate)} |")
        yield "\n".join(lines), len(found)


def _verdict(estimate: Estimate) -> str:
    return "yes" if estimate.separates else "no"


def _probability(p: float) -> str:
    return "< 0.0001" if p < 1e-4 else f"{p:.4f}"


def _shown(estimate: Estimate, share: bool) -> str:
    mean, low, high = (100 * value if share else value for value in estimate[:3])
    return f"{mean:.1f} % [{low:.1f}, {high:.1f}]" if share else f"{mean:.4f} [{low:.4f}, {high:.4f}]"
