import dataclasses
import html
import json
import resource
import shutil
import subprocess
import sys
from typing import Any

import pytest
import report_runs
from html_reading import Page, image

from codelm_jax.errors import UserError
from codelm_jax.evals.suites.confidence import CONFIDENCE
from codelm_jax.evals.suites.few_shot import FEW_SHOT
from codelm_jax.evals.suites.held_out import HELD_OUT
from codelm_jax.evals.suites.memorisation import MEMORISATION
from codelm_jax.evals.suites.mini_benchmark import MINI_BENCHMARK
from codelm_jax.evals.wording import NONE, bounds, interval, number, percent, visible
from codelm_jax.report import chart, comparability
from codelm_jax.report.glance import headlines
from codelm_jax.report.page import page_sections, render, write_report
from codelm_jax.report.runs import StoredResult, load_runs
from codelm_jax.report.samples import samples_section
from codelm_jax.report.section import Missing, Plot
from codelm_jax.run_files import read_object


def commands(workdirs):
    sections = page_sections(load_runs(workdirs))
    return [block.command for section in sections for block in section.blocks if isinstance(block, Missing)]


def page_of(*runs, drawn=()):
    """The page with only the charts of these sections: drawing takes most of the time."""
    sections = [
        section
        if section.id in drawn
        else dataclasses.replace(section, blocks=[b for b in section.blocks if not isinstance(b, Plot)])
        for section in page_sections(runs)
    ]
    return Page(render(runs, sections))


@pytest.fixture(scope="session")
def written(run, tmp_path_factory):
    return write_report([run], tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="session")
def page(written):
    return Page(written.read_text())


@pytest.fixture(scope="session")
def both(run, other):
    context_alone = {"context": run.results["context"]}
    return page_of(dataclasses.replace(run, results=context_alone), other)


def test_the_page_fetches_nothing(page, written):
    for address in page.values("src") + page.values("srcset"):
        document = image(address)
        assert "href" not in document.replace('xlink:href="#', "")
        assert "url(" not in document.replace("url(#", "")
    assert all(address.startswith("#") for address in page.values("href"))
    assert {tag for tag, _ in page.elements}.isdisjoint(
        {"script", "link", "iframe", "object", "embed", "form"}
    )
    style = written.read_text().partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    policy = next(
        attrs["content"]
        for tag, attrs in page.elements
        if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'")


def test_generated_text_is_shown_and_never_obeyed(run):
    content = run.newest("few_shot").content
    hostile = {
        **content["samples"][0],
        "text": report_runs.HOSTILE,
        "tokens": [report_runs.HOSTILE],
        "logprobs": [-1.0],
    }
    stored = StoredResult("few_shot", 400, True, {**content, "samples": [hostile]})
    evil = dataclasses.replace(run, results={"few_shot": [stored]})
    read = Page(render([evil], [samples_section([evil])]))
    assert visible(report_runs.HOSTILE) in read.text
    assert not {"\x00", "\u202e"} & set(read.text)
    assert {tag for tag, _ in read.elements}.isdisjoint({"script", "img"})


ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "a", "header", "nav", "ul", "li", "main", "section", "h1", "h2",
    "h3", "p", "dl", "dt", "dd", "div", "figure", "figcaption", "picture", "source", "img", "table", "thead", "tbody",
    "tr", "th", "td", "details", "summary", "pre", "code", "span",
}  # fmt: skip
EVIL = "\"'></td><img src=x onerror=alert(1)><script>1</script>${{7*7}}\u202e\ud800"
# What the report compares with its own words, and so can't be anything else.
NAMES = {"suite", "split", "rung"}


def poisoned(value, key=""):
    if isinstance(value, dict):
        # Names that the report looks up are fixed; those that come from templates, tasks and models are not.
        foreign = key in ("by_category", "by_prompt", "prompts", "failures", "skipped")
        return {(name + EVIL if foreign else name): poisoned(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [poisoned(item, key) for item in value]
    return value + EVIL if isinstance(value, str) and key not in NAMES | {"prepared_dir"} else value


def test_no_string_of_any_file_becomes_markup(whole, tmp_path):
    evil = tmp_path / "<img src=x>"
    shutil.copytree(whole, evil)
    shutil.copytree(whole.parent / "data", tmp_path / "data")
    for file in [*evil.rglob("*.json"), tmp_path / "data" / "manifest.json"]:
        value: Any = poisoned(read_object(file))
        if file.name == "config.json":
            value["data"]["prepared_dir"] = str(tmp_path / "data")
        file.write_text(json.dumps(value))
    read = page_of(*load_runs([evil]), drawn=("context", "tokens"))
    read.text.encode("utf-8")
    assert {tag for tag, _ in read.elements} <= ALLOWED
    assert not [name for _, attrs in read.elements for name in attrs if name.startswith("on")]
    assert all(address.startswith("data:image/svg+xml;base64,") for address in read.values("src"))
    assert "${{7*7}}\\u202e\\ud800" in read.text


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("metrics.jsonl", "scripts/train.py"),
        ("config.json", "scripts/train.py"),
        ("summary.json", "scripts/train.py"),
        *(
            (f"evals/step_400/{suite}.json", f"--suite={suite}")
            for suite in report_runs.SUITES
            if suite != "few_shot"
        ),
    ],
)
def test_a_missing_file_leaves_a_page_that_names_the_command(whole, tmp_path, file, command):
    shutil.copytree(whole, tmp_path / "run")
    (tmp_path / "run" / file).unlink()
    assert any(command in line and str(tmp_path / "run") in line for line in commands([tmp_path / "run"]))


