import dataclasses
from typing import Any

import pytest
from matplotlib.figure import Figure

from codelm_jax.evals import reference
from codelm_jax.evals.samples import AS_GOOD_MARGIN
from codelm_jax.evals.suites.context import CONTEXT
from codelm_jax.evals.suites.memorisation import MEMORISATION
from codelm_jax.evals.suites.token_frequency import TOKEN_FREQUENCY
from codelm_jax.report import chart, training_charts
from codelm_jax.report.plots import plot
from codelm_jax.report.runs import StoredResult
from codelm_jax.report.training_charts import compressed, human_collapse, plotted


def of_suite(suite, *runs) -> Any:
    """The only chart of a suite, of several runs."""
    charts = {i: found.view.charts[0] for i, run in enumerate(runs) if (found := run.newest(suite.name))}
    return plot([run.name for run in runs], charts)


def of_training(name, *runs) -> Any:
    return plotted(runs, getattr(training_charts, name))


def drawn(made) -> Any:
    axes = Figure().add_subplot()
    made.draw(axes, chart.LIGHT)
    return axes


def line(axes, label):
    found = next(each for each in axes.get_lines() if each.get_label() == label)
    return list(found.get_xdata()), list(found.get_ydata())


def with_result(run, suite, **changes):
    content = {**run.newest(suite).content, **changes}
    return dataclasses.replace(run, results={**run.results, suite: [StoredResult(suite, 400, True, content)]})


def test_lines_are_the_metrics(run):
    axes = drawn(of_training("loss", run))
    assert line(axes, "training") == run.series("train/nll")
    assert line(axes, "held out") == run.series("val/nll")


def test_the_floor_is_drawn_where_targets_are_smoothed(run, other):
    axes = drawn(of_training("objective", run, other))
    assert set(line(axes, "whole, floor")[1]) == {1.2237}
    assert not [each for each in axes.get_lines() if each.get_label().startswith("other")]
    assert of_training("objective", other) is None


def test_compressors_are_drawn_with_bits_per_byte(run):
    axes = drawn(of_training("compression", run))
    for program, name in {"xz": "xz -9e", "zstd": "zstd -19"}.items():
        bits = compressed(run)[program]
        assert set(line(axes, f"{name}: {bits:.2f}")[1]) == {bits}


def with_xz(run, name, bits, **settings):
    content = run.newest("heldout").content
    size = {"bytes": 1, "files": 1, "xz": {"by_file": bits, "joined": bits}}
    sets = content["sets"] | {"val": {**content["sets"]["val"], "compressors": size}}
    changed = with_result(run, "heldout", sets=sets, settings={**content["settings"], **settings})
    return dataclasses.replace(changed, name=name)


def test_each_run_has_a_compressor_line_of_its_own_and_none_that_is_not_of_its_files(run, other):
    one, two = with_xz(run, "one", 1.5), with_xz(run, "two", 2.5)
    elsewhere = with_xz(run, "elsewhere", 3.5, data={"data_fingerprint": "another"})
    text = with_xz(run, "text", 4.5, data={"text_tokens_sha256": "0"})
    made = of_training("compression", one, two, elsewhere, text, other)
    axes = drawn(made)
    assert [label for label in axes.get_legend_handles_labels()[1] if "xz" in label] == [
        "one, xz -9e: 1.50",
        "two, xz -9e: 2.50",
    ]
    for name, bits in (("one", 1.5), ("two", 2.5)):
        drawn_line = next(
            each for each in axes.get_lines() if each.get_label() == f"{name}, xz -9e: {bits:.2f}"
        )
        of_run = next(each for each in axes.get_lines() if each.get_label() == f"{name}, held out")
        assert set(drawn_line.get_ydata()) == {bits}
        assert drawn_line.get_color() == of_run.get_color()
    assert "xz -9e: 1.50" in made.alt.partition("one: ")[2].partition("two: ")[0]


def with_summary(run, **changes):
    summary = {**run.newest("few_shot").content["summary"], **changes}
    return with_result(run, "few_shot", summary=summary)


def test_real_code_is_one_line_where_runs_agree_and_else_one_for_each(run):
    def real_code(*runs):
        labels = drawn(of_training("repetition", *runs)).get_legend_handles_labels()[1]
        return [label for label in labels if "real code" in label]

    agreeing = dataclasses.replace(run, name="two")
    differing = dataclasses.replace(
        agreeing, metrics=[*run.metrics, {"step": 401, "monitor/few_shot_seq_rep_4_human": 0.2}]
    )
    assert real_code(run, agreeing) == ["real code"]
    assert real_code(run, differing) == ["whole, real code", "two, real code"]
    looser = with_summary(agreeing, human_collapsed=0.05)
    people = [each for each in drawn(of_training("collapse", run, looser)).patches if each.get_label()]
    assert [each.get_height() for each in people] == pytest.approx([human_collapse(run) + 0.02, 0.07])


