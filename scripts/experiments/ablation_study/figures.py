"""The figures of finished runs that ablations compare, read from their metrics and evaluation results."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from ablation_study.statistics import Measured

from codelm_jax.errors import UserError
from codelm_jax.report.runs import ReportedRun, load_runs

SUITES = ("heldout", "few_shot", "short_prompt", "confidence", "context")

# Of a result's settings, those that say what was asked of the model; the others say which model it was.
_MEASURED_BY = ("format", "seed", "trained_on", "data", "sampling", "templates_sha256")


class Figure(NamedTuple):
    """One number of a run: its name, whether it is a share, and its path in `_results`."""

    title: str
    share: bool
    path: tuple[str, ...]


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


def figures_of(run: ReportedRun) -> dict[str, Measured]:
    """The figures of a run's newest evaluations; missing ones are left out."""
    results = _results(run)
    found = {name: _measured(results, figure.path) for name, figure in FIGURES.items()}
    return {name: measured for name, measured in found.items() if measured is not None}


def _results(run: ReportedRun) -> dict[str, Any]:
    """Suite -> its result, `context` by how much stood before the prompt; `metrics`, of the training."""
    results: dict[str, Any] = {
        suite: evaluation.content for suite in SUITES if (evaluation := run.newest(suite))
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
    if not found["n"]:
        return None
    suite, flag = path[0], path[-1]
    return Measured(found["rate"], found["n"], _by_prompt(results[suite].get("samples", []), flag))


def _by_prompt(samples: Sequence[Mapping[str, Any]], flag: str) -> dict[str, float] | None:
    """How many of each prompt's samples have a flag, as shares; None where there are no samples."""
    flags: dict[str, list[bool]] = {}
    for sample in samples:
        flags.setdefault(sample["prompt_id"], []).append(sample[flag])
    return {prompt: fmean(its_own) for prompt, its_own in flags.items()} or None


def _check_measured_alike(runs: Sequence[ReportedRun], samples: int) -> None:
    first: dict[str, tuple[ReportedRun, Mapping[str, Any]]] = {}
    for run in runs:
        for suite in SUITES:
            evaluation = run.newest(suite)
            if evaluation is None:
                continue
            settings = evaluation.content["settings"]
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
