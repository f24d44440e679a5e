"""The charts of a training: loss, bits per byte, speed, and collapse over the steps."""

from collections.abc import Callable, Mapping, Sequence

from codelm_jax.evals import reference
from codelm_jax.evals.compressors import PROGRAMS
from codelm_jax.evals.samples import AS_GOOD_MARGIN
from codelm_jax.evals.suites.few_shot import FEW_SHOT, MONITORED, SHORT_PROMPT, Prompted
from codelm_jax.evals.suites.held_out import HELD_OUT
from codelm_jax.evals.view import Axis, ChartData, Curves, Level, Series, Style
from codelm_jax.evals.wording import number, percent
from codelm_jax.report.chart import Chart
from codelm_jax.report.plots import plot
from codelm_jax.report.runs import ReportedRun
from codelm_jax.text.band import human_rate

_STEPS = Axis("training step", "steps")
_FEW_SHOT_TOKENS = 60


def plotted(runs: Sequence[ReportedRun], make: Callable[[ReportedRun], ChartData | None]) -> Chart | None:
    """The chart of the runs that have something to show in it."""
    charts = {i: chart for i, run in enumerate(runs) if (chart := make(run)) is not None}
    return plot([run.name for run in runs], charts) if charts else None


def loss(run: ReportedRun) -> Curves | None:
    """Training and held-out NLL."""
    return _over_steps(
        "loss",
        "How well it predicts the next token",
        "Lower is better; held-out files took no part in training, so where their line turns up while the training line "
        "keeps falling, the model has begun to memorise its files.",
        "NLL over training steps.",
        Axis("NLL, nats per token"),
        [_series(run, "train/nll", "training", "thin"), _series(run, "val/nll", "held out")],
    )


def objective(run: ReportedRun) -> Curves | None:
    """The smoothed training objective and its floor, for runs that smooth their targets."""
    floor = run.last("val/smoothed_loss_floor") or 0
    if floor <= 0:
        return None
    return _over_steps(
        "objective",
        "The training objective and its floor",
        "With label smoothing even a perfect model can't go below the dashed floor; a loss that comes near it means that "
        "the model sees the tokens it has to predict.",
        "Smoothed loss over training steps.",
        Axis("smoothed loss, nats per token", low=0),
        [_series(run, "train/loss", "training", "thin"), _series(run, "val/smoothed_loss", "held out")],
        [Level("floor", floor)],
    )


def compression(run: ReportedRun) -> Curves | None:
    """Bits per byte of the run's `val` files, with those of compressors on the same files."""
    found = compressed(run)
    measured = []
    if "xz" in found:
        measured.append(Level(f"{PROGRAMS['xz']}: {found['xz']:.2f}", found["xz"]))
    if "zstd" in found:
        label = f"{PROGRAMS['zstd']}: {found['zstd']:.2f}"
        measured.append(Level(label, found["zstd"], style="dotted", minor=True))
    return _over_steps(
        "bits_per_byte",
        "Bits per byte of held-out files (val)",
        "How many bits the model would need to store one byte of files that it has not trained on, from packages that it "
        "has; below a compressor's line it knows more about Python than that compressor finds in each file.",
        "Held-out bits per byte over training steps.",
        Axis("bits per byte", low=0),
        [_series(run, "val/bits_per_byte", "held out")],
        measured,
    )


def compressed(run: ReportedRun) -> dict[str, float]:
    """Program -> bits per byte of the run's own `val` files, each file by itself."""
    own = [stored.result for stored in run.results.get(HELD_OUT.name, ()) if stored.result.on_own_data]
    measured = own[-1].sets["val"].compressors if own and "val" in own[-1].sets else None
    found = {program: measured and getattr(measured, program) for program in PROGRAMS}
    return {program: size.by_file for program, size in found.items() if size}


def collapse(run: ReportedRun) -> Curves | None:
    """Collapse over the steps: the monitor, evaluations with intervals, real code and the reference."""
    series = [each for suite in MONITORED for each in _collapse_series(run, suite)]
    if not series:
        return None
    stages = reference.FEW_SHOT_COLLAPSE
    of_reference = Series(
        "reference, few-shot",
        list(stages),
        list(stages.values()),
        "dotted stars",
        shared=True,
        annotated=True,
    )
    human = human_collapse(run)
    told = ", ".join(f"{percent(share)} at step {step:,}" for step, share in stages.items())
    return Curves(
        name="collapse",
        title="Collapse over training",
        caption="How many samples get stuck repeating themselves: lines with their shaded 95 % intervals are the monitor's "
        "few samples during training, points with bars are full evaluations with their 95 % intervals, stars are the "
        "reference by its own rule.",
        about=f"Share of samples that collapse. 2025 reference, few-shot: {told}.",
        words="; ".join([f"real code {percent(human)}", *_courses(series, percent)]),
        x=_STEPS,
        y=Axis("samples that collapse", "percent", low=0),
        series=[*series, of_reference],
        levels=[Level("as good as people", human + AS_GOOD_MARGIN, style="band", of_people=True)],
        height=2.8,
    )


