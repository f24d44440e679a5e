"""Results that version 0.1.0 wrote are still read, shown and reused."""

import dataclasses
import shutil
from pathlib import Path

import pytest
import report_runs
from html_reading import Page

from codelm_jax.evals import registry
from codelm_jax.evals.results import ResultFiles
from codelm_jax.evals.runner import SuiteRunner
from codelm_jax.evals.terminal import show
from codelm_jax.report.model_card import model_card
from codelm_jax.report.page import page_sections, render
from codelm_jax.report.runs import load_runs
from codelm_jax.report.section import Plot
from codelm_jax.run_files import read_object

# Of the toy run in `report_runs`, one sample a prompt, at most 30 new tokens.
STORED = Path(__file__).parent / "results_0_1_0"


@pytest.fixture(scope="module")
def old_run(tmp_path_factory):
    directory = tmp_path_factory.mktemp("old") / "run"
    shutil.copytree(STORED, directory / "evals" / "step_400")
    (loaded,) = load_runs([directory])
    return loaded


def test_every_stored_result_is_shown_on_terminal_page_and_card(old_run):
    assert {path.stem for path in STORED.iterdir()} == set(report_runs.SUITES)
    for suite in report_runs.SUITES:
        assert show(old_run.newest(suite).view).renderables
    sections = page_sections([old_run])
    assert sum(isinstance(block, Plot) for section in sections for block in section.blocks) >= 5
    plain = [
        dataclasses.replace(
            section, blocks=[block for block in section.blocks if not isinstance(block, Plot)]
        )
        for section in sections
    ]
    page = Page(render([old_run], plain))
    collapsed = read_object(STORED / "few_shot.json")["summary"]["collapsed"]
    shown = f"({collapsed['count']}\u00a0of\u00a0{collapsed['n']})"
    assert shown in page.row("collapsed")[1]
    assert shown in model_card(old_run)


def test_every_stored_result_is_reused(tmp_path):
    shutil.copytree(STORED, tmp_path / "evals")

    def refuse(*arguments):
        raise AssertionError("a stored result was computed again")

    model = report_runs.model([])
    vars(model).update(generate=refuse, score=refuse, statistics=refuse, next_token=refuse)
    suites = registry.named(report_runs.SUITES)
    choices = registry.choose(suites, seed=0, sampling={"n": 1, "max_new_tokens": 30})
    files = ResultFiles(tmp_path / "evals")
    runner = SuiteRunner(model, report_runs.corpus(), choices, files, refuse, lambda *done: None)
    for suite in suites:
        # The rule by which tasks are judged is part of their identity, and has changed since 0.1.0.
        if not suite.runs_code:
            assert runner.run(suite).suite == suite.name
    assert {path.name for path in (tmp_path / "evals").iterdir()} == {path.name for path in STORED.iterdir()}