def test_an_empty_directory_gives_a_page_that_names_every_command(tmp_path):
    read = page_of(*load_runs([tmp_path]))
    for suite in (*report_runs.SUITES, "humaneval", "mbpp"):
        assert f"--suite={suite}" in read.text
    assert "scripts/prepare_data.py" in read.text


def test_a_whole_run_misses_nothing_but_the_public_benchmarks(page):
    missing = [line for line in page.text.splitlines() if line.startswith("python scripts/")]
    assert [line.partition("--suite=")[2].split()[0] for line in missing] == ["humaneval", "mbpp"]


def test_figures_on_the_page_are_those_of_the_files(page, run):
    summary = run.result(FEW_SHOT).summary
    assert page.row("collapsed")[1] == interval(summary.collapsed)
    assert page.row("valid Python")[1] == interval(summary.parses)
    assert page.row("real code cut as short that is valid")[1] == percent(summary.human_parses)
    sets = run.result(HELD_OUT).sets
    assert page.row("bits per byte")[1:] == [number(found.bits_per_byte) for found in sets.values()]
    xz = page.row("xz -9e, each file by itself, bits per byte")
    assert xz[1] == number(sets["val"].compressors.xz.by_file)
    tasks = run.result(MINI_BENCHMARK)
    assert page.row("passes")[1] == interval(tasks.ladder["passes"])
    assert page.row("pass@1, all 20 tasks")[1].startswith(percent(tasks.score["pass@1"].value))
    assert page.row("longest")[1] == number(run.result(MEMORISATION).longest, 1)
    assert page.row("calibration error")[1] == percent(run.result(CONFIDENCE).all.calibration_error)
    assert page.row("tokens per second")[1] == "6,543"
    assert page.row("MIT") == ["MIT", "1", "2", "1.0\u00a0MB", "80.0\u00a0%"]
    assert page.row("model.hidden_dim") == ["model.hidden_dim", "128"]


def test_no_interval_is_claimed_where_a_bootstrap_had_nothing_to_draw_from(page, run):
    tasks = run.result(MINI_BENCHMARK)
    score, passes = tasks.score["pass@1"], tasks.ladder["passes"]
    assert score.low == score.high  # the toy judge passes one sample of each task
    assert page.row("pass@1, all 20 tasks")[1] == percent(score.value)
    assert bounds(passes.low, passes.high) in page.text.partition("Small tasks solved")[2][:200]


def test_licences_count_training_files_alone(page):
    assert not any(row[0] == "GPL-3.0-only" for table in page.tables for row in table)


def test_two_runs_stand_side_by_side(both):
    assert both.row("tokens seen")[1:] == ["819,200", "819,200"]
    assert both.row("device")[1:] == ["4 × TPU v7", "4 × H100"]
    different = next(table for table in both.tables if table[0] == ["key", "whole", "other"])
    assert ["label_smoothing", "0.1", "0.0"] in different
    assert "seed" not in [row[0] for row in different]


def test_runs_on_different_data_are_not_compared_without_a_warning(run, other):
    def banners(*runs):
        page = Page(render(runs, []))
        assert len(page.values("role")) == len(comparability.warnings(runs))
        return " ".join(comparability.warnings(runs))

    same = dataclasses.replace(run, name="same")
    # Where the prepared data is gone, the fingerprint is still in the run's files.
    elsewhere = dataclasses.replace(run, name="elsewhere", data_fingerprint="fedc9876", manifest={})
    result = {
        **run.newest("heldout").content,
        "settings": {"trained_on": "a", "data": {"data_fingerprint": "b"}},
    }
    foreign = dataclasses.replace(run, results={"heldout": [StoredResult("heldout", 400, True, result)]})
    assert banners(run) == banners(run, same) == ""
    assert (
        f"different data or with different tokenizers (whole: {report_runs.DATA}, elsewhere: fedc9876)"
        in banners(run, elsewhere)
    )
    assert "other do not say what data" in banners(run, other)
    assert "The held-out evaluation of whole is of other data" in banners(foreign)


