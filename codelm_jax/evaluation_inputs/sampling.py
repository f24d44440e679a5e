"""Samples of a generator as evaluations ask for them."""

import hashlib
from collections.abc import Sequence

from codelm_jax.evals.interfaces import Generate, SampledText, Sampling
from codelm_jax.generation.generator import Generator
from codelm_jax.generation.params import SamplingParams


def generate_with(generator: Generator) -> Generate:
    """Makes the function.

    The randomness of a completion depends on its seed, not on its prompt: with one seed all prompts would draw the same
    random numbers, but intervals assume independent prompts. So each prompt derives a seed from the one given.
    """

    def generate(prompts: Sequence[str], sampling: Sampling) -> Sequence[Sequence[SampledText]]:
        most = sampling.max_new_tokens
        limits = [most] * len(prompts) if isinstance(most, int) else most
        params = [
            SamplingParams.parse(
                {
                    "n": sampling.n,
                    "temperature": sampling.temperature,
                    "top_k": sampling.top_k,
                    "top_p": sampling.top_p,
                    "stop": sampling.stop,
                    "max_new_tokens": limit,
                    "seed": _seed_of(prompt, sampling.seed),
                },
                "sampling",
            )
            for prompt, limit in zip(prompts, limits, strict=True)
        ]
        return generator.generate(prompts, params)

    return generate


def _seed_of(prompt: str, seed: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{prompt}".encode()).digest()[:4], "little")
