"""lm-eval gives a text the same score through the server, through transformers on the export, and as `Generator` does.

Only `make test-peers` installs what these tests import; without it they must fail rather than skip.
"""

import dataclasses

import numpy as np
import pytest
from interop.interop_models import exported, tokenizer
from served import serving

from codelm_jax.generation.generator import Generator
from codelm_jax.generation.scoring import score_texts
from codelm_jax.interop.hf_export import export_hf
from codelm_jax.model.config import ModelConfig

# The libraries under lm-eval warn on import.
pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]

TEXTS = ["def add(a, b):\n    return a + b\n", "class Stack:\n", "x"]
PAIRS = [("def add(a, b):\n    return", " a + b"), ("for number in range(", "10):\n"), ("", "class Stack:")]


@dataclasses.dataclass(frozen=True)
class Scored:
    """Log-likelihoods of all `TEXTS`, and of the continuations of `PAIRS`."""

    texts: list[float]
    continuations: list[float]


@pytest.fixture(scope="module")
def ours():
    model = exported()
    return Generator(ModelConfig(**model.meta.model), model.params, tokenizer())


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    path = tmp_path_factory.mktemp("lm_eval") / "toy"
    export_hf(exported(), path)
    return str(path)


@pytest.fixture(scope="module")
def by_generator(ours):
    whole = score_texts(ours.text_model, [context + continuation for context, continuation in PAIRS])
    lengths = [len(tokenizer().encode(context)) for context, _ in PAIRS]
    return Scored(
        [sum(score.logprobs) for score in score_texts(ours.text_model, TEXTS)],
        [sum(score.logprobs[length:]) for score, length in zip(whole, lengths, strict=True)],
    )


def scored(rolling, plain):
    """What lm-eval's models give: docs/serving.md says which settings they need."""
    from lm_eval.api.instance import Instance

    texts = [Instance("loglikelihood_rolling", {}, (text,), number) for number, text in enumerate(TEXTS)]
    pairs = [Instance("loglikelihood", {}, pair, number) for number, pair in enumerate(PAIRS)]
    return Scored(rolling.loglikelihood_rolling(texts), [sum_ for sum_, _ in plain.loglikelihood(pairs)])


def assert_equal(one, other):
    for field in ("texts", "continuations"):
        np.testing.assert_allclose(getattr(one, field), getattr(other, field), atol=1e-3)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_local_completions_gives_the_generators_scores(ours, export, by_generator, batch_size):
    from lm_eval.models.openai_completions import LocalCompletionsAPI

    with serving(model=ours) as address:
        served = LocalCompletionsAPI(
            base_url=f"{address}/v1/completions",
            model="toy",
            tokenizer=export,
            max_length=ours.text_model.context_length - 1,
            batch_size=batch_size,
        )
        found = scored(served, served)
    assert_equal(found, by_generator)


def test_hf_on_the_export_gives_the_generators_scores(export, by_generator):
    from lm_eval.models.huggingface import HFLM

    rolling, plain = (
        HFLM(pretrained=export, device="cpu", dtype="float32", add_bos_token=adds) for adds in (False, True)
    )
    assert_equal(scored(rolling, plain), by_generator)
