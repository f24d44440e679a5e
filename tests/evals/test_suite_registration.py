"""One file and one line: a suite that is only registered is evaluated, stored, reported and put on the card."""

import dataclasses
import shutil
from pathlib import Path

import pytest
from evaluated_run import STEP
from toy_suite import TOY

from codelm_jax.evals import registry
from codelm_jax.evals.wording import interval
from codelm_jax.report.model_card import model_card
from codelm_jax.report.page import write_report
from codelm_jax.report.runs import load_runs


def test_a_registered_suite_goes_from_the_command_to_the_card(run, invocations, tmp_path, monkeypatch):
    shutil.copytree(run / "evals", tmp_path / "run" / "evals")
    monkeypatch.setattr(registry, "SUITES", [*registry.SUITES, TOY])
    (evaluated,) = load_runs([tmp_path / "run"])
    result = evaluated.result(TOY)
    shown = interval(result.sure)
    output = invocations["evaluated"].output
    assert shown in output
    assert str(run / "evals" / f"step_{STEP}" / "toy.json") in output.replace("\n", "")
    toy_alone = dataclasses.replace(evaluated, results={"toy": evaluated.results["toy"]})
    page = write_report([toy_alone], tmp_path / "report").read_text()
    for words in ("Toy section", "Toy headline", "Toy chart", "toy row", shown):
        assert words in page
    assert (tmp_path / "report" / "toy.png").exists()
    card = model_card(evaluated).replace("\\", "")
    assert f"| toy row | {shown} |" in card
    assert "- Toy limit." in card


@pytest.mark.parametrize("name", [suite.name for suite in registry.SUITES])
def test_no_renderer_and_no_command_names_a_suite(name):
    package = Path(registry.__file__).parents[1]
    for room in ("report", "commands/evaluate.py", "commands/report.py"):
        path = package / room
        for file in [path] if path.is_file() else path.glob("*.py"):
            code = file.read_text()
            assert f'"{name}"' not in code, file
