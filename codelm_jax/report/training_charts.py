"""The charts of a training: loss, bits per byte, speed, and collapse over the steps."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from codelm_jax.report import reference
from codelm_jax.report.chart import (
    Chart,
    Theme,
    error_bars,
    label_of,
    marks_every,
    percent_axis,
    run_style,
    step_axis,
)
from codelm_jax.report.runs import COMPRESSORS, Run
from codelm_jax.report.wording import number, percent

# A model is as good as people when it collapses at most so much more often.
AS_GOOD_MARGIN = 0.02
_FEW_SHOT, _SHORT_PROMPT = "few_shot", "short_prompt"
_SUITES = {_FEW_SHOT: "few-shot", _SHORT_PROMPT: "short prompt"}


def last_step(runs: Sequence[Run]) -> int:
    """The last step that any of the runs has a figure of."""
    return max((line["step"] for run in runs for line in run.metrics), default=0)


def nll_chart(runs: Sequence[Run]) -> Chart | None:
    """Training and held-out NLL."""
    if not any(run.series("train/nll")[0] or run.series("val/nll")[0] for run in runs):
        return None

    def draw(axes: Axes, theme: Theme) -> None:
        for i, run in enumerate(runs):
            steps, values = run.series("train/nll")
            axes.plot(
                steps,
                values,
                color=theme.runs[i],
                alpha=0.55,
                linewidth=0.9,
                label=label_of(runs, run, "training"),
            )
            steps, values = run.series("val/nll")
            axes.plot(
                steps, values, **run_style(theme, i), markevery=marks_every(len(steps)),
                label=label_of(runs, run, "held out"),
            )  # fmt: skip
        axes.set_ylabel("NLL, nats per token")
        step_axis(axes, last_step(runs))

    return Chart(
        name="loss",
        title="How well it predicts the next token",
        caption="Lower is better; held-out files took no part in training, so where their line turns up while the "
        "training line falls on, the model has begun to learn its files by heart.",
        alt="NLL over training steps. "
        + _last_values(runs, {"train/nll": "training", "val/nll": "held out"}),
        draw=draw,
    )


def objective_chart(runs: Sequence[Run]) -> Chart | None:
    """The smoothed training objective beside its floor, for runs that smooth their targets."""
    smoothed = [run for run in runs if (run.last("val/smoothed_loss_floor") or 0) > 0]
    if not smoothed:
        return None

    def draw(axes: Axes, theme: Theme) -> None:
        for run in smoothed:
            i = runs.index(run)
            steps, values = run.series("train/loss")
            axes.plot(
                steps,
                values,
                color=theme.runs[i],
                alpha=0.55,
                linewidth=0.9,
                label=label_of(runs, run, "training"),
            )
            steps, values = run.series("val/smoothed_loss")
            axes.plot(
                steps, values, **run_style(theme, i), markevery=marks_every(len(steps)),
                label=label_of(runs, run, "held out"),
            )  # fmt: skip
            floor = run.series("val/smoothed_loss_floor")[1][-1]
            axes.axhline(
                floor, color=theme.runs[i], linestyle="--", linewidth=1.2, label=label_of(runs, run, "floor")
            )
        axes.set_ylabel("smoothed loss, nats per token")
        axes.set_ylim(bottom=0)
        step_axis(axes, last_step(runs))

    return Chart(
        name="objective",
        title="The training objective and its floor",
        caption="With label smoothing even a perfect model can't go below the dashed floor; a loss that comes near it "
        "means that the model sees the tokens it has to predict.",
        alt="Smoothed loss over training steps. "
        + _last_values(
            smoothed,
            {"train/loss": "training", "val/smoothed_loss": "held out", "val/smoothed_loss_floor": "floor"},
        ),
        draw=draw,
    )


def compression_chart(runs: Sequence[Run]) -> Chart | None:
    """Bits per byte of each run's `val` files, with what compressors make of the same files."""
    if not any(run.series("val/bits_per_byte")[0] for run in runs):
        return None
    # A compressor's line is for one run's files. With several runs each has one line, so that they can be distinguished.
    shown = ("xz", "zstd") if len(runs) == 1 else ("xz",)
    measured = [
        (i, COMPRESSORS[program], bits)
        for i, run in enumerate(runs)
        for program, bits in run.compressors().items()
        if program in shown
    ]

    def draw(axes: Axes, theme: Theme) -> None:
        for i, run in enumerate(runs):
            steps, values = run.series("val/bits_per_byte")
            axes.plot(
                steps,
                values,
                **run_style(theme, i),
                markevery=marks_every(len(steps)),
                label=label_of(runs, run, "held out"),
            )
        for i, name, bits in measured:
            axes.axhline(
                bits,
                color=theme.muted if len(runs) == 1 else theme.runs[i],
                linestyle="--" if name == COMPRESSORS["xz"] else ":",
                linewidth=1.2,
                label=label_of(runs, runs[i], f"{name}: {bits:.2f}"),
            )
        axes.set_ylabel("bits per byte")
        axes.set_ylim(bottom=0)
        step_axis(axes, last_step(runs))

    compressed = "; ".join(label_of(runs, runs[i], f"{name} {bits:.2f}") for i, name, bits in measured)
    return Chart(
        name="bits_per_byte",
        title="Bits per byte of held-out files (val)",
        caption="How many bits the model would need to store one byte of files that it has not trained on, from packages "
        "that it has; below a compressor's line it knows more about Python than that compressor finds in each file.",
        alt="Held-out bits per byte over training steps. "
        + _last_values(runs, {"val/bits_per_byte": "held out"})
        + (f" Compressors, file by file: {compressed}." if compressed else " No compressor was measured."),
        draw=draw,
    )


