"""The study makes ordinary runs, resumes, and reports a difference only where its interval excludes 0."""

import json
import math
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from ablation_study import runs
from ablation_study.figures import SUITES, read
from ablation_study.statistics import Measured, difference, holm, mean_of
from ablation_study.table import PRIMARY, report
from ml_collections import ConfigDict
from python_sources import write_sources

from codelm_jax.config_files import load_config
from codelm_jax.errors import UserError
from codelm_jax.schema import flattened

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in (ROOT / "configs" / "ablations").glob("[!_]*.py"))
REGULARISATION = {"label_smoothing", "weight_decay", "attention_dropout", "residual_dropout"}
WIDTH = {"hidden_dim", "num_heads"}
WEAK = {"weight_decay", "attention_dropout", "residual_dropout"}


def config_of(name: str, size: str) -> ConfigDict:
    return load_config(f"ablations/{name}:{size}")


@pytest.mark.parametrize("size", ["full", "cpu"])
@pytest.mark.parametrize("name", [name for name in NAMES if name != "baseline"])
def test_an_ablation_changes_regularisation_or_width_only(name, size):
    baseline, changed = (flattened(config_of(each, size).to_dict()) for each in ("baseline", name))
    keys = {key.rpartition(".")[2] for key in baseline if baseline[key] != changed[key]}
    assert keys
    if name == "smaller_weak":
        assert keys == WIDTH | WEAK
    else:
        assert keys <= (WIDTH if name == "smaller" else REGULARISATION)


def test_the_full_baseline_is_strongreg():
    strongreg = load_config("strongreg")
    assert config_of("baseline", "full").to_dict() == strongreg.to_dict()


def test_every_config_is_run():
    assert sorted(runs.NAMES) == NAMES


def seeds(*values: float) -> list[Measured]:
    return [Measured(value) for value in values]


def rates(n: int, *counts: int) -> list[Measured]:
    return [Measured(count / n, n) for count in counts]


def test_a_difference_counts_only_where_its_interval_excludes_none():
    base = seeds(4.0, 4.2, 4.1)
    better = difference(seeds(3.5, 3.71, 3.6), base, share=False)
    # By hand: differences -0.5, -0.49, -0.5; mean -0.4967, s 0.005774, t 4.3027.
    assert better[:3] == pytest.approx((-0.4967, -0.5110, -0.4823), abs=1e-4)
    assert better.separates
    assert not difference(seeds(3.0, 4.9, 4.1), base, share=False).separates


def test_equal_small_counts_in_all_seeds_do_not_separate():
    one_each = difference(rates(220, 1, 1, 1), rates(220, 0, 0, 0), share=True)
    assert not one_each.separates
    assert one_each.p > 0.05
    # By hand: 4/662 and 1/662, difference 0.004532, standard error 0.003371.
    assert one_each.mean == pytest.approx(1 / 220)
    assert one_each[1:3] == pytest.approx((0.004532 - 0.006607, 0.004532 + 0.006607), abs=1e-5)
    assert difference(rates(220, 30, 30, 30), rates(220, 0, 0, 0), share=True).separates


def test_the_same_difference_in_every_seed_shows_nothing_where_no_count_says_how_exact_it_is():
    for values, others in (
        ((0.5, 0.5), (0.25, 0.25)),
        ((0.5, 0.6, 0.7), (0.25, 0.35, 0.45)),
        ((1.0, 2.0), (1.0, 2.0)),
    ):
        same = difference(seeds(*values), seeds(*others), share=False)
        assert (same.separates, same.p, same.high) == (False, 1.0, math.inf)


def by_prompt(**rates: float) -> Measured:
    return Measured(statistics.fmean(rates.values()), 20 * len(rates), rates)


def test_what_a_single_prompt_shows_is_not_said_of_all():
    base = [by_prompt(a=0.1, b=0.2, c=0.1, d=0.2)] * 2
    all_alike = [by_prompt(a=0.5, b=0.6, c=0.5, d=0.7), by_prompt(a=0.6, b=0.6, c=0.5, d=0.6)]
    one_alone = [by_prompt(a=1.0, b=0.8, c=0.1, d=0.2), by_prompt(a=1.0, b=0.9, c=0.1, d=0.2)]
    assert difference(all_alike, base, share=True).separates
    assert not difference(one_alone, base, share=True).separates
    # Without their prompts the counts alone would have it separate: 84 and 88 of 160 against 24.
    bare = [[Measured(measured.value, measured.n) for measured in side] for side in (one_alone, base)]
    assert difference(*bare, share=True).separates


def test_seeds_and_prompts_both_add_to_the_variance():
    one, other = by_prompt(a=0.5, b=0.7), by_prompt(a=0.7, b=0.9)
    found = mean_of([one, other], share=False)
    # By hand: both ways have the variance 0.02 / 2 of the mean, Satterthwaite's degrees of freedom are 2, t 4.3027.
    assert found.high - found.mean == pytest.approx(4.3027 * math.sqrt(0.02), abs=1e-4)