def top(shares):
    found = [{"token": name, "token_id": 0, "count": 1, "share": share} for name, share in shares.items()]
    return {"tokens": 1, "unique": 1, "characters_per_token": 1.0, "shares": {}, "top": found}


def test_each_corpus_has_its_marks(run):
    def corpora(*runs):
        labels = drawn(of_suite(TOKEN_FREQUENCY, *runs)).get_legend_handles_labels()[1]
        return [label for label in labels if "corpus" in label]

    own = top({"own": 0.5})
    assert corpora(run, dataclasses.replace(run, name="two")) == ["corpus"]
    assert corpora(run, dataclasses.replace(with_result(run, "token_frequency", corpus=own), name="two")) == [
        "whole, corpus",
        "two, corpus",
    ]


def test_collapse_shows_evaluations_with_their_intervals_people_and_the_reference(run):
    axes = drawn(of_training("collapse", run))
    bars = next(each for each in axes.containers if each.get_label() == "_nolegend_" or each.has_yerr)
    assert list(bars.lines[0].get_xdata()) == [200, 400]
    rates = [stored.result.summary.collapsed for stored in run.by_step("few_shot")]
    assert list(bars.lines[0].get_ydata()) == [rate.rate for rate in rates]
    segments = bars.lines[2][0].get_segments()
    assert [segment[:, 1].tolist() for segment in segments] == [
        pytest.approx([rate.low, rate.high]) for rate in rates
    ]
    people = next(each for each in axes.patches if each.get_label() == "as good as people")
    assert people.get_height() == pytest.approx(human_collapse(run) + AS_GOOD_MARGIN)
    assert line(axes, "reference, few-shot")[1] == list(reference.FEW_SHOT_COLLAPSE.values())


def test_real_code_is_drawn_with_the_monitor_s_samples(run):
    for made, name in (("repetition", "seq_rep_4"), ("valid", "parses")):
        (human,) = set(line(drawn(of_training(made, run)), "real code")[1])
        assert human == run.last(f"monitor/few_shot_{name}_human")


def test_the_steps_of_a_short_run_are_not_squeezed_by_the_references(run):
    assert drawn(of_training("collapse", run)).get_xscale() == "log"
    long = dataclasses.replace(
        run, metrics=[*run.metrics, {"step": 50_000, "monitor/few_shot_collapsed": 0.1}]
    )
    assert drawn(of_training("collapse", long)).get_xscale() == "linear"


def test_context_is_drawn_against_tokens(run):
    rows = run.result(CONTEXT).rows
    assert line(drawn(of_suite(CONTEXT, run)), "a new line") == (
        [row.tokens for row in rows],
        [row.newline for row in rows],
    )


def test_copies_are_counted_from_the_longest(run):
    samples = [{"tokens": 20, "run": n, "share": n / 20, "start": 0, "file": None} for n in (0, 3, 3, 10)]
    axes = drawn(of_suite(MEMORISATION, with_result(run, "memorisation", samples=samples, held_out=None)))
    assert line(axes, "samples") == ([10, 3, 3, 0, 0], [0.25, 0.5, 0.75, 1.0, 1.0])


def test_a_token_that_only_samples_overuse_is_shown(run):
    corpus, samples = top({f"c{i}": 0.02 for i in range(50)}), top({"):": 0.9})
    changed = with_result(run, "token_frequency", corpus=corpus, samples=samples)
    axes = drawn(of_suite(TOKEN_FREQUENCY, changed))
    assert axes.get_yticklabels()[0].get_text() == "):"
    assert line(axes, "samples") == ([0.9], [0])


# Warnings are errors here, and matplotlib warns of glyphs it lacks and fails on formulas it can't read.
def test_no_token_and_no_name_upsets_the_plots(run):
    tokens = top(dict.fromkeys(("$x^{$", "漢字", "🙂", "\u202e", "\n\t\r", ""), 0.1))
    odd = dataclasses.replace(
        with_result(run, "token_frequency", corpus=tokens, samples=tokens), name="$\\frac{漢🙂"
    )
    for theme in (chart.LIGHT, chart.DARK):
        assert chart.svg(of_suite(TOKEN_FREQUENCY, odd, run), theme).startswith("<svg")
    assert chart.png(of_training("loss", odd, run)).startswith(b"\x89PNG")


def test_the_same_chart_is_the_same_bytes(run):
    made = of_training("loss", run)
    assert chart.svg(made, chart.LIGHT) == chart.svg(made, chart.LIGHT)
    assert chart.svg(made, chart.LIGHT) != chart.svg(made, chart.DARK)


def contrast(one, two):
    def luminance(colour):
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [chart.LIGHT, chart.DARK])
def test_colours_can_be_read_on_their_background(theme):
    assert all(contrast(colour, theme.background) >= 4.5 for colour in (theme.ink, theme.muted, *theme.runs))
    assert len(set(theme.runs)) == len(set(chart.MARKERS)) == chart.MAX_RUNS
