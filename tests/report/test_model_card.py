import dataclasses
import itertools
import json

import report_runs

from codelm_jax.evals.suites.few_shot import FEW_SHOT, SHORT_PROMPT
from codelm_jax.evals.suites.held_out import HELD_OUT
from codelm_jax.evals.suites.mini_benchmark import MINI_BENCHMARK
from codelm_jax.evals.wording import interval, number, percent
from codelm_jax.report.model_card import model_card
from codelm_jax.report.runs import StoredResult, load_runs


def front_matter(card):
    """The values of the front matter, which is JSON a line and therefore YAML."""
    begin, matter, _ = card.split("---\n", 2)
    assert begin == ""
    return {key: json.loads(value) for key, value in (line.split(": ", 1) for line in matter.splitlines())}


def test_figures_on_the_card_are_those_of_the_files(run):
    card = model_card(run).replace("\\", "")
    for suite in (FEW_SHOT, SHORT_PROMPT):
        assert interval(run.result(suite).summary.collapsed) in card
    for found in run.result(HELD_OUT).sets.values():
        assert number(found.bits_per_byte) in card
    assert percent(run.result(MINI_BENCHMARK).score["pass@1"].value) in card
    assert "| MIT | 1 | 2 | 1.0\u00a0MB |" in card
    assert "| train | 3 | 1.2\u00a0MB | 400,000 |" in card
    assert (
        "with 123,456 parameters, trained from scratch with codelm-jax for 400 steps, 819,200 tokens in all, on"
        in card
    )


def test_what_was_not_measured_is_said_with_its_command(tmp_path):
    (run,) = load_runs([tmp_path])
    card = model_card(run)
    assert card.count("Not measured.") == 7
    for suite in (
        "heldout",
        "few_shot",
        "short_prompt",
        "mini_benchmark",
        "humaneval",
        "mbpp",
        "memorisation",
    ):
        assert f"--suite={suite}" in card
    assert "what it was trained on is not stated here" in card
    assert "%" not in card.partition("## Evaluation")[2].replace("95 %", "")


def test_a_card_says_what_weights_a_run_began_from_and_is_clean_of_no_more_than_they_are(run):
    fresh = model_card(run)
    assert "trained from scratch" in fresh
    parent = {"checkpoint": "runs/parent", "step": 5, "data_fingerprint": "f"}
    summary = {**run.summary, "began_from": parent, "decontaminated": ["x/HumanEval.jsonl.gz"]}
    manifest = {**run.manifest, "decontamination": {"benchmarks": ["HumanEval.jsonl.gz", "mbpp.jsonl"]}}
    card = model_card(dataclasses.replace(run, summary=summary, manifest=manifest))
    assert "trained from the weights of `runs/parent` at step 5" in card
    assert "from scratch" not in card
    assert "Decontaminated against `HumanEval.jsonl.gz`." in card
    for level in (1, 2):
        levelled = {**manifest, "decontamination": {"level": level}}
        assert f"\nLevel {level}: files of its own corpus" in model_card(
            dataclasses.replace(run, summary=summary, manifest=levelled)
        )
    assert "Level" not in card


def test_the_hub_reads_language_licence_and_scores(run):
    matter = front_matter(model_card(run, "apache-2.0"))
    assert matter["language"] == ["code"]
    assert matter["license"] == "apache-2.0"
    (result,) = matter["model-index"][0]["results"]
    value = run.result(MINI_BENCHMARK).score["pass@1"].value
    assert result["metrics"] == [{"type": "pass@1", "name": "pass@1", "value": round(100 * value, 2)}]


def test_a_licence_that_nobody_named_is_not_claimed(run):
    matter = front_matter(model_card(run))
    assert (matter["license"], matter["license_name"]) == ("other", "not-stated")


def test_the_few_shot_template_is_there_to_the_letter(run):
    prompts = run.result(FEW_SHOT).prompts
    first = next(iter(prompts.values()))
    assert first.strip() in model_card(run)
    (unmeasured,) = [dataclasses.replace(run, results={})]
    assert "def factorial(n):" in model_card(unmeasured)


def test_foreign_text_is_no_markup_on_the_card(run):
    result = {**run.newest("few_shot").content, "prompts": {"x": "````\n# out\ndef f():"}}
    files = [{**file, "licence": "MIT | <b>\n# x\u202e"} for file in run.manifest["files"]]
    evil = dataclasses.replace(
        run,
        name="<script>\n---",
        manifest={**run.manifest, "files": files},
        results={**run.results, "few_shot": [StoredResult("few_shot", 400, True, result)]},
    )
    card = model_card(evil)
    assert "# \\<script\\> ---\n" in card
    assert "`````python\n````\n# out\ndef f():\n`````" in card
    assert "| MIT \\| \\<b\\> \\# x\\\\u202e | 2 | 3 |" in card
    assert front_matter(card)["model-index"][0]["name"] == "<script>\n---"


def test_tables_have_as_many_cells_as_heads(run):
    lines = model_card(run).splitlines()
    for above, below in itertools.pairwise(lines):
        if above.startswith("|") and below.startswith("|"):
            assert above.count("|") == below.count("|")


def test_the_card_of_a_half_written_run_is_a_card(whole, tmp_path):
    report_runs.evaluate(tmp_path, 10, [report_runs.COLLAPSED], ("short_prompt",), n=1)
    (run,) = load_runs([tmp_path])
    card = model_card(run)
    assert interval(run.result(SHORT_PROMPT).summary.collapsed) in card.replace("\\", "")
