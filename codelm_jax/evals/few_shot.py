"""Few-shot and short-prompt evaluation: how often samples collapse, with worked examples before them and without."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from codelm_jax.evals.interfaces import Codec, Generate
from codelm_jax.evals.samples import collapse_rates, sample_record, summarise
from codelm_jax.evals.templates import Templates


@dataclasses.dataclass(frozen=True)
class Sampling:
    """The reference's settings; its protocol draws 5 samples for each of eleven prompts."""

    samples_per_prompt: int = 100
    temperature: float = 0.7
    top_k: int = 40
    top_p: float = 1.0
    max_new_tokens: int = 60


REFERENCE_PROTOCOL = Sampling(samples_per_prompt=5)


def few_shot(
    generate: Generate,
    codec: Codec,
    templates: Templates,
    band: Mapping[str, Any],
    *,
    sampling: Sampling,
    seed: int,
) -> dict[str, Any]:
    """Samples every prompt after its category's worked examples.

    Returns:
        `{"suite", "seed", "sampling", "summary", "by_category", "by_prompt", "prompts", "samples"}`: rates as
        `samples.summarise` gives them, the text before each prompt, and every sample.
    """
    return _run("few_shot", generate, codec, templates, band, sampling, seed)


def short_prompt(
    generate: Generate,
    codec: Codec,
    templates: Templates,
    band: Mapping[str, Any],
    *,
    sampling: Sampling,
    seed: int,
) -> dict[str, Any]:
    """The same prompts, bare. Returns what `few_shot` returns."""
    return _run("short_prompt", generate, codec, templates, band, sampling, seed)


def prompts_of(suite: str, templates: Templates) -> dict[str, str]:
    """What `few_shot` or `short_prompt` puts to the model: prompt -> the whole text before the completion."""
    return {
        prompt: (category.prefix if suite == "few_shot" else "") + prompt
        for category in templates.category
        for prompt in category.prompts
    }


def room(prompts: Sequence[str], codec: Codec, context_length: int) -> int:
    """New tokens that the context leaves after the longest prompt and `<|endoftext|>`; negative where it overflows."""
    return context_length - 1 - max(len(codec.encode(prompt)) for prompt in prompts)


def _run(
    suite: str,
    generate: Generate,
    codec: Codec,
    templates: Templates,
    band: Mapping[str, Any],
    sampling: Sampling,
    seed: int,
) -> dict[str, Any]:
    prompts = prompts_of(suite, templates)
    category_of = {prompt: category.name for category in templates.category for prompt in category.prompts}
    completions = generate(
        list(prompts.values()),
        sampling.samples_per_prompt,
        temperature=sampling.temperature,
        top_k=sampling.top_k,
        top_p=sampling.top_p,
        max_new_tokens=sampling.max_new_tokens,
        stop=(),
        seed=seed,
    )
    samples = [
        {"category": category_of[prompt], **sample_record(prompt, text, completion, codec, band)}
        for (prompt, text), row in zip(prompts.items(), completions, strict=True)
        for completion in row
    ]
    return {
        "suite": suite,
        "seed": seed,
        "sampling": dataclasses.asdict(sampling),
        "summary": summarise(samples, band, seed),
        "by_category": collapse_rates(samples, "category"),
        "by_prompt": collapse_rates(samples, "prompt_id"),
        "prompts": prompts,
        "samples": samples,
    }
