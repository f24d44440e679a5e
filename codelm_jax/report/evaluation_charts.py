"""The charts of evaluations: context, tasks, token frequencies, calibration, memorisation."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from codelm_jax.report import reference
from codelm_jax.report.chart import (
    MARKERS,
    Chart,
    Theme,
    drawable,
    error_bars,
    label_of,
    percent_axis,
    run_style,
)
from codelm_jax.report.runs import Run
from codelm_jax.report.wording import number, percent, token_name

RUNGS = {"parses": "is valid Python", "defines": "defines it", "runs": "runs", "passes": "passes"}

_BAR_ROOM = 0.24  # inches a bar
_TOKENS_SHOWN = 20
_TOKEN_LENGTH = 12  # characters of its name
_TOP_OF_EACH = 12


def context_chart(runs: Sequence[Run]) -> Chart | None:
    """The probability of a new line, and of `):`, against the length of the context."""
    found = _results(runs, "context")
    if not found:
        return None

    def draw(axes: Axes, theme: Theme) -> None:
        for i, result in found.items():
            rows = result["rows"]
            tokens = [row["tokens"] for row in rows]
            newline = [row["newline"] for row in rows]
            axes.plot(tokens, newline, **run_style(theme, i), label=label_of(runs, runs[i], "a new line"))
            if rows[0]["legacy"] is not None:
                legacy = [row["legacy"] for row in rows]
                axes.plot(
                    tokens,
                    legacy,
                    **run_style(theme, i, linestyle="--", markerfacecolor="none"),
                    label=label_of(runs, runs[i], "“):”"),
                )
        axes.plot(
            list(reference.NEWLINE_PROBABILITY),
            list(reference.NEWLINE_PROBABILITY.values()),
            "*",
            color=theme.muted,
            markersize=7,
            label="reference: a new line",
        )
        axes.plot(
            [0],
            [reference.LEGACY_TOKEN_PROBABILITY],
            "x",
            color=theme.muted,
            markersize=6,
            label="reference: “):”",
        )
        axes.set_xlabel("tokens of context")
        axes.set_ylabel("probability")
        percent_axis(axes)
        axes.set_ylim(-0.03, 1.03)

    words = "; ".join(
        f"{runs[i].name}: "
        + ", ".join(f"{percent(row['newline'], 0)} after {row['tokens']} tokens" for row in result["rows"])
        for i, result in found.items()
    )
    return Chart(
        name="context",
        title="What context does to the next token",
        caption="After a signature such as “def foo(n):” only a new line is right; a sound model is sure of it without "
        "any worked example before it, the collapsing reference wrote “):” instead.",
        alt=f"Probability that a new line comes next, against the length of the context. {words}.",
        draw=draw,
    )


def ladder_chart(runs: Sequence[Run], suite: str, title: str) -> Chart | None:
    """How far the programs of one set of tasks get."""
    found = _results(runs, suite)
    if not found:
        return None

    def draw(axes: Axes, theme: Theme) -> None:
        width = 0.8 / len(found)
        for slot, (i, result) in enumerate(found.items()):
            rates = [result["ladder"][rung] for rung in RUNGS]
            places = [rung - 0.4 + width * (slot + 0.5) for rung in range(len(RUNGS))]
            known = [
                (place, rate) for place, rate in zip(places, rates, strict=True) if rate["rate"] is not None
            ]
            axes.barh(
                [place for place, _ in known],
                [rate["rate"] for _, rate in known],
                height=0.85 * width,
                color=theme.runs[i],
                xerr=error_bars([rate for _, rate in known]),
                error_kw={"ecolor": theme.ink, "capsize": 2.5, "linewidth": 1},
                label=runs[i].name if len(runs) > 1 else None,
            )
            for place, rate in known:
                axes.annotate(
                    percent(rate["rate"]),
                    (rate["high"], place),
                    (4, 0),
                    textcoords="offset points",
                    va="center",
                )
        axes.set_yticks(range(len(RUNGS)), list(RUNGS.values()))
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        # Room for the figures to the right of bars that reach the end.
        axes.set_xlim(0, 1.18)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
        percent_axis(axes, "x")

    words = "; ".join(
        f"{runs[i].name}: "
        + ", ".join(f"{percent(result['ladder'][rung]['rate'])} {RUNGS[rung]}" for rung in RUNGS)
        for i, result in found.items()
    )
    return Chart(
        name=f"ladder_{suite}",
        title=f"{title}: how far its programs get",
        caption="Each rung demands more than the one above it; the thin lines are 95 % intervals.",
        alt=f"Share of samples on each rung. {words}.",
        draw=draw,
        height=0.6 + _BAR_ROOM * len(RUNGS) * (1 + len(found)) / 1.5,
    )


def frequency_chart(runs: Sequence[Run]) -> Chart | None:
    """How often the commonest tokens occur in the corpus and in samples."""
    found = _results(runs, "token_frequency")
    if not found:
        return None
    corpora = {i: _shares(result["corpus"]) for i, result in found.items()}
    samples = {i: _shares(result["samples"]) for i, result in found.items()}
    names = _commonest([*corpora.values(), *samples.values()])
    (first, corpus), *others = corpora.items()
    one_corpus = all(other == corpus for _, other in others)

    def draw(axes: Axes, theme: Theme) -> None:
        places = range(len(names))
        for place, name in zip(places, names, strict=True):
            ends = [shares[name] for shares in (*corpora.values(), *samples.values()) if name in shares]
            axes.plot([min(ends), max(ends)], [place, place], color=theme.grid, linewidth=2.5, zorder=1)
        for i, shares in {first: corpus}.items() if one_corpus else corpora.items():
            _dots(
                axes,
                names,
                shares,
                color=theme.muted if one_corpus else theme.runs[i],
                marker="|",
                markersize=9,
                markeredgewidth=2,
                label="corpus" if one_corpus else label_of(runs, runs[i], "corpus"),
            )
        for i, shares in samples.items():
            _dots(
                axes,
                names,
                shares,
                color=theme.runs[i],
                marker=MARKERS[i],
                markersize=5,
                label=label_of(runs, runs[i], "samples"),
            )
        axes.set_yticks(
            places, [drawable(token_name(name)[:_TOKEN_LENGTH]) for name in names], family="DejaVu Sans Mono"
        )
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlim(left=0)
        axes.set_xlabel("share of all tokens")
        percent_axis(axes, "x")

    words = ", ".join(
        f"{token_name(name)}: {percent(corpus.get(name))} and {percent(samples[first].get(name))}"
        for name in names[:8]
    )
    return Chart(
        name="token_frequency",
        title="The commonest tokens, in the corpus and in samples",
        caption="A healthy model uses tokens about as often as people do; a token far to the right of the corpus's mark "
        "is one that the model overuses (↵ is a line end, ␣ a blank; a missing mark is a token beyond the top 50).",
        alt=f"Share of tokens in the corpus and in samples. {words}.",
        draw=draw,
        height=0.7 + 0.19 * len(names),
    )


def calibration_chart(runs: Sequence[Run]) -> Chart | None:
    """How often the most probable token is right, against how probable the model held it."""
    found = {i: result for i, result in _results(runs, "confidence").items() if result["all"]["positions"]}
    if not found:
        return None

    def draw(axes: Axes, theme: Theme) -> None:
        axes.plot([0, 1], [0, 1], color=theme.muted, linestyle=":", label="perfectly calibrated")
        for i, result in found.items():
            bins = result["all"]["bins"]
            axes.plot(
                [each["confidence"] for each in bins],
                [each["accuracy"] for each in bins],
                **run_style(theme, i),
                label=label_of(runs, runs[i], "held-out code"),
            )
        axes.set_xlabel("probability the model gave its first choice")
        axes.set_ylabel("how often that was right")
        percent_axis(axes, "x")
        percent_axis(axes, "y")

    words = "; ".join(
        f"{runs[i].name}: mean probability {percent(result['all']['top1_prob'])}, right "
        f"{percent(result['all']['accuracy'])}, calibration error {percent(result['all']['calibration_error'])}"
        for i, result in found.items()
    )
    return Chart(
        name="calibration",
        title="Is it as sure as it is right?",
        caption="On the dotted line the model is right exactly as often as it expects; below it, it is overconfident.",
        alt=f"Accuracy against probability of the first choice. {words}.",
        draw=draw,
    )


def memorisation_chart(runs: Sequence[Run]) -> Chart | None:
    """How long a run of each sample also stands in the training data."""
    found = _results(runs, "memorisation")
    if not found:
        return None

    def draw(axes: Axes, theme: Theme) -> None:
        for i, result in found.items():
            lengths = sorted((sample["run"] for sample in result["samples"]), reverse=True)
            shares = [place / len(lengths) for place in range(1, len(lengths) + 1)]
            # Every sample has at least nothing in common with the corpus.
            axes.step(
                [*lengths, 0],
                [*shares, 1.0],
                where="post",
                color=theme.runs[i],
                linewidth=1.5,
                label=label_of(runs, runs[i], "samples"),
            )
            if held_out := result.get("held_out"):
                axes.axvline(
                    held_out["p90"],
                    color=theme.runs[i],
                    linestyle=":",
                    label=label_of(runs, runs[i], "real code: 90 % are shorter"),
                )
        axes.set_xlabel("tokens in a row that stand in the training data")
        axes.set_ylabel("samples with at least so many")
        axes.set_xlim(left=0)
        axes.set_ylim(0, 1.03)
        percent_axis(axes)

    words = "; ".join(
        f"{runs[i].name}: median {number(result['median'])} tokens, longest {number(result['longest'])}"
        for i, result in found.items()
    )
    return Chart(
        name="memorisation",
        title="How much it copies",
        caption="For each sample, the longest piece that stands in the training data word for word; short common pieces "
        "are normal, whole samples would be recitation.",
        alt=f"Share of samples with at least so many copied tokens in a row. {words}.",
        draw=draw,
    )


def _results(runs: Sequence[Run], suite: str) -> dict[int, Mapping[str, Any]]:
    """The newest result of each run that has one, by the run's place."""
    found = ((i, run.evaluation(suite)) for i, run in enumerate(runs))
    return {i: evaluation.result for i, evaluation in found if evaluation}


def _shares(described: Mapping[str, Any]) -> dict[str, float]:
    return {top["token"]: top["share"] for top in described["top"]}


def _commonest(kinds: Sequence[Mapping[str, float]]) -> list[str]:
    """The head of each list, so that what only a collapsed model writes is there too; commonest first."""
    heads = {name for shares in kinds for name in list(shares)[:_TOP_OF_EACH]}
    most = {name: max(shares.get(name, 0.0) for shares in kinds) for name in heads}
    return sorted(heads, key=lambda name: (-most[name], name))[:_TOKENS_SHOWN]


def _dots(axes: Axes, names: Sequence[str], shares: Mapping[str, float], **style: Any) -> None:
    places = [place for place, name in enumerate(names) if name in shares]
    axes.plot([shares[names[place]] for place in places], places, linestyle="none", zorder=2, **style)
