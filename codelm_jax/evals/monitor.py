"""The collapse monitor: samples of the live parameters during training, measured against real code."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from codelm_jax.evals.interfaces import Codec, Generate
from codelm_jax.evals.samples import Sample, mean, sample_of
from codelm_jax.evals.statistics import rate
from codelm_jax.evals.suites.few_shot import MONITORED, NEW_TOKENS, REFERENCE_PROTOCOL, Prompted, room
from codelm_jax.evals.templates import Templates
from codelm_jax.text.band import human_parses, human_percentile, human_rate

_SHOWN = 3


class CollapseMonitor:
    """Few-shot and short-prompt samples at an interval, with the same seed each time, so that they can be compared.

    Attributes:
        every: steps between two calls.
        skipped: suites whose prompts leave too little of the model's context, each with the reason.
    """

    def __init__(
        self,
        generate_live: Callable[[Any], Generate],
        codec: Codec,
        templates: Templates,
        band: Mapping[str, Any],
        *,
        every: int,
        samples_per_prompt: int,
        context_length: int,
        seed: int,
    ):
        """Takes everything that sampling needs, except the parameters.

        Args:
            generate_live: from parameters to sampling.
            codec: the tokenizer.
            templates: the prompts.
            band: the human band.
            every: steps between two calls.
            samples_per_prompt: of each of the prompts, with worked examples and without.
            context_length: tokens that the model sees, `<|endoftext|>` included.
            seed: of the sampling.
        """
        self.every = every
        self.skipped: dict[str, str] = {}
        self._generate_live, self._codec, self._band = generate_live, codec, band
        self._sampling = dataclasses.replace(REFERENCE_PROTOCOL, n=samples_per_prompt, seed=seed)
        self._prompts: dict[Prompted, dict[str, str]] = {}
        for suite in MONITORED:
            prompts = suite.prompts_of(templates)
            left = room(list(prompts.values()), codec, context_length)
            if left < NEW_TOKENS:
                self.skipped[suite.name] = (
                    f"its prompts leave {max(0, left)} of the context's {context_length} tokens and {NEW_TOKENS} are to be "
                    "sampled"
                )
            else:
                self._prompts[suite] = prompts

    def __call__(self, params: Any) -> tuple[dict[str, float], dict[str, str]]:
        """Samples from `params`.

        Returns:
            `monitor/<suite>_collapsed` and `monitor/<suite>_parses` with `_low` and `_high` (95 % Wilson), and
            `monitor/<suite>_seq_rep_4`, each with `_human`, which is what real code of the same lengths shows;
            `monitor/<suite>_n`, the number of samples. And `monitor/<suite>_samples`, a few of them as Markdown.
        """
        generate = self._generate_live(params)
        figures: dict[str, float] = {}
        texts: dict[str, str] = {}
        for suite, prompts in self._prompts.items():
            samples = self._sample(generate, prompts)
            figures |= {suite.metric(name): value for name, value in _figures(samples, self._band).items()}
            texts[suite.metric("samples")] = _shown(samples)
        return figures, texts

    def _sample(self, generate: Generate, prompts: Mapping[str, str]) -> list[Sample]:
        rows = generate(list(prompts.values()), self._sampling)
        return [
            sample_of(Sample, prompt, text, sampled, self._codec, self._band)
            for (prompt, text), row in zip(prompts.items(), rows, strict=True)
            for sampled in row
        ]


def _figures(samples: Sequence[Sample], band: Mapping[str, Any]) -> dict[str, float]:
    collapsed = rate(sum(sample.collapsed for sample in samples), len(samples))
    parses = rate(sum(sample.parses for sample in samples), len(samples))
    lengths = [len(sample.token_ids) for sample in samples]
    return {
        "n": float(len(samples)),
        "collapsed": collapsed.count / collapsed.n,
        "collapsed_low": collapsed.low,
        "collapsed_high": collapsed.high,
        "collapsed_human": mean([human_rate(band, length) for length in lengths]),
        "seq_rep_4": mean([sample.seq_rep_4 for sample in samples]),
        "seq_rep_4_human": mean([human_percentile(band, "seq_rep_4", length, "mean") for length in lengths]),
        "parses": parses.count / parses.n,
        "parses_low": parses.low,
        "parses_high": parses.high,
        "parses_human": mean([human_parses(band, length) for length in lengths]),
    }


def _shown(samples: Sequence[Sample]) -> str:
    """Some samples, spread over the prompts, as indented Markdown code: samples may hold fences themselves."""
    blocks = []
    for sample in samples[:: math.ceil(len(samples) / _SHOWN)]:
        verdict = "collapsed" if sample.collapsed else "not collapsed"
        code = (sample.prompt_id + sample.text).splitlines()
        blocks.append("\n".join([f"{verdict}:", "", *(f"    {line}" for line in code)]))
    return "\n\n".join(blocks)
