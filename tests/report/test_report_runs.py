import json

import pytest
import report_runs

from codelm_jax.errors import UserError
from codelm_jax.evals.suites.few_shot import FEW_SHOT
from codelm_jax.evals.wording import token_name, visible
from codelm_jax.report.runs import load_runs
from codelm_jax.report.samples import samples_section
from codelm_jax.report.section import Samples
from codelm_jax.run_files import read_object, write_object


def test_a_line_cut_short_by_a_crash_ends_the_metrics(tmp_path):
    (tmp_path / "metrics.jsonl").write_text(
        '{"step": 1, "train/nll": 2.0}\n{"step": 2, "train/nll": NaN}\n{"step": 3, "tr'
    )
    (run,) = load_runs([tmp_path])
    assert [line["step"] for line in run.metrics] == [1, 2]
    assert run.series("train/nll") == ([1], [2.0])


def test_the_newest_result_of_the_last_step_speaks_for_a_suite(tmp_path):
    for step, n in ((40, 2), (400, 3), (400, 1)):
        report_runs.evaluate(tmp_path, step, [report_runs.GOOD], ("few_shot",), n=n)
    (run,) = load_runs([tmp_path])
    assert run.newest("few_shot").step == 400
    assert run.result(FEW_SHOT).sampling["samples_per_prompt"] == 1
    assert [evaluation.step for evaluation in run.by_step("few_shot")] == [40, 400]


@pytest.mark.parametrize("content", ["{", "[1]", "\x00"])
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / "summary.json").write_text(content)
    with pytest.raises(UserError, match=r"summary\.json: damaged"):
        load_runs([tmp_path])


def test_data_that_was_prepared_again_is_not_shown(tmp_path):
    report_runs.prepare(tmp_path / "data")
    report_runs.train(tmp_path / "run", prepared_dir=tmp_path / "data")
    report_runs.evaluate(tmp_path / "run", 400, [report_runs.GOOD], ("heldout",))
    manifest = tmp_path / "data" / "manifest.json"
    (run,) = load_runs([tmp_path / "run"])
    assert run.manifest == json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**run.manifest, "fingerprint": "another"}))
    assert load_runs([tmp_path / "run"])[0].manifest == {}


def test_a_directory_of_something_else_is_refused(tmp_path):
    (tmp_path / "runs" / "tiny").mkdir(parents=True)
    with pytest.raises(UserError, match=r"--workdir=.*none: no such directory"):
        load_runs([tmp_path / "none"])
    with pytest.raises(UserError, match=r"runs: holds no run"):
        load_runs([tmp_path / "runs"])
    assert load_runs([tmp_path / "runs" / "tiny"])[0].data_fingerprint == ""


def test_a_run_named_twice_is_refused(tmp_path):
    with pytest.raises(UserError, match="twice"):
        load_runs([tmp_path, f"{tmp_path}/."])


def test_runs_of_one_name_go_by_their_paths(tmp_path):
    for parent in ("a", "b"):
        (tmp_path / parent / "run").mkdir(parents=True)
    names = [run.name for run in load_runs([tmp_path / "a" / "run", tmp_path / "b" / "run"])]
    assert names == [str(tmp_path / "a" / "run"), str(tmp_path / "b" / "run")]


def sample(**changes):
    record = {
        "category": "functions",
        "token_ids": [1, 2, 3],
        "finish_reason": "endoftext",
        "loop": False,
        "legacy_collapse": False,
        "seq_rep_4": 0.0,
        "rep_line": 0.0,
        "diversity": 1.0,
        "prompt_id": "def f(x):",
        "text": "\n    return x",
        "tokens": ["\n    ", "return", " x"],
        "logprobs": [-0.5, -0.001, -9.0],
        "collapsed": False,
        "parses": True,
        "ended": True,
    }
    return record | changes


def shown(tmp_path, *records):
    report_runs.evaluate(tmp_path, 1, [report_runs.GOOD], ("few_shot",), n=1)
    path = tmp_path / "evals" / "step_1" / "few_shot.json"
    changes = {"prompts": {"def f(x):": "# before\ndef f(x):"}, "samples": records}
    write_object(path, read_object(path) | changes)
    blocks = samples_section(load_runs([tmp_path])).blocks
    return [block for block in blocks if isinstance(block, Samples)]


def test_a_token_that_begins_in_the_prompt_is_not_shown_twice(tmp_path):
    good, *_ = shown(tmp_path, sample(tokens=["):\n    ", "return", " x"]))
    (only,) = good.samples
    assert only.prompt == "def f(x"
    assert "".join(token.text for token in only.tokens) == "):\n    return x"


def test_a_token_that_reaches_beyond_a_stop_does_not_hide_the_prompt(tmp_path):
    good, *_ = shown(tmp_path, sample(tokens=["\n    ", "return", " x\n\ndef"]))
    assert good.samples[0].prompt == "def f(x):"
    assert good.context == "# before\n"


def test_samples_are_sorted_into_good_neither_and_collapsed(tmp_path):
    good, neither, collapsed = shown(
        tmp_path, sample(), sample(parses=False), sample(collapsed=True), sample(collapsed=True)
    )
    assert [len(block.samples) for block in (good, neither, collapsed)] == [1, 1, 1]
    assert good.chosen.startswith("1 of 4 samples (25.0\u00a0%)")
    assert collapsed.chosen.startswith("2 of 4 samples (50.0\u00a0%)")


def test_classes_of_probability_have_their_bounds(tmp_path):
    logprobs = [-4.7, -4.6, -2.31, -2.3, -0.7, -0.69, -0.11, -0.1, 0.0, 0.01]
    good, *_ = shown(tmp_path, sample(tokens=["x"] * 10, logprobs=logprobs, text="x" * 10))
    assert [token.level for token in good.samples[0].tokens] == [0, 1, 1, 2, 2, 3, 3, 4, 4, 4]


def test_nothing_that_is_shown_is_invisible():
    assert visible("a\u200b\u202e\x1b\ud800\n\tb") == "a\\u200b\\u202e\\x1b\\ud800\n\tb"
    assert token_name("") == "(empty)"
    assert token_name("\r\n\t x") == "␍↵⇥␣x"
