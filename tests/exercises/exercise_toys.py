"""Hand-written drafts, and the twenty tasks of the mini benchmark."""

from pathlib import Path

from codelm_jax.exercises.filling import Draft
from codelm_jax.text.problems import read_problems

MINI_BENCHMARK = Path(__file__).parents[2] / "codelm_jax" / "evals" / "mini_benchmark.jsonl"


def mini_problems():
    return read_problems(MINI_BENCHMARK)


def draft(body, *params, name="combine", ask="what the body says", returns="int"):
    return Draft("toys/toy", "toys", name, tuple(params), returns, ask, body)


PAIR = (("a", "int"), ("b", "int"))
