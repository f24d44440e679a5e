"""Every rate on page and card has its interval, and older files that lack one are still read."""

import copy
import dataclasses

import pytest

from codelm_jax.report.glance import tiles
from codelm_jax.report.model_card import model_card
from codelm_jax.report.page import page_sections
from codelm_jax.report.runs import Evaluation
from codelm_jax.report.section import Table
from codelm_jax.report.wording import bounds, estimate, interval, number, percent

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
    return dataclasses.replace(run, evaluations={}, metrics=[look])


def with_result(run, suite, change):
    result = copy.deepcopy(run.evaluation(suite).result)
    change(result)
    return dataclasses.replace(run, evaluations={suite: [Evaluation(400, True, result)]})


def row(run, name):
    """The first row of that name in any table of the page."""
    tables = [
        block for section in page_sections([run]) for block in section.blocks if isinstance(block, Table)
    ]
    return next(cells for table in tables for cells in table.rows if cells[0] == name)


def card_of(run):
    return model_card(run).replace("\\", "")


def test_the_monitor_s_tiles_have_intervals(run):
    shown = {tile.title: tile for tile in tiles(monitored(run))}
    assert bounds({"low": 0.307, "high": 0.693}) in shown["Samples that collapse"].says
    assert bounds({"low": 0.11, "high": 0.47}) in shown["Samples that are valid Python"].says


def test_a_look_from_before_the_bounds_shows_its_share_alone(run):
    older = monitored(
        run, **{f"monitor/few_shot_{name}": None for name in ("n", "parses_low", "parses_high")}
    )
    (tile,) = [tile for tile in tiles(older) if tile.title == "Samples that are valid Python"]
    assert (tile.value, "interval" in tile.says) == (percent(0.25), False)
    assert f"| valid Python | {percent(0.25)} |" in card_of(older)


def test_the_card_falls_back_on_the_monitor_and_says_so(run):
    few_shot = card_of(monitored(run)).partition("### Samples after worked examples")[2].partition("###")[0]
    assert "monitor's last look" in few_shot
    assert "step 500" in few_shot
    assert "--suite=few_shot" in few_shot
    collapsed = {"rate": 0.5, "low": 0.307, "high": 0.693, "count": 11, "n": 22}
    assert f"| collapsed | {interval(collapsed)} |" in few_shot
    assert "monitor's last look" not in card_of(run)


def test_the_card_has_the_score_of_the_tasks_that_fit(run):
    def overflow(result):
        result["overflowing"], result["answerable"] = 7, 13
        result["answerable_score"] = {"pass@1": {"value": 0.625, "low": 0.5, "high": 0.75}}

    changed = with_result(run, "mini_benchmark", overflow)
    score = changed.evaluation("mini_benchmark").result
    fits = "pass@1, those that fit the context with their solution, all 13 tasks"
    card = card_of(changed)
    assert f"| pass@1, all 20 tasks | {estimate(score['score']['pass@1'])} |" in card
    assert f"| {fits} | {estimate(score['answerable_score']['pass@1'])} |" in card
    assert "7 overflow the context" in card
    assert row(changed, fits)[1] == estimate(score["answerable_score"]["pass@1"])
    assert row(changed, "tasks whose prompt overflows the context")[1] == "7"


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
    found = of(run.evaluation(suite).result)
    assert row(run, name)[1] == interval(found[key])
    older = with_result(run, suite, lambda result: of(result).pop(key))
    assert row(older, name)[1] == bare(found)


def test_accuracy_has_its_interval_and_older_files_are_read(run):
    found = run.evaluation("confidence").result["all"]
    name = "how often that is right"
    assert row(run, name)[1] == f"{percent(found['accuracy'])} {bounds(found['correct'])}"
    older = with_result(run, "confidence", lambda result: result["all"].pop("correct"))
    assert row(older, name)[1] == percent(found["accuracy"])
