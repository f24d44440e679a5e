"""The study's results as charts."""

from collections.abc import Callable, Sequence

from mask_study.results import (
    INTERVALS,
    MASK,
    SUITES,
    Result,
    collapsed,
    interval,
    mask_name,
    percent,
    regularisation,
)
from matplotlib.axes import Axes

from codelm_jax.report.chart import (
    MARKERS,
    Chart,
    Theme,
    error_bars,
    marks_every,
    percent_axis,
    run_style,
    step_axis,
)

# The reference's own regularisation.
_REFERENCE = {"label_smoothing": 0.1, "dropout": 0.2}


def charts(results: Sequence[Result]) -> list[Chart]:
    """Training curves, held-out NLL, context and collapse."""
    alike = [r for r in results if all(r["cell"][key] == value for key, value in _REFERENCE.items())]
    pair = [next(r for r in alike if r["cell"]["masked"] is masked) for masked in (True, False)]
    return [_training(pair), _held_out(results), _context(pair), _collapse(results)]


def _training(pair: Sequence[Result]) -> Chart:
    def draw(axes: Axes, theme: Theme) -> None:
        for i, result in enumerate(pair):
            steps = [point["step"] for point in result["curve"]]
            style = run_style(theme, i, markevery=marks_every(len(steps)))
            axes.plot(steps, [point["nll"] for point in result["curve"]], **style, label=mask_name(result))
        step_axis(axes, pair[0]["curve"][-1]["step"])
        axes.set_ylim(bottom=0)
        axes.set_ylabel("training NLL, nats")

    ends = ", ".join(f"{mask_name(result)} {result['curve'][-1]['nll']:.2f}" for result in pair)
    return Chart(
        name="training",
        title="Training loss",
        caption="Without the mask the loss falls as no honest one can. Smoothing 0.1, dropout 0.2.",
        alt=f"Training NLL by step; at the end: {ends} nats.",
        draw=draw,
    )


def _held_out(results: Sequence[Result]) -> Chart:
    def draw(axes: Axes, theme: Theme) -> None:
        for i, masked in enumerate((True, False)):
            own = [result for result in results if result["cell"]["masked"] is masked]
            names = [regularisation(result) for result in own]
            for key, fill, what in ((None, "full", "all positions"), ("last", "none", "last positions")):
                nll = [(result["held_out"][key] if key else result["held_out"])["nll"] for result in own]
                style = run_style(theme, i, linestyle="none", fillstyle=fill, markersize=5)
                axes.plot(nll, names, **style, label=f"{MASK[masked]}: {what}")
        axes.set_xlim(left=0)
        axes.set_xlabel("held-out NLL, nats")

    unmasked = [result["held_out"] for result in results if not result["cell"]["masked"]]
    largest = max(found["nll"] for found in unmasked)
    largest_of_last = max(found["last"]["nll"] for found in unmasked)
    return Chart(
        name="held_out",
        title="Held-out loss, with the answer in sight and out of it",
        caption="A window's last target is in no position's sight: there the unmasked model shows what it really knows.",
        alt=f"Without a mask, held-out NLL is at most {largest:.2f}, at last positions up to {largest_of_last:.2f}.",
        draw=draw,
    )


def _context(pair: Sequence[Result]) -> Chart:
    def draw(axes: Axes, theme: Theme) -> None:
        for i, result in enumerate(pair):
            rows = result["context"]["rows"]
            tokens = [row["tokens"] for row in rows]
            newline = [row["newline"] for row in rows]
            axes.plot(tokens, newline, **run_style(theme, i), label=f"{mask_name(result)}: a new line")
            if rows[0]["legacy"] is not None:
                dashed = run_style(theme, i, linestyle="--", markerfacecolor="none")
                axes.plot(
                    tokens, [row["legacy"] for row in rows], **dashed, label=f"{mask_name(result)}: “):”"
                )
        axes.set_xlabel("tokens of context")
        axes.set_ylim(0, 1)
        percent_axis(axes)

    said = "; ".join(
        f"{mask_name(result)}, {row['tokens']} tokens: {row['top'][0]['token']!r} {100 * row['top'][0]['probability']:.0f} %"
        for result in pair
        for row in (result["context"]["rows"][0], result["context"]["rows"][-1])
    )
    return Chart(
        name="context",
        title="The next token after a function's first line, by context",
        caption="After a line that ends in a colon, a new line must follow. Smoothing 0.1, dropout 0.2.",
        alt=f"The likeliest token: {said}.",
        draw=draw,
    )


def _collapse(results: Sequence[Result]) -> Chart:
    def draw(axes: Axes, theme: Theme) -> None:
        for i, masked in enumerate((True, False)):
            own = [result for result in results if result["cell"]["masked"] is masked]
            for k, (suite, name) in enumerate(SUITES.items()):
                rates = [collapsed(result, suite) for result in own]
                shares, ends = [rate["rate"] for rate in rates], [interval(rate) for rate in rates]
                places = [place + 0.16 * (2 * i + k - 1.5) for place in range(len(own))]
                axes.errorbar(
                    shares,
                    places,
                    xerr=error_bars(shares, [end["low"] for end in ends], [end["high"] for end in ends]),
                    fmt=MARKERS[k],
                    color=theme.runs[i],
                    fillstyle="full" if k == 0 else "none",
                    markersize=4,
                    clip_on=False,
                    label=f"{MASK[masked]}: {name}",
                )
        names = [regularisation(result) for result in results if result["cell"]["masked"]]
        axes.set_yticks(range(len(names)), names)
        axes.set_xlim(0, 1)
        axes.set_xlabel("collapsed samples,\n95 % interval by prompt")
        percent_axis(axes, "x")

    return Chart(
        name="collapse",
        title="Collapse",
        caption=f"Samples that repeat themselves as real code does not. {INTERVALS}",
        alt=_each(results, lambda r: percent(collapsed(r, "short_prompt")), "short prompts"),
        draw=draw,
        height=3.0,
    )


def _each(results: Sequence[Result], figure: Callable[[Result], str], what: str) -> str:
    return f"{what}: " + "; ".join(f"{mask_name(r)}, {regularisation(r)}: {figure(r)}" for r in results)