def human_collapse(run: ReportedRun) -> float:
    """The share of real code that the rule flags: from evaluation or monitor, else from the band of the run's data."""
    if result := run.result(FEW_SHOT):
        return result.summary.human_collapsed
    monitored = run.last(FEW_SHOT.metric("collapsed_human"))
    return human_rate(run.human_band, _FEW_SHOT_TOKENS) if monitored is None else monitored


def repetition(run: ReportedRun) -> Curves | None:
    """How much samples repeat themselves over the steps."""
    return _monitored(
        run,
        "seq_rep_4",
        "repetition",
        "Repetition over training",
        "The share of each sample's four-token pieces that it has written before; real code of the same length repeats "
        "itself too, as the dotted line shows.",
        "Share of repeated 4-grams over training steps.",
        Axis("repeated 4-grams", "percent", low=0),
    )


def valid(run: ReportedRun) -> Curves | None:
    """Share of samples that are valid Python over the steps."""
    return _monitored(
        run,
        "parses",
        "valid_python",
        "Valid Python over training",
        "How many of the monitor's samples Python accepts, once cut where their function or class ends. Real code cut off "
        "after as many tokens, the dotted line, often has not come past its docstring.",
        "Share of samples that are valid Python over training steps.",
        Axis("samples that are valid Python", "percent", low=0, high=1.03),
    )


def speed(run: ReportedRun) -> Curves | None:
    """Tokens per second over the steps."""
    return _over_steps(
        "speed",
        "Training speed",
        "How many tokens it learned from each second; a dip means that the machine was busy with something else.",
        "Training speed over training steps.",
        Axis("tokens per second", "thousands", low=0),
        [_series(run, "train/tokens_per_second", "")],
    )


def gradient(run: ReportedRun) -> Curves | None:
    """Gradient norm over the steps."""
    return _over_steps(
        "gradient_norm",
        "Size of the gradient",
        "How strongly each batch pulled at the parameters; spikes or steady growth are signs of instability.",
        "Size of the gradient over training steps.",
        Axis("global norm", "thousands", low=0),
        [_series(run, "train/grad_norm", "")],
    )


def _over_steps(
    name: str,
    title: str,
    caption: str,
    about: str,
    y: Axis,
    series: Sequence[Series],
    levels: Sequence[Level] = (),
) -> Curves | None:
    """A chart over the steps; None without a point."""
    shown = [each for each in series if each.x]
    if not shown:
        return None
    words = [*_courses(shown, number), *(f"{level.label} {number(level.value)}" for level in levels)]
    return Curves(name, title, caption, about, "; ".join(words), _STEPS, y, shown, levels)


def _series(run: ReportedRun, figure: str, label: str, style: Style = "line") -> Series:
    steps, values = run.series(figure)
    return Series(label, steps, values, style)


def _monitored(
    run: ReportedRun, figure: str, name: str, title: str, caption: str, about: str, y: Axis
) -> Curves | None:
    """A figure of the collapse monitor, with that of real code; it is the same code under all suites."""
    series = [_series(run, suite.metric(figure), suite.label, _STYLES[suite]) for suite in MONITORED]
    human = [run.last(suite.metric(f"{figure}_human")) for suite in MONITORED]
    levels = [
        Level("real code", value, style="dotted", of_people=True) for value in human if value is not None
    ]
    return _over_steps(name, title, caption, about, y, series, levels[:1])


def _collapse_series(run: ReportedRun, suite: Prompted) -> list[Series]:
    style = _STYLES[suite]
    found = []
    steps, values = run.series(suite.metric("collapsed"))
    if steps:
        ends = [run.series(suite.metric(f"collapsed_{end}")) for end in ("low", "high")]
        # Older trainings wrote no bounds.
        low, high = (values for _, values in ends) if all(end[0] == steps for end in ends) else ((), ())
        found.append(Series(suite.label, steps, values, style, low, high))
    evaluated = [(stored.step, stored.result.summary.collapsed) for stored in run.by_step(suite.name)]
    if evaluated:
        found.append(
            Series(
                "" if steps else suite.label,
                [step for step, _ in evaluated],
                [rate.rate for _, rate in evaluated],
                "points" if style == "line" else "open points",
                [rate.low for _, rate in evaluated],
                [rate.high for _, rate in evaluated],
            )
        )
    return found


_STYLES: Mapping[Prompted, Style] = {FEW_SHOT: "line", SHORT_PROMPT: "dashed"}


def _courses(series: Sequence[Series], write: Callable[[float], str]) -> list[str]:
    """The first and last value of each, in words."""
    courses = []
    for each in series:
        points = list(zip(each.x, each.y, strict=True))
        ends = points if len(points) < 2 else [points[0], points[-1]]
        course = " to ".join(f"{write(value)} (step {step:,})" for step, value in ends)
        courses.append(f"{each.label} {course}".strip())
    return courses
