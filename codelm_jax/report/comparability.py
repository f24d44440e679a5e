"""Warnings about figures that can't be compared: runs on different data, and evaluations on other data."""

from collections.abc import Sequence

from codelm_jax.evals.suites.held_out import HELD_OUT
from codelm_jax.report.runs import ReportedRun


def warnings(runs: Sequence[ReportedRun]) -> list[str]:
    """Sentences for the top of the page; [] where the figures can be compared."""
    return [*_training_data(runs), *_evaluation_data(runs)]


def _training_data(runs: Sequence[ReportedRun]) -> list[str]:
    if len(runs) == 1:
        return []
    said = []
    known = {run.name: run.data_fingerprint for run in runs if run.data_fingerprint}
    if len(set(known.values())) > 1:
        each = ", ".join(f"{name}: {fingerprint[:12]}" for name, fingerprint in known.items())
        said.append(
            f"These runs were trained and measured on different data or with different tokenizers ({each}). Their loss "
            "and their bits per byte do not say which model is better: some code is easier to guess. Each compressor's "
            "line belongs to the run that it names."
        )
    if unknown := [run.name for run in runs if not run.data_fingerprint]:
        said.append(
            f"The files of {', '.join(unknown)} do not say what data it was trained on, so its loss and its bits per "
            "byte cannot be compared with those of other runs."
        )
    return said


def _evaluation_data(runs: Sequence[ReportedRun]) -> list[str]:
    foreign = [
        run.name for run in runs if (result := run.result(HELD_OUT)) is not None and not result.on_own_data
    ]
    return [
        f"The held-out evaluation of {name} is of other data than the run was trained with; its val and test are not "
        "the sets that training measured."
        for name in foreign
    ]
