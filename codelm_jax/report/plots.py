"""Draws the chart data of views, of one run or of several in one chart."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from codelm_jax.evals.view import Axis, Bars, ChartData, Curves, Dots, Level, Series
from codelm_jax.evals.wording import percent, token_name
from codelm_jax.report.chart import (
    MARKERS,
    Chart,
    Theme,
    drawable,
    error_bars,
    label_of,
    marks_every,
    percent_axis,
    run_style,
    step_axis,
)

_BAR_ROOM = 0.24  # inches a bar
_DOT_ROOM = 0.19
_TOKENS_SHOWN = 20
_TOKEN_LENGTH = 12  # characters of its name
_TOP_OF_EACH = 12


def plot(names: Sequence[str], charts: Mapping[int, ChartData]) -> Chart:
    """One chart of the same figures of several runs.

    Args:
        names: of all runs in the report.
        charts: by the run's place in `names`; at least one, all of the same kind.
    """
    first = next(iter(charts.values()))
    draw, height = _drawing(names, charts, first)
    words = " ".join(f"{names[run]}: {chart.words}." for run, chart in charts.items())
    return Chart(first.name, first.title, first.caption, f"{first.about} {words}", draw, height)


def _drawing(
    names: Sequence[str], charts: Mapping[int, ChartData], first: ChartData
) -> tuple[Callable[[Axes, Theme], None], float]:
    if isinstance(first, Curves):
        curves = {run: chart for run, chart in charts.items() if isinstance(chart, Curves)}
        return lambda axes, theme: _draw_curves(axes, theme, names, curves), first.height
    if isinstance(first, Bars):
        bars = {run: chart for run, chart in charts.items() if isinstance(chart, Bars)}
        height = 0.6 + _BAR_ROOM * len(first.rates) * (1 + len(bars)) / 1.5
        return lambda axes, theme: _draw_bars(axes, theme, names, bars), height
    dots = {run: chart for run, chart in charts.items() if isinstance(chart, Dots)}
    categories = _commonest(dots)
    return lambda axes, theme: _draw_dots(axes, theme, names, dots, categories), 0.7 + _DOT_ROOM * len(
        categories
    )


def _draw_curves(axes: Axes, theme: Theme, names: Sequence[str], charts: Mapping[int, Curves]) -> None:
    for (run, level), agreed in _once(charts, lambda chart: chart.levels, lambda level: level.of_people):
        if not (level.minor and len(names) > 1):
            color = theme.human if agreed else theme.runs[run]
            _draw_level(axes, level, color, level.label if agreed else label_of(names, run, level.label))
    for (run, series), agreed in _once(charts, lambda chart: chart.series, lambda series: series.shared):
        style = run_style(theme, run)
        if agreed:
            style |= {"color": theme.muted}
        label = series.label if agreed else label_of(names, run, series.label)
        _draw_series(axes, series, style, label if series.label else None)
    first = next(iter(charts.values()))
    own, shared = (
        [x for chart in charts.values() for each in chart.series if each.shared is kind for x in each.x]
        for kind in (False, True)
    )
    _set_axis(axes, "x", first.x, max(own, default=0), max(shared, default=0))
    _set_axis(axes, "y", first.y, 0, 0)


def _once(
    charts: Mapping[int, Curves],
    parts: Callable[[Curves], Sequence[Any]],
    shared: Callable[[Any], bool],
) -> list[tuple[tuple[int, Any], bool]]:
    """Every part with its run, and whether it speaks for all: a shared part that is the same in all runs comes once."""
    found = []
    for run, chart in charts.items():
        for part in parts(chart):
            agreed = shared(part) and all(part in parts(other) for other in charts.values())
            if not agreed or run == next(iter(charts)):
                found.append(((run, part), agreed))
    return found


def _draw_level(axes: Axes, level: Level, color: str, label: str) -> None:
    if level.style == "band":
        axes.axhspan(0, level.value, color=color, alpha=0.25, linewidth=0, label=label)
        return
    line = axes.axhline if level.axis == "y" else axes.axvline
    dotted = level.style == "dotted"
    line(
        level.value,
        color=color,
        linestyle=":" if dotted else "--",
        linewidth=1.8 if dotted else 1.2,
        label=label,
    )


def _draw_series(axes: Axes, series: Series, style: dict[str, Any], label: str | None) -> None:
    color = style["color"]
    points = series.style in ("points", "open points")
    if points and series.low:
        fill = color if series.style == "points" else "none"
        axes.errorbar(
            series.x,
            series.y,
            error_bars(series.y, series.low, series.high),
            **style | {"markersize": 6, "markerfacecolor": fill, "linestyle": "none"},
            capsize=3,
            label=label,
        )
        return
    if series.low:
        axes.fill_between(series.x, series.low, series.high, color=color, alpha=0.13, linewidth=0)
    looks: dict[str, dict[str, Any]] = {
        "line": style,
        "dashed": style | {"linestyle": "--", "markerfacecolor": "none"},
        "thin": {"color": color, "alpha": 0.55, "linewidth": 0.9},
        "dotted": {"color": color, "linestyle": ":"},
        "steps": {"color": color, "linewidth": 1.5, "drawstyle": "steps-post"},
        "stars": {"color": color, "marker": "*", "markersize": 7, "linestyle": "none"},
        "dotted stars": {"color": color, "marker": "*", "markersize": 6, "linewidth": 1, "linestyle": ":"},
        "crosses": {"color": color, "marker": "x", "markersize": 6, "linestyle": "none"},
    }
    every = marks_every(len(series.x)) if len(series.x) > 1 else None
    axes.plot(series.x, series.y, **looks[series.style], markevery=every, label=label)
    if series.annotated:
        _annotate(axes, series)


def _annotate(axes: Axes, series: Series) -> None:
    for x, y, before in zip(series.x, series.y, [0.0, *series.y], strict=False):
        # On the side from which the line doesn't come.
        offset, edge = (5, "bottom") if y > before else (-5, "top")
        axes.annotate(
            f"{100 * y:.1f}",
            (x, y),
            (0, offset),
            textcoords="offset points",
            ha="center",
            va=edge,
            fontsize=7,
        )


def _set_axis(axes: Axes, which: Any, axis: Axis, last: float, beyond: float) -> None:
    if axis.scale == "steps":
        step_axis(axes, int(last), int(beyond))
        return
    axes.set(**{f"{which}label": axis.label})
    if axis.scale == "percent":
        percent_axis(axes, which)
    if axis.scale == "thousands":
        (axes.yaxis if which == "y" else axes.xaxis).set_major_formatter(lambda value, _: f"{value:,g}")
    if axis.low is not None or axis.high is not None:
        axes.set(**{f"{which}lim": (axis.low, axis.high)})


def _draw_bars(axes: Axes, theme: Theme, names: Sequence[str], charts: Mapping[int, Bars]) -> None:
    width = 0.8 / len(charts)
    categories = list(next(iter(charts.values())).rates)
    for slot, (run, chart) in enumerate(charts.items()):
        known = [
            (category - 0.4 + width * (slot + 0.5), found)
            for category, found in enumerate(chart.rates.values())
            if found.rate is not None
        ]
        shares = [found.rate or 0.0 for _, found in known]
        axes.barh(
            [place for place, _ in known],
            shares,
            height=0.85 * width,
            color=theme.runs[run],
            xerr=error_bars(shares, [found.low for _, found in known], [found.high for _, found in known]),
            error_kw={"ecolor": theme.ink, "capsize": 2.5, "linewidth": 1},
            label=names[run] if len(names) > 1 else None,
        )
        for place, found in known:
            axes.annotate(
                percent(found.rate), (found.high, place), (4, 0), textcoords="offset points", va="center"
            )
    axes.set_yticks(range(len(categories)), categories)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    # Room for the figures to the right of bars that reach the end.
    axes.set_xlim(0, 1.18)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    percent_axis(axes, "x")


def _draw_dots(
    axes: Axes, theme: Theme, names: Sequence[str], charts: Mapping[int, Dots], categories: Sequence[str]
) -> None:
    shares = [shares for chart in charts.values() for _, shares in (chart.reference, chart.own)]
    for place, name in enumerate(categories):
        ends = [each[name] for each in shares if name in each]
        axes.plot([min(ends), max(ends)], [place, place], color=theme.grid, linewidth=2.5, zorder=1)
    first = next(iter(charts.values())).reference
    agreed = all(chart.reference == first for chart in charts.values())
    mark = {"marker": "|", "markersize": 9, "markeredgewidth": 2}
    for run, chart in charts.items():
        if agreed and run == next(iter(charts)):
            _dots(axes, categories, first[1], color=theme.muted, label=first[0], **mark)
        elif not agreed:
            label = label_of(names, run, chart.reference[0])
            _dots(axes, categories, chart.reference[1], color=theme.runs[run], label=label, **mark)
    for run, chart in charts.items():
        look = {"color": theme.runs[run], "marker": MARKERS[run], "markersize": 5}
        _dots(axes, categories, chart.own[1], **look, label=label_of(names, run, chart.own[0]))
    ticks = [drawable(token_name(name)[:_TOKEN_LENGTH]) for name in categories]
    axes.set_yticks(range(len(categories)), ticks, family="DejaVu Sans Mono")
    axes.set_ylim(len(categories) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.set_xlabel(next(iter(charts.values())).axis)
    percent_axis(axes, "x")


def _dots(axes: Axes, names: Sequence[str], shares: Mapping[str, float], **style: Any) -> None:
    places = [place for place, name in enumerate(names) if name in shares]
    axes.plot([shares[names[place]] for place in places], places, linestyle="none", zorder=2, **style)


def _commonest(charts: Mapping[int, Dots]) -> list[str]:
    """The head of each list, so that tokens that only a collapsed model writes are there too; commonest first."""
    kinds = [shares for chart in charts.values() for _, shares in (chart.reference, chart.own)]
    heads = {name for shares in kinds for name in list(shares)[:_TOP_OF_EACH]}
    most = {name: max(shares.get(name, 0.0) for shares in kinds) for name in heads}
    return sorted(heads, key=lambda name: (-most[name], name))[:_TOKENS_SHOWN]