@pytest.mark.parametrize("counts", [(0, 0, 0), (1, 1, 1), (220, 220, 220), (0, 220, 0)])
def test_a_rate_always_has_an_interval_within_0_and_1(counts):
    mean = mean_of(rates(220, *counts), share=True)
    assert 0 <= mean.low <= mean.mean <= mean.high <= 1
    assert mean.high > mean.low
    same = difference(rates(220, *counts), rates(220, *counts), share=True)
    assert same.low < 0 < same.high
    assert same.p == pytest.approx(1)


def test_seeds_that_disagree_widen_a_rate_beyond_its_sampling_error():
    assert difference(rates(220, 60, 10, 35), rates(220, 10, 12, 11), share=True).separates is False
    assert difference(rates(220, 34, 36, 35), rates(220, 10, 12, 11), share=True).separates is True


def test_an_interval_excludes_0_exactly_where_p_is_below_5_percent():
    for more in range(0, 40, 2):
        estimate = difference(rates(220, more, more + 1, more + 3), rates(220, 4, 6, 3), share=True)
        assert estimate.separates == (estimate.p < 0.05)


def test_holm_asks_more_of_each_the_more_are_looked_at():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.04]) == [0.04]
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def found(**changes: float) -> dict[str, list[dict[str, Measured]]]:
    """Two seeds of all configs that the questions are about; `changes` is by how much one's NLL differs."""
    return {
        config: [
            {
                "test_nll": Measured(4.0 + 0.01 * seed + changes.get(config, 0.0) * (1 + 0.01 * seed)),
                "few_shot_collapsed": Measured(5 / 220, 220),
                "short_prompt_collapsed": Measured(8 / 220, 220),
            }
            for seed in range(2)
        ]
        for config in ("baseline", "no_label_smoothing", "smaller", "smaller_weak")
    }


def test_what_was_named_in_advance_stands_first_and_is_corrected():
    sides = {change: report(found(smaller_weak=change)).split("## Exploratory") for change in (0.5, -0.5)}
    primary, exploratory = sides[0.5]
    rows = [line for line in primary.splitlines() if line.startswith(("| 1.", "| 2.", "| 3."))]
    assert len(rows) == 4
    assert [row.rpartition(" | ")[2] for row in rows] == ["nothing |", "nothing |", "nothing |", "higher |"]
    assert "| lower |" in sides[-0.5][0]
    # Three figures of three configs, and few-shot against short prompts in all four, without the three named in advance.
    assert exploratory.startswith("\n\n10 comparisons at 95 %, not corrected")
    assert "at most about 0.5 of them would separate by chance" in exploratory
    assert exploratory.count("named above") == 3
    assert "same held-out files" in primary


def test_a_share_too_small_for_one_digit_is_written_out_and_nothing_is_no_minus_nothing():
    found = {
        "one": [{"legacy_without_examples": Measured(share)} for share in (0.00001, 0.00003)],
        "two": [{"legacy_without_examples": Measured(share)} for share in (0.2, 0.2005)],
        "three": [{"legacy_without_examples": Measured(share)} for share in (0.2001, 0.1)],
    }
    text = report(found)
    assert "| one | 2.0e-03 % [0.0e+00, 1.5e-02] |" in text
    assert "| two | 20.0 % [19.7, 20.3] |" in text
    assert "-0.0" not in text


def test_other_configs_have_exploratory_comparisons_alone():
    text = report({"mine": found()["baseline"], "other": found()["smaller"]})
    assert "Named before" not in text
    assert "difference from mine" in text


def test_every_insight_has_one_or_two_questions():
    insights = [comparison.question[0] for comparison in PRIMARY]
    assert {insight: insights.count(insight) for insight in insights} == {"1": 2, "2": 2, "3": 2}


def write_run(run: Path, *, data: str = "d", samples: int = 20, without: tuple[str, ...] = ()) -> Path:
    """A run of which each suite's result has what the table reads."""
    rate = {"count": 4, "n": 40, "rate": 0.1}
    flags = ("collapsed", "legacy_collapse", "parses")
    # Of 20 samples a prompt, 4 of the one and none of the other.
    drawn = [
        {"prompt_id": prompt, **dict.fromkeys(flags, prompt == "a" and i < 4)}
        for prompt in "ab"
        for i in range(20)
    ]
    judged = {"summary": dict.fromkeys(flags, rate), "samples": drawn}
    position = {"top1_prob": 0.5, "correct": rate, "calibration_error": 0.1}
    rows = [{"newline": 0.1, "legacy": None}, {"newline": 0.3, "legacy": None}]
    results = {
        "heldout": {"sets": {"val": {"nll": 4.0}, "test": {"nll": 4.5, "bits_per_byte": 1.9}}},
        "few_shot": judged,
        "short_prompt": judged,
        "confidence": {"all": position, "after_colon": position, "after_parenthesis": {"positions": 0}},
        "context": {"rows": rows},
    }
    assert set(results) == set(SUITES)
    folder = run / "evals" / "step_9"
    folder.mkdir(parents=True)
    for suite in results.keys() - set(without):
        settings: dict = {"trained_on": data}
        if suite in ("few_shot", "short_prompt"):
            settings["sampling"] = {"samples_per_prompt": samples}
        (folder / f"{suite}.json").write_text(json.dumps({"settings": settings, **results[suite]}))
    (run / "metrics.jsonl").write_text('{"step": 5, "train/nll": 5.0}\n{"step": 9, "train/nll": 3.0}\n')
    return run


