"""How a chart is drawn: themes for light and dark pages, one size that stays readable on a phone, SVG and PNG."""

import functools
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.ticker import FuncFormatter

from codelm_jax.evals.wording import visible

MAX_RUNS = 6

# Inches: on a phone, 340 pixels wide, letters are still 11 pixels high.
_WIDTH = 3.8
_FONT = "DejaVu Sans"  # ships with matplotlib
_PNG_DPI = 200
_LEGEND_ROW = 0.2
_LONGEST = 44
_LONGEST_OF_TWO = 22  # characters of a legend's entry that leave room for another one in the row
# If a reference has far more steps than the runs, a linear axis would hide the runs.
_LOGARITHMIC_FROM = 2.0


@dataclass(frozen=True)
class Theme:
    """Colours of a page; the colour-blind can distinguish `runs` (Okabe & Ito 2008, adapted to the background)."""

    name: Literal["light", "dark"]
    background: str
    ink: str
    muted: str
    grid: str
    human: str
    runs: tuple[str, ...]


LIGHT = Theme(
    name="light",
    background="#ffffff",
    ink="#1c1f24",
    muted="#5b6370",
    grid="#dfe2e7",
    human="#00855f",
    runs=("#0068a8", "#b84a00", "#8a4a9e", "#6b6200", "#b01030", "#1c1f24"),
)
DARK = Theme(
    name="dark",
    background="#1b1e23",
    ink="#e8eaed",
    muted="#a3abb8",
    grid="#363b44",
    human="#3ecf9f",
    runs=("#62b8f5", "#f5a04c", "#d79be8", "#d9cc4a", "#ff8fa3", "#e8eaed"),
)
# Besides their colour, runs differ in their marks.
MARKERS = ("o", "s", "^", "D", "v", "P")


@dataclass(frozen=True)
class Chart:
    """One chart.

    Attributes:
        name: of its file, without ending.
        title: what it is about.
        caption: how to read it, in one sentence.
        alt: what it shows, in words and figures, for those who can't see it.
        draw: draws it.
        height: inches, without the legend.
    """

    name: str
    title: str
    caption: str
    alt: str
    draw: Callable[[Axes, Theme], None]
    height: float = 2.5


def svg(chart: Chart, theme: Theme) -> str:
    """The chart as an SVG document, the same bytes each time; letters are outlines, so any reader has the font."""
    with _settings(theme):
        figure = _figure(chart, theme)
        buffer = io.StringIO()
        # Without metadata there is neither a date nor an address in the file.
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        FigureCanvasSVG(figure).print_svg(buffer, metadata=nothing)
    document = buffer.getvalue()
    return document[document.index("<svg") :]


def png(chart: Chart, theme: Theme = LIGHT) -> bytes:
    """The chart as a PNG image on the theme's background."""
    with _settings(theme):
        figure = _figure(chart, theme)
        figure.set_facecolor(theme.background)
        buffer = io.BytesIO()
        figure.set_dpi(_PNG_DPI)
        FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})
    return buffer.getvalue()


def run_style(theme: Theme, index: int, **changes: Any) -> dict[str, Any]:
    """How the lines of one of several runs look, with changes."""
    style = {
        "color": theme.runs[index],
        "marker": MARKERS[index],
        "markersize": 3.5,
        "linewidth": 1.4,
        # A mark on the axis, such as a share of 0, is shown whole.
        "clip_on": False,
    }
    return style | changes


def marks_every(points: int) -> int:
    """Every which point of a line bears its mark, so that marks stay apart."""
    return max(1, points // 12)


def step_axis(axes: Axes, last_step: int, beyond: int = 0) -> None:
    """Training steps from left to right; logarithmic where something is to be seen far `beyond` the last step."""
    axes.set_xlabel("training step")
    if beyond > _LOGARITHMIC_FROM * max(1, last_step):
        axes.set_xscale("log")
    else:
        axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(FuncFormatter(_short_step))
    axes.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))


def percent_axis(axes: Axes, which: Literal["x", "y"] = "y") -> None:
    """Shares, labelled in per cent."""
    axis = axes.yaxis if which == "y" else axes.xaxis
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))


def label_of(names: Sequence[str], run: int, label: str) -> str:
    """A legend's entry: the name of the run comes first where there are several."""
    return label if len(names) == 1 else f"{names[run]}, {label}" if label else names[run]


def drawable(text: str) -> str:
    """Text with the characters that the plots' font lacks spelled out, and no longer than a plot has room for."""
    glyphs = _glyphs()
    spelled = "".join(
        char if ord(char) in glyphs else char.encode("ascii", "backslashreplace").decode()
        for char in visible(text)
    )
    return (
        spelled if len(spelled) <= _LONGEST else f"{spelled[: _LONGEST // 2]}…{spelled[-(_LONGEST // 2) :]}"
    )


def error_bars(values: Sequence[float], low: Sequence[float], high: Sequence[float]) -> list[list[float]]:
    """Distances of values to both ends of their intervals, as matplotlib takes them."""
    return [
        [max(0.0, value - end) for value, end in zip(values, low, strict=True)],
        [max(0.0, end - value) for value, end in zip(values, high, strict=True)],
    ]


@functools.cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont(_FONT)).get_charmap())


def _short_step(value: float, _: Any) -> str:
    return f"{value / 1000:g}k" if abs(value) >= 1000 else f"{value:g}"


def _settings(theme: Theme) -> Any:
    return matplotlib.rc_context(
        {
            "font.family": _FONT,
            "font.size": 9,
            "text.color": theme.ink,
            # Token names are data: a dollar sign in one begins no formula.
            "text.parse_math": False,
            "axes.labelcolor": theme.ink,
            "axes.edgecolor": theme.muted,
            "axes.facecolor": "none",
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "grid.color": theme.grid,
            "grid.linewidth": 0.7,
            "xtick.color": theme.muted,
            "ytick.color": theme.muted,
            "xtick.labelcolor": theme.ink,
            "ytick.labelcolor": theme.ink,
            "legend.frameon": False,
            "legend.fontsize": 8.5,
            "figure.facecolor": "none",
            "svg.fonttype": "path",
            "svg.hashsalt": "codelm-jax",
        }
    )


def _figure(chart: Chart, theme: Theme) -> Figure:
    figure = Figure(figsize=(_WIDTH, chart.height), layout="constrained")
    axes = figure.add_subplot()
    chart.draw(axes, theme)
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        labels = [drawable(label) for label in labels]
        columns = 2 if max(map(len, labels)) <= _LONGEST_OF_TWO else 1
        rows = math.ceil(len(handles) / columns)
        figure.set_figheight(chart.height + _LEGEND_ROW * rows)
        figure.legend(handles, labels, loc="outside lower left", ncols=columns)
    return figure
