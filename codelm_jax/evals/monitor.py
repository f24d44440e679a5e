"""The collapse monitor: samples of the live parameters during training, measured against real code."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from codelm_jax.evals.few_shot import REFERENCE_PROTOCOL, prompts_of, room
from codelm_jax.evals.interfaces import Codec, Generate
from codelm_jax.evals.samples import sample_record
from codelm_jax.evals.statistics import rate
from codelm_jax.evals.templates import Templates
from codelm_jax.text.band import human_parses, human_percentile, human_rate

MONITORED = ("few_shot", "short_prompt")
_SHOWN = 3


class CollapseMonitor:
    """Few-shot and short-prompt samples at an interval; the same seed each time, so that looks can be compared.

    Attributes:
        every: steps between two looks.
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
        """Takes what sampling needs besides the parameters.

        Args:
            generate_live: from parameters to sampling.
            codec: the tokenizer.
            templates: the prompts.
            band: the human band.
            every: steps between two looks.
            samples_per_prompt: of each of the prompts, with worked examples and without.
            context_length: tokens that the model sees, `<|endoftext|>` included.
            seed: of the sampling.
        """
        self.every = every
        self.skipped: dict[str, str] = {}
        self._generate_live, self._codec, self._band = generate_live, codec, band
        self._samples_per_prompt, self._seed = samples_per_prompt, seed
        self._prompts: dict[str, dict[str, str]] = {}
        for suite in MONITORED:
            prompts = prompts_of(suite, templates)
            left = room(list(prompts.values()), codec, context_length)
            if left < REFERENCE_PROTOCOL.max_new_tokens:
                self.skipped[suite] = (
                    f"its prompts leave {max(0, left)} of the context's {context_length} tokens and "
                    f"{REFERENCE_PROTOCOL.max_new_tokens} are to be sampled"
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
            records = self._sample(generate, prompts)
            figures |= {
                f"monitor/{suite}_{name}": value for name, value in _figures(records, self._band).items()
            }
            texts[f"monitor/{suite}_samples"] = _shown(records)
        return figures, texts

    def _sample(self, generate: Generate, prompts: Mapping[str, str]) -> list[dict[str, Any]]:
        sampling = REFERENCE_PROTOCOL
        rows = generate(
            list(prompts.values()),
            self._samples_per_prompt,
            temperature=sampling.temperature,
            top_k=sampling.top_k,
            top_p=sampling.top_p,
            max_new_tokens=sampling.max_new_tokens,
            stop=(),
            seed=self._seed,
        )
        return [
            sample_record(prompt, text, completion, self._codec, self._band)
            for (prompt, text), row in zip(prompts.items(), rows, strict=True)
            for completion in row
        ]


def _figures(records: Sequence[Mapping[str, Any]], band: Mapping[str, Any]) -> dict[str, float]:
    collapsed = rate(sum(record["collapsed"] for record in records), len(records))
    parses = rate(sum(record["parses"] for record in records), len(records))
    lengths = [len(record["token_ids"]) for record in records]
    return {
        "n": float(len(records)),
        "collapsed": collapsed["rate"],
        "collapsed_low": collapsed["low"],
        "collapsed_high": collapsed["high"],
        "collapsed_human": _mean([human_rate(band, length) for length in lengths]),
        "seq_rep_4": _mean([record["seq_rep_4"] for record in records]),
        "seq_rep_4_human": _mean([human_percentile(band, "seq_rep_4", length, "mean") for length in lengths]),
        "parses": parses["rate"],
        "parses_low": parses["low"],
        "parses_high": parses["high"],
        "parses_human": _mean([human_parses(band, length) for length in lengths]),
    }


def _shown(records: Sequence[Mapping[str, Any]]) -> str:
    """Some samples, spread over the prompts, as indented Markdown code: fences could stand in the samples themselves."""
    chosen = records[:: math.ceil(len(records) / _SHOWN)]
    blocks = []
    for record in chosen:
        verdict = "collapsed" if record["collapsed"] else "not collapsed"
        code = (record["prompt_id"] + record["text"]).splitlines()
        blocks.append("\n".join([f"{verdict}:", "", *(f"    {line}" for line in code)]))
    return "\n\n".join(blocks)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