def test_val_and_test_never_share_a_title(run, other):
    titles = [[tile.title for tile in headlines(each)] for each in (run, other)]
    assert titles[0] == titles[1]
    val, test = (
        next(tile for tile in headlines(run) if f"({name})" in tile.title) for name in ("val", "test")
    )
    sets = run.newest("heldout").content["sets"]
    assert [val.value, test.value] == [number(sets[name]["bits_per_byte"], 2) for name in ("val", "test")]
    monitored = {tile.title: tile.value for tile in headlines(other)}
    assert monitored[val.title] == number(other.last("val/bits_per_byte"), 2)
    assert monitored[test.title] == NONE
    own = {"suite": "heldout", "sets": {"text": sets["val"]}, "settings": {}}
    of_text = dataclasses.replace(run, results={"heldout": [StoredResult("heldout", 400, True, own)]})
    assert [tile.value for tile in headlines(of_text) if "(text)" in tile.title] == [val.value]


def test_each_of_several_runs_says_what_it_lacks(both):
    lacking = [line for line in both.text.splitlines() if line.startswith("Not here yet: ")]
    assert [line for line in lacking if "other: “Context”" in line]
    assert not [line for line in lacking if "whole: “Context”" in line]


def test_every_chart_has_an_alternative_text_and_an_image_file(written, page, run):
    charts = [
        block.chart for section in page_sections([run]) for block in section.blocks if isinstance(block, Plot)
    ]
    assert len(charts) >= 12
    images = [attrs for tag, attrs in page.elements if tag == "img"]
    assert [attrs["alt"] for attrs in images] == [drawn.alt for drawn in charts]
    assert all(any(char.isdigit() for char in drawn.alt) for drawn in charts)
    assert all(drawn.caption.endswith(".") for drawn in charts)
    assert {path.stem for path in written.parent.glob("*.png")} == {drawn.name for drawn in charts}


def test_every_section_can_be_reached(page):
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {address[1:] for address in page.values("href")} <= set(ids)


def test_samples_are_coloured_by_their_tokens_probability(run, written):
    record = next(sample for sample in run.result(FEW_SHOT).samples if sample.collapsed)
    assert set(record.logprobs) == {-0.01}
    token = html.escape(record.tokens[0])
    assert f'<span class="p4" title="99.0\u00a0%">{token}</span>' in written.read_text()


def test_a_result_of_another_version_is_one_clear_error(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "run")
    (tmp_path / "run" / "evals" / "step_400" / "context.json").write_text('{"suite": "context"}')
    with pytest.raises(
        UserError, match=r"context\.json: prompt: is missing; this context result.*evaluate again"
    ):
        page_sections(load_runs([tmp_path / "run"]))


def test_more_runs_than_can_be_told_apart_are_refused(run, tmp_path):
    with pytest.raises(UserError, match="at most 6"):
        write_report([run] * (chart.MAX_RUNS + 1), tmp_path)


def test_a_report_that_cannot_be_written_is_one_clear_line_and_leaves_the_older_one_whole(run, tmp_path):
    # Most charts take seconds to draw.
    few = dataclasses.replace(run, results={}, metrics=[{"step": 1, "train/grad_norm": 1.0}])
    write_report([few], tmp_path)
    older = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))  # as a full disk, in the middle of a file
    try:
        with pytest.raises(UserError, match="the report cannot be written there"):
            write_report([few], tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == older
    with pytest.raises(
        UserError, match=r"report.html: the report cannot be written there .*choose another --out"
    ):
        write_report([few], tmp_path / "report.html")


def test_the_command_writes_page_and_card_and_never_loads_jax(tmp_path):
    report_runs.train(tmp_path / "run", prepared_dir=tmp_path / "data")
    (tmp_path / "run" / "metrics.jsonl").write_text('{"step": 1, "train/grad_norm": 1.0}\n')
    program = (
        "import runpy, sys\n"
        "sys.argv = ['report.py', *sys.argv[1:]]\n"
        "try:\n    runpy.run_module('codelm_jax.commands.report', run_name='__main__')\n"
        "finally:\n    assert 'jax' not in sys.modules\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run([*command, f"--workdir={tmp_path / 'run'}"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [
        str(tmp_path / "run" / name) for name in ("report/report.html", "MODEL_CARD.md")
    ]
    (tmp_path / "export").mkdir()
    for name in ("config.json", "model.safetensors", "README.md"):
        (tmp_path / "export" / name).write_text("{}")
    refused = subprocess.run([*command, f"--workdir={tmp_path / 'export'}"], capture_output=True, text=True)
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"error: --workdir={tmp_path / 'export'}: an export keeps no metrics")
    assert len(list((tmp_path / "export").iterdir())) == 3
