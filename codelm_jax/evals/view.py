"""The view of a result: the terminal, the page and the model card render the same one.

Plain data: text that is already formatted, and the points of charts. How it looks is the renderer's matter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from codelm_jax.evals.statistics import Rate

# Name in `metrics.jsonl` -> step and value of its last record.
LastFigures = Mapping[str, tuple[int, float]]
# "other" has not collapsed, but is not valid Python, or fails its tests.
Judged = Literal["good", "other", "collapsed"]
Style = Literal[
    "line", "dashed", "thin", "dotted", "steps", "points", "open points", "stars", "dotted stars", "crosses"
]


@dataclass(frozen=True)
class PageSection:
    """A heading of the page, shared by suites on the same subject; `says` is its introduction."""

    id: str
    title: str
    says: str


@dataclass(frozen=True)
class Headline:
    """A figure at the top of the page: title, value, and a sentence to judge it by."""

    title: str
    value: str
    says: str


@dataclass(frozen=True)
class Table:
    """Rows of text; the first cell of each is its name.

    Attributes:
        caption: a few words.
        heads: of the columns.
        rows: one cell a column.
        note: how to read it.
        folded: an appendix: closed on the page, left out on the terminal and the card.
    """

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    folded: bool = False
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class Axis:
    """An axis of a chart.

    Attributes:
        label: with the unit.
        scale: "steps" are training steps, logarithmic where shared series reach far beyond the own ones.
        low, high: ends; None leaves them to the data.
    """

    label: str
    scale: Literal["plain", "thousands", "percent", "steps"] = "plain"
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Series:
    """Points of a chart.

    Attributes:
        label: in the legend; "" for none.
        x, y: the points.
        style: "thin" is a noisy line without marks; "points" need an interval.
        low, high: 95 % interval of each y; empty for none.
        shared: not of the run itself: drawn once if all runs agree, else once a run.
        annotated: whether each y is written at its point.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    style: Style = "line"
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    shared: bool = False
    annotated: bool = False


@dataclass(frozen=True)
class Level:
    """A straight line across the chart.

    Attributes:
        label: in the legend.
        value: where it crosses `axis`.
        axis: that it is perpendicular to.
        style: of the line; a "band" fills everything from 0 to the value.
        of_people: a figure of real code: drawn once, in its own colour, if all runs agree.
        minor: left out where several runs share the chart.
    """

    label: str
    value: float
    axis: Literal["x", "y"] = "y"
    style: Literal["dotted", "dashed", "band"] = "dashed"
    of_people: bool = False
    minor: bool = False


@dataclass(frozen=True)
class ChartData:
    """What all charts have.

    Attributes:
        name: of the file, without ending.
        title: the subject.
        caption: how to read it, in one sentence.
        about: what the axes show, in one sentence, for those who can't see it.
        words: the figures of this run, for the same readers.
    """

    name: str
    title: str
    caption: str
    about: str
    words: str


@dataclass(frozen=True)
class Curves(ChartData):
    """A chart over two numeric axes; `height` is in inches, without the legend."""

    x: Axis
    y: Axis
    series: Sequence[Series]
    levels: Sequence[Level] = ()
    height: float = 2.5


@dataclass(frozen=True)
class Bars(ChartData):
    """One horizontal bar for each rate, with its interval."""

    rates: Mapping[str, Rate]


@dataclass(frozen=True)
class Dots(ChartData):
    """The shares of many categories, compared with reference shares.

    Attributes:
        axis: label of the shares.
        reference: its label, and category -> share.
        own: the same of the run.
    """

    axis: str
    reference: tuple[str, Mapping[str, float]]
    own: tuple[str, Mapping[str, float]]


@dataclass(frozen=True)
class ShownSample:
    """One sample.

    Attributes:
        prompt_id: samples with the same one have the same prompt.
        before: worked examples in front of the prompt.
        prompt: that the sample continues; "" where only its name is known.
        text: the sample.
        tokens: its tokens as text; the first may begin inside the prompt.
        logprobs: of the tokens.
        judged: the verdict in a word.
        verdict: the same in a sentence.
    """

    prompt_id: str
    before: str
    prompt: str
    text: str
    tokens: Sequence[str]
    logprobs: Sequence[float]
    judged: Judged
    verdict: str


@dataclass(frozen=True)
class View:
    """One result as it is shown.

    Attributes:
        title: of the suite.
        tables: figures with their intervals; the first is the main one.
        headlines: for the top of the page.
        charts: as data.
        samples: all of them; the renderer chooses.
        verdicts: what each kind of sample did, after "12 of 40 samples".
        scores: metric -> value from 0 to 1, under the names that the Hugging Face Hub uses.
        limits: sentences for the card's list of limits.
    """

    title: str
    tables: Sequence[Table] = ()
    headlines: Sequence[Headline] = ()
    charts: Sequence[ChartData] = ()
    samples: Sequence[ShownSample] = ()
    verdicts: Mapping[Judged, str] | None = None
    scores: Mapping[str, float] | None = None
    limits: Sequence[str] = ()
