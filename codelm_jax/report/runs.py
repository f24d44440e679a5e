"""What a run has left on disk, read for a report: metrics, config, summary, evaluations, and the manifest of its data."""

import functools
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codelm_jax.errors import UserError
from codelm_jax.evals import registry
from codelm_jax.evals.suite import R, Suite
from codelm_jax.evals.view import LastFigures, View
from codelm_jax.run_files import read_metrics, read_object

# A directory without any of them, and not empty, is something else.
_OF_A_RUN = ("config.json", "metrics.jsonl", "summary.json", "checkpoints", "evals", "run.lock")

_STEP_DIRECTORY = re.compile(r"step_(\d+)")


@dataclass(frozen=True)
class StoredResult:
    """A result file.

    Attributes:
        suite: name.
        step: of the checkpoint that was evaluated.
        newest: whether no later evaluation of the same step, with other settings, took its place.
        content: of the file.
        path: of the file.
    """

    suite: str
    step: int
    newest: bool
    content: Mapping[str, Any]
    path: Path = Path()

    @functools.cached_property
    def view(self) -> View:
        """The suite's view of it.

        Raises:
            UserError: it lacks a figure, as a result of another version may.
        """
        return self._suite.view(self.result)

    @functools.cached_property
    def result(self) -> Any:
        """It as the suite's result class; raises `UserError` as `view` does."""
        return self._suite.read(self.content, str(self.path))

    @property
    def _suite(self) -> Suite[Any]:
        found = registry.find(self.suite)
        assert found is not None, "only results of registered suites are shown"
        return found


@dataclass(frozen=True)
class ReportedRun:
    """One run; what it has not written yet is empty.

    Attributes:
        name: unique in the report.
        directory: as the user gave it.
        metrics: the lines of `metrics.jsonl`.
        config: the resolved config.
        summary: of the training, written at its end.
        data_fingerprint: of the data and tokenizer that it was trained with; empty where no file says so.
        manifest: of the prepared data, if it is still in `config.data.prepared_dir`, unchanged.
        human_band: of the same data; {} means the standard library's.
        results: suite -> its results, by step; of one step the newest comes last.
    """

    name: str
    directory: Path
    metrics: Sequence[Mapping[str, Any]]
    config: Mapping[str, Any]
    summary: Mapping[str, Any]
    data_fingerprint: str
    manifest: Mapping[str, Any]
    human_band: Mapping[str, Any]
    results: Mapping[str, Sequence[StoredResult]]

    def series(self, name: str) -> tuple[list[int], list[float]]:
        """Steps and values of one figure; steps without it, or with a value that is not finite, are left out."""
        points = [(line["step"], line[name]) for line in self.metrics if _is_finite(line.get(name))]
        return [step for step, _ in points], [value for _, value in points]

    def last(self, name: str) -> float | None:
        """The latest value of one figure."""
        values = self.series(name)[1]
        return values[-1] if values else None

    @property
    def last_figures(self) -> LastFigures:
        """Step and value of the last record of each figure of the training."""
        names = dict.fromkeys(name for line in self.metrics for name in line)
        series = {name: self.series(name) for name in names if name != "step"}
        return {name: (steps[-1], values[-1]) for name, (steps, values) in series.items() if steps}

    def newest(self, suite: str) -> StoredResult | None:
        """The suite's result for the latest step that it was run on."""
        found = self.results.get(suite, ())
        return found[-1] if found else None

    def result(self, suite: Suite[R]) -> R | None:
        """The same, as the suite's result class."""
        found = self.newest(suite.name)
        return found.result if found else None

    def view(self, suite: Suite[Any]) -> View | None:
        """The same as it is shown, or what the training itself measured."""
        found = self.newest(suite.name)
        return found.view if found else suite.view_in_training(self.last_figures)

    def of_last_step(self, suite: Suite[Any]) -> list[StoredResult]:
        """The results that the page shows: the newest, or all of the last step if the suite wants it, newest first."""
        found = self.results.get(suite.name, ())
        if not suite.shows_every_setting:
            return list(found[-1:])
        return [stored for stored in reversed(found) if stored.step == found[-1].step]

    def by_step(self, suite: str) -> list[StoredResult]:
        """The newest result of each step."""
        return [stored for stored in self.results.get(suite, ()) if stored.newest]


