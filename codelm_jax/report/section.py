"""What the page is made of: sections of charts, tables, samples and remarks."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from codelm_jax.report.chart import Chart
from codelm_jax.report.runs import Run


@dataclass(frozen=True)
class Table:
    """Rows of text; the first cell of each names it.

    Attributes:
        caption: what it is, in a few words.
        heads: of the columns.
        rows: one cell a column.
        note: what a reader must know besides.
        folded: whether it is closed at first.
    """

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    folded: bool = False
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class Missing:
    """What isn't there, and the command that would fill it."""

    what: str
    command: str
    kind: ClassVar[str] = "missing"


@dataclass(frozen=True)
class Plot:
    """A chart in its place on the page."""

    chart: Chart
    kind: ClassVar[str] = "plot"


@dataclass(frozen=True)
class Token:
    """A token of a sample: its text, the probability the model gave it in per cent, and the class that colours it."""

    text: str
    probability: str
    level: int


# It neither collapsed nor is it good where it isn't valid Python, or fails its tests.
Judged = Literal["good", "other", "collapsed"]


@dataclass(frozen=True)
class Sample:
    """One sample, ready to be shown.

    Attributes:
        prompt: the end of its prompt that no token covers.
        tokens: what the model wrote.
        verdict: in words, what is known of it.
        judged: the same in one.
    """

    prompt: str
    tokens: Sequence[Token]
    verdict: str
    judged: Judged


@dataclass(frozen=True)
class Samples:
    """Samples of one suite and run.

    Attributes:
        title: what they are.
        chosen: how they were chosen.
        samples: the samples.
        context: the worked examples before each, where there were any.
    """

    title: str
    chosen: str
    samples: Sequence[Sample]
    context: str = ""
    kind: ClassVar[str] = "samples"


Block = Table | Missing | Plot | Samples


@dataclass(frozen=True)
class Section:
    """A part of the page under a heading of its own; `says` tells in plain words what it is about."""

    id: str
    title: str
    says: str
    blocks: Sequence[Block] = field(default=())


def plots(*charts: Chart | None) -> list[Block]:
    """Those of the charts that have something to show."""
    return [Plot(chart) for chart in charts if chart is not None]


def captioned(run: Run, runs: Sequence[Run], text: str) -> str:
    """A caption as a sentence of its own, or after the run's name where there are several."""
    return f"{run.name}: {text}" if len(runs) > 1 else text[:1].upper() + text[1:]


def missing_suite(runs: Sequence[Run], suite: str, what: str, flags: str = "") -> list[Block]:
    """One remark for each run that the suite has not been run on."""
    return [
        Missing(
            _named(run, runs, what),
            f"python scripts/evaluate.py --checkpoint={shlex.quote(str(run.directory))} --suite={suite}{flags}",
        )
        for run in runs
        if run.evaluation(suite) is None
    ]


def missing_training(run: Run, runs: Sequence[Run], what: str, flags: str = "") -> Missing:
    """The remark for figures that only training writes."""
    return Missing(
        _named(run, runs, what),
        f"python scripts/train.py --config=CONFIG.py --workdir={shlex.quote(str(run.directory))}{flags}",
    )


def missing_data(run: Run, runs: Sequence[Run], what: str) -> Missing:
    """The remark for what stands with the prepared data."""
    return Missing(_named(run, runs, what), "python scripts/prepare_data.py --config=CONFIG.py")


def _named(run: Run, runs: Sequence[Run], what: str) -> str:
    return what if len(runs) == 1 else f"{run.name}: {what}"
