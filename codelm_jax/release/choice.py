"""Chooses the run to release: the lowest bits per byte on held-out code; pass@1 breaks ties."""

import dataclasses
import statistics
from collections.abc import Sequence
from pathlib import Path

from codelm_jax.errors import UserError
from codelm_jax.evals.registry import task_suites
from codelm_jax.evals.suites.held_out import HELD_OUT
from codelm_jax.report.runs import ReportedRun

# Two runs tie if their bits per byte differ by less than this fraction of the lower one.
TIE = 0.005


@dataclasses.dataclass(frozen=True)
class ReleaseCandidate:
    """The figures of a run that the choice compares.

    Attributes:
        directory: of the run.
        step: of the checkpoint that was evaluated.
        bits_per_byte: on the held-out set `val`; `test` is left to judge the choice.
        pass_rate: pass@1, mean over the task suites that were run; 0 if none was.
        measured_on: fingerprint of the held-out data, and the task suites.
    """

    directory: Path
    step: int
    bits_per_byte: float
    pass_rate: float
    measured_on: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.directory}: step {self.step}, {self.bits_per_byte:.4f} bits per byte, pass@1 {self.pass_rate:.4f}"


def candidate(run: ReportedRun) -> ReleaseCandidate:
    """Returns the figures of a run.

    Raises:
        UserError: its held-out figures are missing.
    """
    held_out = run.newest(HELD_OUT.name)
    if held_out is None:
        raise UserError(f"{run.directory}: has no held-out figures; run scripts/evaluate.py --suite=heldout")
    passed = {}
    for suite in task_suites():
        tasks = run.newest(suite.name)
        if tasks is not None and tasks.step == held_out.step:
            passed[suite.name] = tasks.content["score"]["pass@1"]["value"]
    return ReleaseCandidate(
        directory=run.directory,
        step=held_out.step,
        bits_per_byte=held_out.content["sets"]["val"]["bits_per_byte"],
        pass_rate=statistics.fmean(passed.values()) if passed else 0.0,
        measured_on=(held_out.content["settings"]["data"]["data_fingerprint"], *passed),
    )


def choose(candidates: Sequence[ReleaseCandidate]) -> ReleaseCandidate:
    """Returns the one with the lowest bits per byte; among those within `TIE` of it, the highest pass@1.

    Raises:
        UserError: they were not measured on the same data and tasks.
    """
    first = candidates[0]
    for other in candidates[1:]:
        if other.measured_on != first.measured_on:
            raise UserError(
                f"{other.directory}: was not evaluated on the data and tasks of {first.directory}; they can't be compared"
            )
    lowest = min(each.bits_per_byte for each in candidates)
    tied = [each for each in candidates if each.bits_per_byte <= lowest * (1 + TIE)]
    return max(tied, key=lambda each: (each.pass_rate, -each.bits_per_byte))
