"""Every rate on page and card has its interval, and older files that lack one are still read."""

import copy
import dataclasses

import pytest

from codelm_jax.evals.statistics import Rate
from codelm_jax.evals.suites.confidence import CONFIDENCE
from codelm_jax.evals.suites.mini_benchmark import MINI_BENCHMARK
from codelm_jax.evals.tasks import estimate
from codelm_jax.evals.view import Table
from codelm_jax.evals.wording import bounds, interval, number, percent
from codelm_jax.report.glance import headlines
from codelm_jax.report.model_card import model_card
from codelm_jax.report.page import page_sections
from codelm_jax.report.runs import StoredResult

LOOK = {
    "step": 500,
    **{
        f"monitor/{suite}_{name}": value
        for suite in ("few_shot", "short_prompt")
        for name, value in {
            "n": 22.0,
            "collapsed": 0.5,
            "collapsed_low": 0.307,
            "collapsed_high": 0.693,
            "collapsed_human": 0.01,
            "parses": 0.25,
            "parses_low": 0.11,
            "parses_high": 0.47,
            "parses_human": 0.8,
        }.items()
    },
}


def monitored(run, **changes):
    look = {name: value for name, value in (LOOK | changes).items() if value is not None}
    return dataclasses.replace(run, results={}, metrics=[look])


def with_result(run, suite, change):
    content = copy.deepcopy(run.newest(suite).content)
    change(content)
    return dataclasses.replace(run, results={suite: [StoredResult(suite, 400, True, content)]})


def row(run, name):
    """The first row of that name in any table of the page."""
    tables = [
        block for section in page_sections([run]) for block in section.blocks if isinstance(block, Table)
    ]
    return next(cells for table in tables for cells in table.rows if cells[0] == name)


def card_of(run):
    return model_card(run).replace("\\", "")


def test_the_monitor_s_tiles_have_intervals(run):
    shown = {tile.title: tile for tile in headlines(monitored(run))}
    assert bounds(0.307, 0.693) in shown["Samples that collapse"].says
    assert bounds(0.11, 0.47) in shown["Samples that are valid Python"].says


def test_a_look_from_before_the_bounds_shows_its_share_alone(run):
    older = monitored(
        run, **{f"monitor/few_shot_{name}": None for name in ("n", "parses_low", "parses_high")}
    )
    (tile,) = [tile for tile in headlines(older) if tile.title == "Samples that are valid Python"]
    assert (tile.value, "interval" in tile.says) == (percent(0.25), False)
    assert f"| valid Python | {percent(0.25)} |" in card_of(older)


def test_the_card_falls_back_on_the_monitor_and_says_so(run):
    few_shot = card_of(monitored(run)).partition("### Samples after worked examples")[2].partition("###")[0]
    assert "monitor's last samples" in few_shot
    assert "step 500" in few_shot
    assert "--suite=few_shot" in few_shot
    assert f"| collapsed | {interval(Rate(11, 22, 0.5, 0.307, 0.693))} |" in few_shot
    assert "monitor's last samples" not in card_of(run)


def test_the_card_has_the_score_of_the_tasks_that_fit(run):
    def overflow(result):
        result["overflowing"], result["answerable"] = 7, 13
        result["answerable_score"] = {"pass@1": {"value": 0.625, "low": 0.5, "high": 0.75}}

    changed = with_result(run, "mini_benchmark", overflow)
    score = changed.result(MINI_BENCHMARK)
    fits = "pass@1, those that fit the context with their solution, all 13 tasks"
    card = card_of(changed)
    assert f"| pass@1, all 20 tasks | {estimate(score.score['pass@1'])} |" in card
    assert f"| {fits} | {estimate(score.answerable_score['pass@1'])} |" in card
    assert "| tasks whose prompt overflows the context, failed | 7 |" in card
    assert row(changed, fits)[1] == estimate(score.answerable_score["pass@1"])
    assert row(changed, "tasks whose prompt overflows the context, failed")[1] == "7"


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(0.0, 0.149, "not decided"), (0.0, 0.02, "yes"), (0.1, 0.3, "no")]
)
def test_as_good_as_people_is_said_where_the_interval_decides_whatever_an_older_file_says(
    run, low, high, verdict
):
    def change(result):
        result["summary"]["human_collapsed"] = 0.01
        result["summary"]["as_good_as_people"] = True
        result["summary"]["collapsed"] |= {"low": low, "high": high, "cluster_low": low, "cluster_high": low}

    assert row(with_result(run, "few_shot", change), "as good as people")[1] == verdict


@pytest.mark.parametrize(
    ("suite", "name", "of", "key", "bare"),
    [
        ("few_shot", "exact duplicates", lambda r: r["summary"], "duplicated", lambda r: percent(r["duplicates"])),
        ("memorisation", "whole ones", lambda r: r, "whole", lambda r: number(r["whole_samples"])),
    ],
)  # fmt: skip
def test_counts_of_samples_have_intervals_and_older_files_are_read(run, suite, name, of, key, bare):
    found = of(run.newest(suite).content)
    rate = {name: found[key][name] for name in ("count", "n", "rate", "low", "high")}
    assert row(run, name)[1] == interval(Rate(**rate))
    older = with_result(run, suite, lambda result: of(result).pop(key))
    assert row(older, name)[1] == bare(found)


def test_accuracy_has_its_interval_and_older_files_are_read(run):
    found = run.result(CONFIDENCE).all
    name = "how often that is right"
    assert row(run, name)[1] == f"{percent(found.accuracy)} {bounds(found.correct.low, found.correct.high)}"
    older = with_result(run, "confidence", lambda result: result["all"].pop("correct"))
    assert row(older, name)[1] == percent(found.accuracy)
