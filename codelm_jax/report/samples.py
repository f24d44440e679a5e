"""Which samples the page shows, and each token's colour."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from codelm_jax.report.runs import Run
from codelm_jax.report.section import Block, Judged, Sample, Samples, Section, Token, missing_suite
from codelm_jax.report.wording import count_of, percent, visible

# Upper ends of the classes of probability, least probable first; the last one is everything above.
_LEVELS = (0.01, 0.10, 0.50, 0.90)
LEVEL_NAMES = ("below 1 %", "1 to 10 %", "10 to 50 %", "50 to 90 %", "90 % and above")

_SUITES = {
    "few_shot": "After worked examples",
    "short_prompt": "After a bare signature",
    "mini_benchmark": "Small tasks",
}
# In words: where a sample is judged by whether it is Python, and where it is by its tests.
_KINDS: Mapping[Judged, tuple[str, str]] = {
    "good": ("did not collapse and are valid Python", "did not collapse and pass their tests"),
    "other": ("did not collapse and are not valid Python", "did not collapse and fail their tests"),
    "collapsed": ("collapsed", "collapsed"),
}
_SHOWN_OF_EACH = 3


def samples_section(runs: Sequence[Run]) -> Section:
    """Good and collapsed samples of every run, coloured by token probability."""
    blocks: list[Block] = []
    for suite, title in _SUITES.items():
        for run in runs:
            evaluation = run.evaluation(suite)
            if evaluation:
                heading = title if len(runs) == 1 else f"{run.name}: {title[0].lower()}{title[1:]}"
                blocks += _blocks(heading, evaluation.result)
        blocks += missing_suite(runs, suite, f"“{title}”: no samples yet.")
    return Section(
        id="samples",
        title="Samples",
        says="What the model writes, as it came out. The prompt is grey; the background of each token tells how probable "
        "the model itself held it. In a loop, dark tokens mean that the model is certain of repeating itself.",
        blocks=blocks,
    )


def _blocks(title: str, result: Mapping[str, Any]) -> list[Block]:
    records = result["samples"]
    prompts: Mapping[str, str] = result.get("prompts", {})
    has_tests = "ladder" in result
    blocks: list[Block] = []
    for judged, which in _KINDS.items():
        found = [record for record in records if _judged(record) == judged]
        shown = _first_of_each_prompt(found)
        share = f"{len(found):,} of {count_of(len(records), 'sample')} ({percent(len(found) / max(1, len(records)))})"
        blocks.append(
            Samples(
                title=f"{title}: {judged if judged != 'other' else 'neither'}",
                chosen=f"{share} {which[has_tests]}. Shown: {_how_chosen(found, shown)}.",
                samples=[_sample(record, prompts.get(record["prompt_id"], "")) for record in shown],
                context=_context(shown, prompts),
            )
        )
    return blocks


def _judged(record: Mapping[str, Any]) -> Judged:
    if record["collapsed"]:
        return "collapsed"
    good = record["failure"] is None if "rung" in record else record["parses"]
    return "good" if good else "other"


def _first_of_each_prompt(records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    firsts: dict[str, Mapping[str, Any]] = {}
    for record in records:
        firsts.setdefault(record["prompt_id"], record)
    return list(firsts.values())[:_SHOWN_OF_EACH]


def _how_chosen(found: Sequence[Any], shown: Sequence[Any]) -> str:
    if not shown:
        return "none"
    if len(shown) == len(found):
        return "all of them"
    return f"the first of each of the first {count_of(len(shown), 'prompt')}, not picked by hand"


def _context(shown: Sequence[Mapping[str, Any]], prompts: Mapping[str, str]) -> str:
    if not shown:
        return ""
    name = shown[0]["prompt_id"]
    return prompts.get(name, "").removesuffix(name)


def _sample(record: Mapping[str, Any], prompt: str) -> Sample:
    name = record["prompt_id"]
    # Tasks are named, not quoted: their prompt stands in the benchmark's file.
    shown = name if prompt.endswith(name) else ""
    tokens = [
        _token(text, logprob) for text, logprob in zip(record["tokens"], record["logprobs"], strict=True)
    ]
    return Sample(
        prompt=_without_overlap(shown, record),
        tokens=tokens,
        verdict=_verdict(record, "" if shown else name),
        judged=_judged(record),
    )


def _without_overlap(prompt: str, record: Mapping[str, Any]) -> str:
    """The prompt without what its completion's first tokens cover: token healing takes a prompt's last tokens back."""
    written = "".join(record["tokens"])
    for overlap in range(min(len(prompt), len(written)) + 1):
        if prompt.endswith(written[:overlap]) and written[overlap:].startswith(record["text"]):
            return prompt[: len(prompt) - overlap]
    return prompt


def _token(text: str, logprob: float) -> Token:
    probability = math.exp(min(0.0, logprob))
    level = sum(probability >= end for end in _LEVELS)
    return Token(visible(text), percent(probability), level)


def _verdict(record: Mapping[str, Any], name: str) -> str:
    words = ["collapsed" if record["collapsed"] else "did not collapse"]
    if "rung" in record:
        words.append("passed its tests" if record["failure"] is None else f"failed: {record['failure']}")
    else:
        words.append("valid Python" if record["parses"] else "not valid Python")
    words.append("ended by itself" if record["ended"] else "cut at the token limit")
    if record["logprobs"]:
        mean = math.exp(min(0.0, math.fsum(record["logprobs"]) / len(record["logprobs"])))
        words.append(f"typical token probability {percent(mean, 0)}")
    said = "; ".join(words)
    return f"{name}: {said}" if name else f"{said[0].upper()}{said[1:]}"
