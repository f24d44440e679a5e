"""The parts of the page: sections of charts, tables, samples and remarks."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from codelm_jax.evals.suite import Suite
from codelm_jax.evals.view import Judged, Table
from codelm_jax.evals.wording import capitalised
from codelm_jax.report.chart import Chart
from codelm_jax.report.runs import ReportedRun, evaluate_command


@dataclass(frozen=True)
class Missing:
    """A remark on what is missing, with the command that makes it."""

    what: str
    command: str
    kind: ClassVar[str] = "missing"


@dataclass(frozen=True)
class Plot:
    """A chart in its place on the page."""

    chart: Chart
    kind: ClassVar[str] = "plot"


@dataclass(frozen=True)
class ColouredToken:
    """A token of a sample: its text, its probability in per cent, and the class that colours it."""

    text: str
    probability: str
    level: int


@dataclass(frozen=True)
class PageSample:
    """One sample on the page.

    Attributes:
        prompt: the end of its prompt that no token covers.
        tokens: of the sample.
        verdict: in a sentence.
        judged: in a word.
    """

    prompt: str
    tokens: Sequence[ColouredToken]
    verdict: str
    judged: Judged


@dataclass(frozen=True)
class Samples:
    """Samples of one suite and run.

    Attributes:
        title: heading.
        chosen: how they were chosen.
        samples: the chosen ones.
        context: worked examples before the first.
    """

    title: str
    chosen: str
    samples: Sequence[PageSample]
    context: str = ""
    kind: ClassVar[str] = "samples"


Block = Table | Missing | Plot | Samples


@dataclass(frozen=True)
class Section:
    """A part of the page under its own heading; `says` is its introduction."""

    id: str
    title: str
    says: str
    blocks: Sequence[Block] = field(default=())


def plots(*charts: Chart | None) -> list[Block]:
    """Those of the charts that have something to show."""
    return [Plot(chart) for chart in charts if chart is not None]


def captioned(run: ReportedRun, runs: Sequence[ReportedRun], text: str) -> str:
    """A caption as a sentence, or after the run's name where there are several runs."""
    return f"{run.name}: {text}" if len(runs) > 1 else capitalised(text)


def missing_suite(runs: Sequence[ReportedRun], suite: Suite[Any]) -> list[Block]:
    """One remark for each run that the suite has not been run on."""
    return [
        Missing(_named(run, runs, f"“{suite.title}” was not measured."), evaluate_command(run, suite))
        for run in runs
        if run.newest(suite.name) is None
    ]


def missing_training(run: ReportedRun, runs: Sequence[ReportedRun], what: str, flags: str = "") -> Missing:
    """The remark for figures that only training writes."""
    return Missing(
        _named(run, runs, what),
        f"python scripts/train.py --config=CONFIG.py --workdir={shlex.quote(str(run.directory))}{flags}",
    )


def missing_data(run: ReportedRun, runs: Sequence[ReportedRun], what: str) -> Missing:
    """The remark for what is stored with the prepared data."""
    return Missing(_named(run, runs, what), "python scripts/prepare_data.py --config=CONFIG.py")


def _named(run: ReportedRun, runs: Sequence[ReportedRun], what: str) -> str:
    return what if len(runs) == 1 else f"{run.name}: {what}"
