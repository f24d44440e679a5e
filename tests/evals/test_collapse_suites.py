import dataclasses
from typing import Any

import pytest
from eval_toys import ByteCodec, Parrot, completion

from codelm_jax.errors import UserError
from codelm_jax.evals.samples import collapse_rates, sample_of, summarise
from codelm_jax.evals.suites.few_shot import (
    FEW_SHOT,
    REFERENCE_PROTOCOL,
    SAMPLING,
    SHORT_PROMPT,
    PromptedResult,
    PromptedSample,
)
from codelm_jax.evals.templates import load_templates

CODEC = ByteCodec()
SANE = "\n    value = first * second\n    return value\n"
COLLAPSED = "):" * 30
# Byte tokens repeat in ways the standard library's thresholds are not meant for: only loops count in these tests.
BAND = {
    "lengths": [
        {
            "length": 60,
            "threshold": 1.0,
            "flagged": 0.01,
            "parses": 0.8,
            "metrics": {name: {"mean": 0.1, "p50": 0.1} for name in ("seq_rep_4", "rep_line", "diversity")},
        }
    ]
}


def sampled(suite, generate, templates, sampling):
    rows = generate(list(suite.prompts_of(templates).values()), sampling)
    return suite.measure(rows, templates, sampling, CODEC, BAND)


def sample(prompt_id, prompt, written):
    return sample_of(PromptedSample, prompt_id, prompt, written, CODEC, BAND, category="functions")


def shown(summary) -> dict[str, str]:
    """The rows that the terminal, the page and the card show."""
    result = PromptedResult(
        suite="few_shot", seed=0, sampling=SAMPLING.as_json("prompt"), summary=summary,
        by_category={}, by_prompt={}, prompts={}, samples=(),
    )  # fmt: skip
    rows: Any = FEW_SHOT.view(result).tables[0].rows
    return dict(rows)


def test_few_shot_puts_the_worked_examples_first_and_short_prompt_does_not():
    templates = load_templates()
    for suite, expected in ((FEW_SHOT, True), (SHORT_PROMPT, False)):
        model = Parrot(CODEC, {"": SANE})
        result = sampled(suite, model, templates, dataclasses.replace(REFERENCE_PROTOCOL, seed=3))
        (call,) = model.calls
        assert all(("return" in prompt) is expected for prompt in call["prompts"])
        assert [prompt.rpartition("\n")[2] for prompt in call["prompts"]] == list(result.by_prompt)
        settings = {
            key: call[key] for key in ("n", "temperature", "top_k", "top_p", "max_new_tokens", "stop", "seed")
        }
        assert settings == {
            "n": 5, "temperature": 0.7, "top_k": 40, "top_p": 1.0, "max_new_tokens": 60, "stop": (), "seed": 3,
        }  # fmt: skip
        assert result.summary.n == len(result.samples) == 55
        assert (result.suite, result.seed) == (suite.name, 3)


def test_a_collapsed_model_is_told_from_a_sane_one():
    templates = load_templates()
    for text, finish, collapsed, parses in ((SANE, "endoftext", 1.0, 1.0), (COLLAPSED, "length", 0.0, 0.0)):
        model = Parrot(CODEC, {"class Timer:": "\n    pass\n", "": text}, finish)
        result = sampled(FEW_SHOT, model, templates, dataclasses.replace(SAMPLING, n=4))
        assert result.by_category["functions"].rate == 1.0 - collapsed
        assert result.by_prompt["class Timer:"].count == 0
        rate_of_parsing = [each.parses for each in result.samples if each.category == "functions"]
        assert sum(rate_of_parsing) / len(rate_of_parsing) == parses


def test_a_summary_counts_what_its_samples_say():
    records = [
        sample("a", "def a():", completion(CODEC, SANE)),
        sample("a", "def a():", completion(CODEC, SANE)),
        sample("b", "def b():", completion(CODEC, COLLAPSED, "length")),
        sample("b", "def b():", completion(CODEC, "")),
    ]
    summary = summarise(records, BAND, seed=0)
    assert {key: getattr(summary, key).count for key in ("collapsed", "loop", "legacy_collapse", "parses", "ended")} == {
        "collapsed": 2, "loop": 1, "legacy_collapse": 1, "parses": 2, "ended": 3,
    }  # fmt: skip
    assert summary.collapsed.n == summary.n == 4
    assert summary.prompts == 2
    assert summary.human_collapsed == pytest.approx(0.01)
    assert summary.human_parses == pytest.approx(0.8)
    assert summary.excess_collapsed == pytest.approx(0.49)
    assert summary.duplicates == pytest.approx((0.5 + 0.0) / 2)
    assert (summary.duplicated.count, summary.duplicated.n) == (1, 4)
    assert summary.duplicated.low < 0.25 < summary.duplicated.high
    assert summary.seq_rep_4.mean == pytest.approx(sum(r.seq_rep_4 for r in records) / 4)
    assert collapse_rates(records, "prompt_id")["b"].rate == 1.0


