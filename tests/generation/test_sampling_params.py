import math

import pytest

from codelm_jax.errors import UserError
from codelm_jax.generation.params import SamplingParams


@pytest.mark.parametrize(
    "values",
    [
        {"temperature": -0.1},
        {"temperature": 1e39},
        {"temperature": math.nan},
        {"temperature": math.inf},
        {"temperature": "hot"},
        {"top_k": -1},
        {"top_k": 2.5},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"min_p": -0.1},
        {"repetition_penalty": 0.0},
        {"repetition_penalty": 1e-39},
        {"repetition_penalty": 1e39},
        {"no_repeat_ngram": 17},
        {"max_new_tokens": 0},
        {"max_new_tokens": 2**31},
        {"seed": -1},
        {"seed": 2**32},
        {"n": 0},
        {"stop": "method"},
        {"stop": ("",)},
        {"stop": (1,)},
        {"overflow": "wrap"},
        {"temprature": 0.5},
    ],
)
def test_bad_values_are_refused_by_name(values):
    (key,) = values
    with pytest.raises(UserError, match=rf"^params\.{key}"):
        SamplingParams.parse(values, "params")


def test_whole_numbers_and_lists_are_taken():
    params = SamplingParams.parse({"temperature": 1, "stop": ["\n\n", "x"]}, "params")
    assert (params.temperature, params.stop) == (1.0, ("\n\n", "x"))


def test_a_changed_copy_is_checked_again():
    assert SamplingParams(top_k=3).replace(seed=4) == SamplingParams(top_k=3, seed=4)
    with pytest.raises(ValueError, match="top_p"):
        SamplingParams().replace(top_p=2.0)
