"""Sampling that can be interrupted: the samples of each few prompts are saved."""

import dataclasses
from collections.abc import Sequence

from codelm_jax.evals.interfaces import SampledText, Sampling
from codelm_jax.evals.suite import Parts, SuiteInputs

# Enough to fill the rows that a CPU decodes at once; few enough that an interruption costs little.
_SAMPLES_AT_ONCE = 256


@dataclasses.dataclass(frozen=True)
class _Restored:
    """A `SampledText` from a partial result."""

    text: str
    token_ids: Sequence[int]
    logprobs: Sequence[float]
    finish_reason: str


def resumable_samples(
    inputs: SuiteInputs, parts: Parts, suite: str, prompts: Sequence[str], sampling: Sampling
) -> list[list[SampledText]]:
    """The samples of each prompt; those in `parts` are not drawn again.

    The prompts that are sampled together depend only on the request, never on what is saved: an interruption must not
    change the numerics of a batch.
    """
    at_once = max(1, _SAMPLES_AT_ONCE // sampling.n)
    for begin in range(0, len(prompts), at_once):
        group = prompts[begin : begin + at_once]
        if any(prompt not in parts.done for prompt in group):
            for prompt, row in zip(group, inputs.model.generate(group, sampling), strict=True):
                parts.add(prompt, [_saved(sampled) for sampled in row])
        inputs.report(suite, begin + len(group), len(prompts))
    return [[_Restored(**saved) for saved in parts.done[prompt]] for prompt in prompts]


def _saved(sampled: SampledText) -> dict[str, object]:
    return {
        "text": sampled.text,
        "token_ids": list(sampled.token_ids),
        "logprobs": [float(value) for value in sampled.logprobs],
        "finish_reason": sampled.finish_reason,
    }
