import dataclasses

import pytest
from matplotlib.figure import Figure

from codelm_jax.report import chart, reference
from codelm_jax.report.evaluation_charts import context_chart, frequency_chart, memorisation_chart
from codelm_jax.report.runs import Evaluation
from codelm_jax.report.training_charts import (
    collapse_chart,
    compression_chart,
    nll_chart,
    objective_chart,
    repetition_chart,
    valid_chart,
)


def drawn(made):
    axes = Figure().add_subplot()
    made.draw(axes, chart.LIGHT)
    return axes


def line(axes, label):
    found = next(each for each in axes.get_lines() if each.get_label() == label)
    return list(found.get_xdata()), list(found.get_ydata())


def with_result(run, suite, **changes):
    result = {**run.evaluation(suite).result, **changes}
    return dataclasses.replace(run, evaluations={**run.evaluations, suite: [Evaluation(400, True, result)]})


def test_lines_are_the_metrics(run):
    axes = drawn(nll_chart([run]))
    assert line(axes, "training") == run.series("train/nll")
    assert line(axes, "held out") == run.series("val/nll")


def test_the_floor_is_drawn_where_targets_are_smoothed(run, other):
    axes = drawn(objective_chart([run, other]))
    assert set(line(axes, "whole, floor")[1]) == {1.2237}
    assert not [each for each in axes.get_lines() if each.get_label().startswith("other")]
    assert objective_chart([other]) is None


def test_compressors_stand_beside_bits_per_byte(run):
    axes = drawn(compression_chart([run]))
    for program, name in {"xz": "xz -9e", "zstd": "zstd -19"}.items():
        bits = run.compressors()[program]
        assert set(line(axes, f"{name}: {bits:.2f}")[1]) == {bits}


def with_xz(run, name, bits, **settings):
    result = run.evaluation("heldout").result
    sets = result["sets"] | {"val": {**result["sets"]["val"], "compressors": {"xz": {"by_file": bits}}}}
    changed = with_result(run, "heldout", sets=sets, settings={**result["settings"], **settings})
    return dataclasses.replace(changed, name=name)


def test_each_run_has_a_compressor_line_of_its_own_and_none_that_is_not_of_its_files(run, other):
    one, two = with_xz(run, "one", 1.5), with_xz(run, "two", 2.5)
    elsewhere = with_xz(run, "elsewhere", 3.5, data={"data_fingerprint": "another"})
    text = with_xz(run, "text", 4.5, data={"text_tokens_sha256": "0"})
    made = compression_chart([one, two, elsewhere, text, other])
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
    assert "one, xz -9e 1.50; two, xz -9e 2.50" in made.alt


def test_real_code_is_one_line_where_runs_agree_and_else_one_for_each(run):
    def real_code(*runs):
        labels = drawn(repetition_chart(runs)).get_legend_handles_labels()[1]
        return [label for label in labels if "real code" in label]

    agreeing = dataclasses.replace(run, name="two")
    differing = dataclasses.replace(
        agreeing, metrics=[*run.metrics, {"step": 401, "monitor/few_shot_seq_rep_4_human": 0.2}]
    )
    assert real_code(run, agreeing) == ["real code"]
    assert real_code(run, differing) == ["whole, real code", "two, real code"]
    people = [
        each for each in drawn(collapse_chart([run, agreeing], [0.01, 0.05])).patches if each.get_label()
    ]
    assert [each.get_height() for each in people] == pytest.approx([0.03, 0.07])


def test_each_corpus_has_its_marks(run):
    def corpora(*runs):
        labels = drawn(frequency_chart(runs)).get_legend_handles_labels()[1]
        return [label for label in labels if "corpus" in label]

    own = {"top": [{"token": "own", "share": 0.5}]}
    assert corpora(run, dataclasses.replace(run, name="two")) == ["corpus"]
    assert corpora(run, dataclasses.replace(with_result(run, "token_frequency", corpus=own), name="two")) == [
        "whole, corpus",
        "two, corpus",
    ]


def test_collapse_shows_evaluations_with_their_intervals_people_and_the_reference(run):
    axes = drawn(collapse_chart([run], [0.01]))
    bars = next(each for each in axes.containers if each.get_label() == "_nolegend_" or each.has_yerr)
    assert list(bars.lines[0].get_xdata()) == [200, 400]
    rates = [evaluation.result["summary"]["collapsed"] for evaluation in run.by_step("few_shot")]
    assert list(bars.lines[0].get_ydata()) == [rate["rate"] for rate in rates]
    segments = bars.lines[2][0].get_segments()
    assert [segment[:, 1].tolist() for segment in segments] == [
        pytest.approx([rate["low"], rate["high"]]) for rate in rates
    ]
    people = next(each for each in axes.patches if each.get_label() == "as good as people")
    assert people.get_height() == pytest.approx(0.03)
    assert line(axes, "reference, few-shot")[1] == list(reference.FEW_SHOT_COLLAPSE.values())


def test_people_stand_beside_the_monitor_s_samples(run):
    for make, name in ((repetition_chart, "seq_rep_4"), (valid_chart, "parses")):
        (human,) = set(line(drawn(make([run])), "real code")[1])
        assert human == run.last(f"monitor/few_shot_{name}_human")


def test_the_steps_of_a_short_run_are_not_squeezed_by_the_references(run):
    assert drawn(collapse_chart([run], [0.01])).get_xscale() == "log"
    long = dataclasses.replace(
        run, metrics=[*run.metrics, {"step": 50_000, "monitor/few_shot_collapsed": 0.1}]
    )
    assert drawn(collapse_chart([long], [0.01])).get_xscale() == "linear"


def test_context_is_drawn_against_tokens(run):
    rows = run.evaluation("context").result["rows"]
    assert line(drawn(context_chart([run])), "a new line") == (
        [row["tokens"] for row in rows],
        [row["newline"] for row in rows],
    )


def test_copies_are_counted_from_the_longest(run):
    samples = [{"run": length} for length in (0, 3, 3, 10)]
    axes = drawn(memorisation_chart([with_result(run, "memorisation", samples=samples, held_out=None)]))
    assert line(axes, "samples") == ([10, 3, 3, 0, 0], [0.25, 0.5, 0.75, 1.0, 1.0])


def test_a_token_that_only_samples_overuse_is_shown(run):
    corpus = {"top": [{"token": f"c{i}", "share": 0.02} for i in range(50)]}
    samples = {"top": [{"token": "):", "share": 0.9}]}
    axes = drawn(frequency_chart([with_result(run, "token_frequency", corpus=corpus, samples=samples)]))
    assert axes.get_yticklabels()[0].get_text() == "):"
    assert line(axes, "samples") == ([0.9], [0])


# Warnings are errors here, and matplotlib warns of glyphs it lacks and fails on formulas it can't read.
def test_no_token_and_no_name_upsets_the_plots(run):
    tokens = {
        "top": [{"token": token, "share": 0.1} for token in ("$x^{$", "漢字", "🙂", "\u202e", "\n\t\r", "")]
    }
    odd = dataclasses.replace(
        with_result(run, "token_frequency", corpus=tokens, samples=tokens), name="$\\frac{漢🙂"
    )
    for theme in (chart.LIGHT, chart.DARK):
        assert chart.svg(frequency_chart([odd, run]), theme).startswith("<svg")
    assert chart.png(nll_chart([odd, run])).startswith(b"\x89PNG")


def test_the_same_chart_is_the_same_bytes(run):
    made = nll_chart([run])
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