def load_runs(workdirs: Sequence[str | Path]) -> list[ReportedRun]:
    """Reads run directories.

    Raises:
        UserError: a directory is not there, holds something else or is given twice, or a file in it is damaged.
    """
    directories = [Path(workdir) for workdir in workdirs]
    for directory in directories:
        if not directory.is_dir():
            raise UserError(f"--workdir={directory}: no such directory; give a run, e.g. runs/tiny")
        if any(directory.iterdir()) and not any((directory / name).exists() for name in _OF_A_RUN):
            raise UserError(f"--workdir={directory}: holds no run; give the directory of one, e.g. runs/tiny")
    if len({directory.resolve() for directory in directories}) < len(directories):
        raise UserError("--workdir: a run is named twice; name each once")
    names = [directory.resolve().name for directory in directories]
    unique = len(set(names)) == len(names)
    return [
        _load_run(directory, name if unique else str(directory))
        for directory, name in zip(directories, names, strict=True)
    ]


def _load_run(directory: Path, name: str) -> ReportedRun:
    config = _read_if_there(directory / "config.json")
    data = config.get("data")
    prepared = Path(data["prepared_dir"]) if isinstance(data, dict) and data.get("prepared_dir") else None
    summary = _read_if_there(directory / "summary.json")
    results = _read_results(directory / "evals")
    manifest = _read_if_there(prepared / "manifest.json") if prepared else {}
    trained_on = _trained_on(summary, results)
    if trained_on and manifest.get("fingerprint") != trained_on:
        # Prepared again since: what is there now is not the data of this run.
        prepared, manifest = None, {}
    return ReportedRun(
        name=name,
        directory=directory,
        metrics=read_metrics(directory / "metrics.jsonl"),
        config=config,
        summary=summary,
        data_fingerprint=trained_on or manifest.get("fingerprint", ""),
        manifest=manifest,
        human_band=_read_if_there(prepared / "human_band.json") if prepared else {},
        results=results,
    )


def _trained_on(summary: Mapping[str, Any], results: Mapping[str, Sequence[StoredResult]]) -> str:
    """Fingerprint of the data the run was trained on, as its files state it; empty where none does."""
    # The summary's, or else that of the newest evaluations.
    stated = [
        summary.get("data_fingerprint"),
        *(found[-1].content.get("settings", {}).get("trained_on") for found in results.values()),
    ]
    return next((fingerprint for fingerprint in stated if fingerprint), "")


def _read_results(directory: Path) -> dict[str, list[StoredResult]]:
    steps = sorted(
        (int(match[1]), path)
        for path in (directory.iterdir() if directory.is_dir() else ())
        if (match := _STEP_DIRECTORY.fullmatch(path.name))
    )
    found: dict[str, list[StoredResult]] = {}
    for step, path in steps:
        for file in path.glob("[!.]*.json"):
            # The newest is SUITE.json, older ones with other settings are SUITE-DIGEST.json.
            suite, _, older = file.stem.partition("-")
            found.setdefault(suite, []).append(
                StoredResult(suite, step, not older, _read_if_there(file), file)
            )
    for stored in found.values():
        stored.sort(key=lambda each: (each.step, each.newest))
    return found


def _read_if_there(path: Path) -> dict[str, Any]:
    try:
        return read_object(path)
    except FileNotFoundError:
        return {}


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def evaluate_command(run: ReportedRun, suite: Suite[Any]) -> str:
    """The command that runs a suite on a run."""
    checkpoint = shlex.quote(str(run.directory))
    return f"python scripts/evaluate.py --checkpoint={checkpoint} --suite={suite.name}{suite.example_flags}"