def collapse_chart(runs: Sequence[Run], human_rates: Sequence[float]) -> Chart | None:
    """Collapse over the steps: the monitor's rates, the evaluations' with intervals, people's and the reference's.

    Args:
        runs: the runs.
        human_rates: for each run, the share of real code of the samples' length that the same rule flags.
    """
    monitored = any(run.series(f"monitor/{suite}_collapsed")[0] for run in runs for suite in _SUITES)
    evaluated = any(run.evaluation(suite) for run in runs for suite in _SUITES)
    if not monitored and not evaluated:
        return None

    def draw(axes: Axes, theme: Theme) -> None:
        for rate, color, label in _of_people(theme, runs, dict(enumerate(human_rates)), "as good as people"):
            axes.axhspan(0, rate + AS_GOOD_MARGIN, color=color, alpha=0.25, linewidth=0, label=label)
        for i in range(len(runs)):
            for suite in _SUITES:
                _draw_suite(axes, theme, runs, i, suite)
        steps, rates = list(reference.FEW_SHOT_COLLAPSE), list(reference.FEW_SHOT_COLLAPSE.values())
        axes.plot(
            steps, rates, ":*", color=theme.muted, markersize=6, linewidth=1, label="reference, few-shot"
        )
        for step, rate, before in zip(steps, rates, [0.0, *rates], strict=False):
            # On the side from which the line doesn't come.
            offset, edge = (5, "bottom") if rate > before else (-5, "top")
            axes.annotate(
                f"{100 * rate:.1f}",
                (step, rate),
                (0, offset),
                textcoords="offset points",
                ha="center",
                va=edge,
                fontsize=7,
            )
        axes.set_ylabel("samples that collapse")
        percent_axis(axes)
        axes.margins(y=0.1)
        axes.set_ylim(0, None)
        step_axis(axes, _last_collapse_step(runs), beyond=max(steps))

    return Chart(
        name="collapse",
        title="Collapse over training",
        caption="How many samples get stuck repeating themselves: lines with their shaded 95 % intervals are the monitor's few samples "
        "during training, points with bars are full evaluations with their 95 % intervals, stars are the reference by its "
        "own rule.",
        alt=_collapse_in_words(runs, human_rates),
        draw=draw,
        height=2.8,
    )


