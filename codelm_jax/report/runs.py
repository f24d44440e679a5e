"""What a run left on disk, read once: figures, settings, evaluations and the manifest of its data."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codelm_jax.errors import UserError
from codelm_jax.run_files import read_metrics, read_object

# Suites of programs that are run, and what they are called.
TASK_SUITES = {"mini_benchmark": "Small tasks", "humaneval": "HumanEval", "mbpp": "MBPP"}
# Compressors that the held-out suite measures, and what they are called.
COMPRESSORS = {"xz": "xz -9e", "zstd": "zstd -19", "gzip": "gzip -9"}

# A directory without any of them, and not empty, is something else.
_OF_A_RUN = ("config.json", "metrics.jsonl", "summary.json", "checkpoints", "evals", "run.lock")

_STEP_DIRECTORY = re.compile(r"step_(\d+)")


@dataclass(frozen=True)
class Evaluation:
    """One suite's result.

    Attributes:
        step: of the checkpoint that it judges.
        newest: whether no later evaluation of the same step, with other settings, took its place.
        result: as the evaluation wrote it.
    """

    step: int
    newest: bool
    result: Mapping[str, Any]

    @property
    def on_own_data(self) -> bool:
        """Whether it used the data that the run was trained with, not `--data=DIR` or `--text=FILE` of another."""
        settings = self.result.get("settings", {})
        data = settings.get("data", {})
        return "text_tokens_sha256" not in data and (
            data.get("data_fingerprint") in (None, settings.get("trained_on"))
        )


@dataclass(frozen=True)
class Run:
    """One run; what it has not written yet is empty.

    Attributes:
        name: tells it from the others in the same report.
        directory: as the user gave it.
        metrics: the lines of `metrics.jsonl`.
        config: the resolved config.
        summary: of the training, written when it ended.
        data_fingerprint: of the data and tokenizer that it was trained with; empty where no file says so.
        manifest: of the prepared data, where that still lies in `config.data.prepared_dir`, unchanged.
        human_band: of the same data; {} stands for the standard library's.
        evaluations: suite -> its results, by step; of one step the newest comes last.
    """

    name: str
    directory: Path
    metrics: Sequence[Mapping[str, Any]]
    config: Mapping[str, Any]
    summary: Mapping[str, Any]
    data_fingerprint: str
    manifest: Mapping[str, Any]
    human_band: Mapping[str, Any]
    evaluations: Mapping[str, Sequence[Evaluation]]

    def series(self, name: str) -> tuple[list[int], list[float]]:
        """Steps and values of one figure; steps without it, or with a value that is not finite, are left out."""
        points = [(line["step"], line[name]) for line in self.metrics if _is_finite(line.get(name))]
        return [step for step, _ in points], [value for _, value in points]

    def last(self, name: str) -> float | None:
        """The latest value of one figure."""
        values = self.series(name)[1]
        return values[-1] if values else None

    def evaluation(self, suite: str) -> Evaluation | None:
        """The suite's result for the latest step that it was run on."""
        found = self.evaluations.get(suite, ())
        return found[-1] if found else None

    def compressors(self) -> dict[str, float]:
        """Compressor -> bits per byte of the run's own `val` files, each file by itself."""
        own = [each for each in self.evaluations.get("heldout", ()) if each.on_own_data]
        measured = own[-1].result["sets"].get("val", {}).get("compressors") if own else None
        return {name: found["by_file"] for name in COMPRESSORS if (found := (measured or {}).get(name))}

    def by_step(self, suite: str) -> list[Evaluation]:
        """The newest result of each step."""
        return [evaluation for evaluation in self.evaluations.get(suite, ()) if evaluation.newest]


def monitored_rate(run: Run, name: str) -> dict[str, Any] | None:
    """A rate of the collapse monitor's last look, e.g. `few_shot_parses`; None where it never looked.

    Returns:
        `rate`, with `low, high` (95 %), and with `n, count`, where the training wrote them too: older ones did not.
    """
    value = run.last(f"monitor/{name}")
    if value is None:
        return None
    found: dict[str, Any] = {"rate": value}
    low, high = run.last(f"monitor/{name}_low"), run.last(f"monitor/{name}_high")
    if low is not None and high is not None:
        found |= {"low": low, "high": high}
    if samples := run.last(f"monitor/{name.rpartition('_')[0]}_n"):
        found |= {"n": round(samples), "count": round(value * samples)}
    return found


def licence_table(manifest: Mapping[str, Any]) -> list[tuple[str, int, int, int]]:
    """(licence, packages, files, bytes) of the training split, most bytes first; empty where files are not recorded."""
    files = [file for file in manifest.get("files", ()) if file["split"] == "train"]
    packages: dict[str, set[str]] = {}
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for file in files:
        packages.setdefault(file["licence"], set()).add(file["package"])
        counts[file["licence"]] += 1
        sizes[file["licence"]] += file["bytes"]
    return [(name, len(packages[name]), counts[name], size) for name, size in sizes.most_common()]


def load_runs(workdirs: Sequence[str | Path]) -> list[Run]:
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


def _load_run(directory: Path, name: str) -> Run:
    config = _read_if_there(directory / "config.json")
    data = config.get("data")
    prepared = Path(data["prepared_dir"]) if isinstance(data, dict) and data.get("prepared_dir") else None
    summary = _read_if_there(directory / "summary.json")
    evaluations = _read_evaluations(directory / "evals")
    manifest = _read_if_there(prepared / "manifest.json") if prepared else {}
    trained_on = _trained_on(summary, evaluations)
    if trained_on and manifest.get("fingerprint") != trained_on:
        # Prepared anew since: what lies there now tells nothing of this run.
        prepared, manifest = None, {}
    return Run(
        name=name,
        directory=directory,
        metrics=read_metrics(directory / "metrics.jsonl"),
        config=config,
        summary=summary,
        data_fingerprint=trained_on or manifest.get("fingerprint", ""),
        manifest=manifest,
        human_band=_read_if_there(prepared / "human_band.json") if prepared else {},
        evaluations=evaluations,
    )


def _trained_on(summary: Mapping[str, Any], evaluations: Mapping[str, Sequence[Evaluation]]) -> str:
    """Fingerprint of the data the run was trained on, as its files state it; empty where none does."""
    # Of several the summary's; else of the newest evaluations, which is what `evaluation` returns.
    stated = [
        summary.get("data_fingerprint"),
        *(found[-1].result.get("settings", {}).get("trained_on") for found in evaluations.values()),
    ]
    return next((fingerprint for fingerprint in stated if fingerprint), "")


def _read_evaluations(directory: Path) -> dict[str, list[Evaluation]]:
    steps = sorted(
        (int(match[1]), path)
        for path in (directory.iterdir() if directory.is_dir() else ())
        if (match := _STEP_DIRECTORY.fullmatch(path.name))
    )
    found: dict[str, list[Evaluation]] = {}
    for step, path in steps:
        for file in path.glob("[!.]*.json"):
            # The newest is SUITE.json, older ones with other settings are SUITE-DIGEST.json.
            suite, _, older = file.stem.partition("-")
            found.setdefault(suite, []).append(Evaluation(step, not older, _read_if_there(file)))
    for evaluations in found.values():
        evaluations.sort(key=lambda evaluation: (evaluation.step, evaluation.newest))
    return found


def _read_if_there(path: Path) -> dict[str, Any]:
    try:
        return read_object(path)
    except FileNotFoundError:
        return {}


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