@pytest.mark.parametrize(
    ("collapsed", "sane", "verdict"),
    [(0, 22, None), (0, 400, True), (22, 0, False), (16, 384, None), (4, 6, False)],
)
def test_whether_it_is_as_good_as_people_is_said_only_where_the_interval_decides_it(collapsed, sane, verdict):
    bad = sample("p", "def a():", completion(CODEC, COLLAPSED, "length"))
    good = sample("p", "def a():", completion(CODEC, SANE))
    summary = summarise([bad] * collapsed + [good] * sane, BAND, seed=0)
    assert summary.as_good_as_people is verdict


def test_no_interval_is_shown_where_a_bootstrap_had_nothing_to_draw_from():
    good = sample("p", "def a():", completion(CODEC, SANE))
    summary = summarise([good] * 5, BAND, seed=0)
    rows = shown(summary)
    assert {rows[f"{name}, by prompt"] for name in ("collapsed", "valid Python", "exact duplicates")} == {"–"}


def test_a_result_from_before_duplicates_had_an_interval_is_still_shown():
    good = sample("p", "def a():", completion(CODEC, SANE))
    summary = summarise([good] * 4, BAND, seed=0)
    older = dataclasses.asdict(summary)
    del older["duplicated"]
    assert shown(older)["exact duplicates"] == "75.0\u00a0%"


def test_a_sample_keeps_its_tokens_and_their_log_probabilities():
    kept = sample("p", "def f():", completion(CODEC, "\n    é"))
    assert kept.token_ids == tuple(b"\n    \xc3\xa9")
    assert kept.tokens == ("\n", " ", " ", " ", " ", "\ufffd", "\ufffd")
    assert kept.logprobs == (-1.0,) * 7


def test_only_the_token_limit_excuses_an_unfinished_line():
    for finish_reason, parses in (("length", True), ("endoftext", False)):
        cut = completion(CODEC, "\n    return 1\n    x = (", finish_reason)
        assert sample("p", "def f():", cut).parses is parses


def test_the_same_seed_gives_the_same_result():
    templates = load_templates()
    results = [
        sampled(
            FEW_SHOT,
            Parrot(CODEC, {"": (SANE, COLLAPSED)}),
            templates,
            dataclasses.replace(SAMPLING, n=6, seed=seed),
        )
        for seed in (1, 1)
    ]
    assert results[0] == results[1]


def test_the_own_templates_hold_the_reference_prompts():
    templates = load_templates()
    prompts = {category.name: category.prompts for category in templates.category}
    assert prompts == {
        "functions": (
            "def subtract(a, b):", "def divide(a, b):", "def max_value(a, b):", "def factorial(n):", "def is_even(n):",
        ),
        "classes": ("class Timer:", "class Stack:", "class Queue:"),
        "algorithms": ("def linear_search(arr, target):", "def bubble_sort(arr):", "def reverse_list(arr):"),
    }  # fmt: skip
    assert len(templates.context.examples) == 4
    for category in templates.category:
        compile(category.prefix, category.name, "exec")
        assert not any(prompt in category.prefix for prompt in category.prompts)
    for example in (*templates.context.examples, templates.tasks.prefix):
        compile(example, "example", "exec")
        assert example.endswith("\n\n\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[category", "not TOML"),
        ("[tasks]\nprefix = ''\n[context]\nprompt='x'\nexamples=['y']\n", "category: missing"),
        ("category = []\n[tasks]\nprefix = ''\n[context]\nprompt='x'\nexamples=['y']\n", "category"),
        (
            "[[category]]\nname='a'\nprefix=''\nprompts=['p', 'p']\n[tasks]\nprefix=''\n"
            "[context]\nprompt='x'\nexamples=['y']\n",
            "is there twice",
        ),
        (
            "[[category]]\nname='a'\nprefix=''\nprompts=[3]\n[tasks]\nprefix=''\n[context]\nprompt='x'\nexamples=['y']\n",
            r"category\.0\.prompts\.0",
        ),
    ],
)
def test_a_bad_template_file_is_named_with_its_fault(tmp_path, text, message):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UserError, match=message) as caught:
        load_templates(path)
    assert "mine.toml" in str(caught.value)


def test_own_templates_replace_the_package_s(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        "[[category]]\nname='a'\nprefix='x = 1\\n'\nprompts=['y = ']\n[tasks]\nprefix=''\n"
        "[context]\nprompt='x'\nexamples=['y']\n"
    )
    model = Parrot(CODEC, {"": "2\n"})
    result = sampled(FEW_SHOT, model, load_templates(path), dataclasses.replace(SAMPLING, n=1))
    assert result.prompts == {"y = ": r"x = 1\ny = "}
    with pytest.raises(UserError, match=r"missing\.toml"):
        load_templates(tmp_path / "missing.toml")