def repetition_chart(runs: Sequence[Run]) -> Chart | None:
    """How much samples repeat over the steps, beside real code."""
    found = [(run, suite) for run in runs for suite in _SUITES if run.series(f"monitor/{suite}_seq_rep_4")[0]]
    if not found:
        return None

    def draw(axes: Axes, theme: Theme) -> None:
        for run, suite in found:
            i = runs.index(run)
            steps, values = run.series(f"monitor/{suite}_seq_rep_4")
            style = run_style(theme, i, linestyle="-" if suite == _FEW_SHOT else "--")
            label = label_of(runs, run, _SUITES[suite])
            axes.plot(steps, values, **style, markevery=marks_every(len(steps)), label=label)
        _draw_people(axes, theme, runs, "seq_rep_4_human")
        axes.set_ylabel("repeated 4-grams")
        percent_axis(axes)
        axes.set_ylim(bottom=0)
        step_axis(axes, last_step(runs))

    names = {f"monitor/{suite}_seq_rep_4": name for suite, name in _SUITES.items()}
    return Chart(
        name="repetition",
        title="Repetition over training",
        caption="The share of each sample's four-token pieces that it has written before; real code of the same length "
        "repeats itself too, as the dotted line shows.",
        alt="Share of repeated 4-grams over training steps. " + _last_values(runs, names),
        draw=draw,
    )


def valid_chart(runs: Sequence[Run]) -> Chart | None:
    """Share of samples that are valid Python over the steps."""
    found = [(run, suite) for run in runs for suite in _SUITES if run.series(f"monitor/{suite}_parses")[0]]
    if not found:
        return None

    def draw(axes: Axes, theme: Theme) -> None:
        for run, suite in found:
            steps, values = run.series(f"monitor/{suite}_parses")
            style = run_style(theme, runs.index(run), linestyle="-" if suite == _FEW_SHOT else "--")
            label = label_of(runs, run, _SUITES[suite])
            axes.plot(steps, values, **style, markevery=marks_every(len(steps)), label=label)
        _draw_people(axes, theme, runs, "parses_human")
        axes.set_ylabel("samples that are valid Python")
        percent_axis(axes)
        axes.set_ylim(0, 1.03)
        step_axis(axes, last_step(runs))

    names = {f"monitor/{suite}_parses": name for suite, name in _SUITES.items()}
    return Chart(
        name="valid_python",
        title="Valid Python over training",
        caption="How many of the monitor's samples Python accepts, once cut where their function or class ends. Real code "
        "cut off after as many tokens, the dotted line, often has not come past its docstring.",
        alt="Share of samples that are valid Python over training steps. " + _last_values(runs, names),
        draw=draw,
    )


def speed_chart(runs: Sequence[Run]) -> Chart | None:
    """Tokens per second over the steps."""
    name = "train/tokens_per_second"
    return _plain_chart(
        runs, name, "speed", "Training speed", "tokens per second", "How many tokens it learned from each second; "
        "a dip means that the machine was busy with something else.",
    )  # fmt: skip


def gradient_chart(runs: Sequence[Run]) -> Chart | None:
    """Gradient norm over the steps."""
    return _plain_chart(
        runs, "train/grad_norm", "gradient_norm", "Size of the gradient", "global norm",
        "How strongly each batch pulled at the parameters; spikes or steady growth are signs of instability.",
    )  # fmt: skip


def _draw_people(axes: Axes, theme: Theme, runs: Sequence[Run], figure: str) -> None:
    """Draws what the monitor states of real code; under both suites it is the same code."""
    rates: dict[int, float] = {}
    for i, run in enumerate(runs):
        for suite in reversed(_SUITES):
            if (rate := run.last(f"monitor/{suite}_{figure}")) is not None:
                rates[i] = rate
    for rate, color, label in _of_people(theme, runs, rates, "real code"):
        axes.axhline(rate, color=color, linestyle=":", linewidth=2, label=label)


def _of_people(
    theme: Theme, runs: Sequence[Run], rates: Mapping[int, float], name: str
) -> list[tuple[float, str, str]]:
    """Figures of real code with colour and label: one where all runs have the same, else one for each run."""
    if len(rates) == len(runs) and len(set(rates.values())) == 1:
        return [(rates[0], theme.human, name)]
    return [(rate, theme.runs[i], label_of(runs, runs[i], name)) for i, rate in rates.items()]