def test_figures_are_the_newest_and_those_that_every_run_has(tmp_path):
    whole = write_run(tmp_path / "a")
    part = write_run(tmp_path / "b", without=("few_shot",))
    figures = read({"one": [whole], "two": [part]}, samples=20)["one"][0]
    assert figures["train_nll"] == Measured(3.0)
    assert figures["short_prompt_collapsed"] == Measured(0.1, 40, {"a": 0.2, "b": 0.0})
    assert figures["accuracy_after_colon"] == Measured(0.1, 40)
    assert figures["newline_after_examples"] == Measured(0.3)
    # Nothing stood after `)`, `):` is no token, and one run has no few-shot samples.
    assert not {"accuracy_after_parenthesis", "legacy_after_examples", "few_shot_collapsed"} & set(figures)


def test_runs_on_other_data_are_not_compared(tmp_path):
    alike, changed = write_run(tmp_path / "a"), write_run(tmp_path / "b", data="e")
    with pytest.raises(UserError, match=r"b: its \w+ has other trained_on than that of .*a: they can't be"):
        read({"one": [alike], "two": [changed]}, samples=20)


def test_results_of_another_number_of_samples_are_not_taken_for_those_asked_for(tmp_path):
    runs = {"one": [write_run(tmp_path / "a")], "two": [write_run(tmp_path / "b", samples=40)]}
    with pytest.raises(UserError, match=r"b: its newest few_shot has not 20 samples of each prompt"):
        read(runs, samples=20)


def runner(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "experiments" / "ablations.py"), *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=place, check=False)


def test_a_mistake_is_one_line(tmp_path):
    done = runner(tmp_path, "--size=cpu", "--set=seed=3")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: --set=seed=3: each config gets the seeds 0, 1, ...;")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_one_config_or_two_of_a_name_are_refused():
    for given in (["configs/tiny.py"], ["configs/tiny.py", "mine/tiny.py"]):
        with pytest.raises(UserError, match=r"--configs=configs/tiny\.py.*: name at least two files, each"):
            runs.config_files(given, "cpu")


CONFIG = """
from codelm_jax.config_files import load_config

def get_config():
    config = load_config("strongreg")
    config.model.num_layers, config.model.hidden_dim, config.model.num_heads = 1, 16, 2
    config.model.vocab_size, config.model.max_seq_length = 320, 32
    config.max_steps, config.batch_size, config.warmup_steps = 2, 2, 1
    config.monitor_every, config.final_eval_tokens, config.eval_tokens = 0, 500, 500
    config.label_smoothing = {label_smoothing}
    config.data.source, config.data.directories = "directories", ("sources",)
    config.data.prepared_dir = "data"
    return config
"""


def made(place: Path) -> dict[Path, int]:
    """All that training and evaluation made, and when."""
    found = [*place.glob("runs/**/checkpoints/**/*"), *place.glob("runs/**/evals/**/*.json")]
    return {path: path.stat().st_mtime_ns for path in found if path.is_file()}


@pytest.mark.slow
def test_the_same_command_makes_nothing_twice_and_other_settings_are_refused(tmp_path):
    write_sources(tmp_path / "sources", files=20)
    (tmp_path / "smoothed.py").write_text(CONFIG.format(label_smoothing=0.1))
    (tmp_path / "plain.py").write_text(CONFIG.format(label_smoothing=0.0))
    words = ["--configs=smoothed.py,plain.py", "--seeds=2", "--samples=1"]
    done = runner(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    table = tmp_path / "runs" / "ablations" / "own" / "table.md"
    text, before = table.read_text(), made(tmp_path)
    assert "| plain | " in text
    assert len({path.parts[-5] for path in before if path.name == "heldout.json"}) == 2

    again = runner(tmp_path, *words)
    assert again.returncode == 0, again.stderr
    assert made(tmp_path) == before
    assert table.read_text() == text

    other = runner(tmp_path, *words, "--set=max_steps=3")
    assert other.returncode == 2
    assert (
        "error: config.max_steps is 3, but the run in runs/ablations/own/smoothed/seed_0 has 2"
        in other.stderr
    )
    assert made(tmp_path) == before
