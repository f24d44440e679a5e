"""The words and figures that tables and charts of the study share."""

from collections.abc import Mapping
from typing import Any

from codelm_jax.evals.statistics import cluster_bounds

Result = Mapping[str, Any]

MASK = {True: "causal mask", False: "no mask"}
SUITES = {"short_prompt": "short prompts", "few_shot": "few-shot"}
INTERVALS = (
    "Intervals: 95 %, from a bootstrap over whole prompts; Wilson's where all prompts came out alike, as with no collapse "
    "at all."
)


def mask_name(result: Result) -> str:
    """The name of the mask in tables and charts."""
    return MASK[result["cell"]["masked"]]


def regularisation(result: Result) -> str:
    """Smoothing, dropout and seed in words."""
    cell = result["cell"]
    seed = f", seed {cell['seed']}" if cell["seed"] else ""
    return f"smoothing {cell['label_smoothing']:g}, dropout {cell['dropout']:g}{seed}"


def collapsed(result: Result, suite: str) -> Mapping[str, Any]:
    """The collapse rate of a suite."""
    return result[suite]["summary"]["collapsed"]


def interval(rate: Mapping[str, Any]) -> dict[str, float]:
    """The interval by prompt where prompts differ, else Wilson's."""
    low, high = cluster_bounds(rate["cluster_low"], rate["cluster_high"]) or (rate["low"], rate["high"])
    return {"low": low, "high": high}


def percent(rate: Mapping[str, Any]) -> str:
    """A rate with its interval."""
    bounds = interval(rate)
    return f"{100 * rate['rate']:.1f} % [{100 * bounds['low']:.1f}, {100 * bounds['high']:.1f}]"
