"""The runner makes ordinary runs, goes on where it was stopped, and calls a difference one only where it separates."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from codelm_jax.scripts.experiments.ablation_table import context_table, table
from ml_collections import ConfigDict

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in (ROOT / "configs" / "ablations").glob("[!_]*.py"))


def config_of(name: str, size: str) -> ConfigDict:
    return importlib.import_module(f"codelm_jax.configs.ablations.{name}").get_config(size)


def flat(config: ConfigDict) -> dict:
    return {
        (section, key): value for section in ("model", "data") for key, value in config[section].items()
    } | {("", key): value for key, value in config.items() if key not in ("model", "data")}


@pytest.mark.parametrize("size", ["full", "cpu"])
@pytest.mark.parametrize("name", [name for name in NAMES if name != "baseline"])
def test_an_ablation_changes_regularisation_or_width_only(name, size):
    baseline, changed = flat(config_of("baseline", size)), flat(config_of(name, size))
    keys = {key for _, key in baseline if baseline[_, key] != changed[_, key]}
    regularisation = {"label_smoothing", "weight_decay", "attention_dropout", "residual_dropout"}
    assert keys
    assert keys <= ({"hidden_dim", "num_heads"} if name == "smaller" else regularisation)


def test_the_full_baseline_is_strongreg():
    strongreg = importlib.import_module("codelm_jax.configs.strongreg").get_config()
    assert config_of("baseline", "full").to_dict() == strongreg.to_dict()


def test_a_difference_counts_only_where_its_interval_excludes_none():
    base = [{"val_nll": value} for value in (4.0, 4.2, 4.1)]
    better = [{"val_nll": value} for value in (3.5, 3.71, 3.6)]
    noisy = [{"val_nll": value} for value in (3.0, 4.9, 4.1)]
    rows = table({"baseline": base, "better": better, "noisy": noisy}).splitlines()
    assert "| better | 3.6033" in rows[-2]
    assert rows[-2].endswith("| yes |")
    assert rows[-1].endswith("| no |")
    # By hand: differences -0.5, -0.49, -0.5; mean -0.4967, s 0.005774, t 4.3027.
    assert "-0.4967 [-0.5110, -0.4823]" in rows[-2]


def test_worked_examples_are_compared_with_none_seed_by_seed():
    def seed(short: float, few: float) -> dict[str, float]:
        rates = {"short_prompt": short, "few_shot": few}
        kinds = ("collapsed", "legacy_collapse", "parses")
        return {f"{suite}_{kind}": rate for suite, rate in rates.items() for kind in kinds}

    # Rates wander together from seed to seed: only the pairs show the difference.
    helped = [seed(0.10, 0.05), seed(0.30, 0.25), seed(0.20, 0.16)]
    unclear = [seed(0.10, 0.05), seed(0.30, 0.32), seed(0.20, 0.16)]
    blocks = context_table({"helped": helped, "unclear": unclear}).split("\n\n### ")
    assert len(blocks) == 3
    for block in blocks:
        first, second = block.strip().splitlines()[-2:]
        # By hand: differences -5, -5, -4 points; mean -4.667, s 0.5774, t 4.3027.
        assert first.endswith("| -4.7 % [-6.1, -3.2] | yes |")
        assert second.endswith("| no |")


def test_one_config_is_nothing_to_compare():
    command = [sys.executable, "scripts/experiments/ablations.py", "--configs=configs/tiny.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2
    assert done.stderr.startswith("error: --configs=configs/tiny.py: name at least two files")