def _plain_chart(
    runs: Sequence[Run], figure: str, name: str, title: str, unit: str, caption: str
) -> Chart | None:
    if not any(run.series(figure)[0] for run in runs):
        return None

    def draw(axes: Axes, theme: Theme) -> None:
        for i, run in enumerate(runs):
            steps, values = run.series(figure)
            axes.plot(
                steps,
                values,
                **run_style(theme, i, linewidth=1.0),
                markevery=marks_every(len(steps)),
                label=run.name if len(runs) > 1 else None,
            )
        axes.set_ylabel(unit)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
        step_axis(axes, last_step(runs))

    return Chart(
        name, title, caption, f"{title} over training steps. " + _last_values(runs, {figure: unit}), draw
    )


def _draw_suite(axes: Axes, theme: Theme, runs: Sequence[Run], i: int, suite: str) -> None:
    run, line = runs[i], "-" if suite == _FEW_SHOT else "--"
    steps, values = run.series(f"monitor/{suite}_collapsed")
    label: str | None = label_of(runs, run, _SUITES[suite])
    if steps:
        lower_steps, low = run.series(f"monitor/{suite}_collapsed_low")
        upper_steps, high = run.series(f"monitor/{suite}_collapsed_high")
        if lower_steps == upper_steps:
            axes.fill_between(lower_steps, low, high, color=theme.runs[i], alpha=0.13, linewidth=0)
        axes.plot(
            steps,
            values,
            **run_style(theme, i, linestyle=line),
            markevery=marks_every(len(steps)),
            label=label,
        )
        label = None
    found = run.by_step(suite)
    if not found:
        return
    rates: list[Mapping[str, Any]] = [evaluation.result["summary"]["collapsed"] for evaluation in found]
    axes.errorbar(
        [evaluation.step for evaluation in found],
        [rate["rate"] for rate in rates],
        error_bars(rates),
        **run_style(
            theme,
            i,
            markersize=6,
            markerfacecolor="none" if line == "--" else theme.runs[i],
            linestyle="none",
        ),
        capsize=3,
        label=label,
    )


def _last_collapse_step(runs: Sequence[Run]) -> int:
    evaluated = [e.step for run in runs for suite in _SUITES for e in run.by_step(suite)]
    return max([last_step(runs), *evaluated])


def _collapse_in_words(runs: Sequence[Run], human_rates: Sequence[float]) -> str:
    people = ", ".join(percent(rate) for rate in dict.fromkeys(human_rates))
    parts = [f"Share of samples that collapse. Real code: {people}."]
    for run in runs:
        for suite, name in _SUITES.items():
            steps, values = run.series(f"monitor/{suite}_collapsed")
            if steps:
                course = ", ".join(f"{percent(v, 0)} at step {s:,}" for s, v in _ends(steps, values))
                parts.append(f"{run.name}, {name}, monitored: {course}.")
            if evaluation := run.evaluation(suite):
                rate = evaluation.result["summary"]["collapsed"]["rate"]
                parts.append(f"{run.name}, {name}, evaluated at step {evaluation.step:,}: {percent(rate)}.")
    stages = ", ".join(
        f"{percent(rate)} at step {step:,}" for step, rate in reference.FEW_SHOT_COLLAPSE.items()
    )
    return " ".join([*parts, f"2025 reference, few-shot: {stages}."])


def _last_values(runs: Sequence[Run], names: Mapping[str, str]) -> str:
    parts = []
    for run in runs:
        for figure, name in names.items():
            steps, values = run.series(figure)
            if steps:
                course = " to ".join(f"{number(v)} (step {s:,})" for s, v in _ends(steps, values))
                parts.append(f"{run.name}, {name}: {course}.")
    return " ".join(parts)


def _ends(steps: Sequence[int], values: Sequence[float]) -> list[tuple[int, float]]:
    points = list(zip(steps, values, strict=True))
    return points if len(points) < 2 else [points[0], points[-1]]
