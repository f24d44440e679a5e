"""Which samples the page shows, and each token's colour."""

import math
from collections.abc import Mapping, Sequence
from typing import get_args

from codelm_jax.evals import registry
from codelm_jax.evals.view import Judged, ShownSample, View
from codelm_jax.evals.wording import percent, visible
from codelm_jax.report.runs import ReportedRun
from codelm_jax.report.section import Block, ColouredToken, PageSample, Samples, Section, captioned
from codelm_jax.report.wording import count_of

# Upper ends of the classes of probability, lowest first; the last class is everything above.
_LEVELS = (0.01, 0.10, 0.50, 0.90)
LEVEL_NAMES = ("below 1 %", "1 to 10 %", "10 to 50 %", "50 to 90 %", "90 % and above")

_SHOWN_OF_EACH = 3


def samples_section(runs: Sequence[ReportedRun]) -> Section:
    """Good and collapsed samples of every run, coloured by token probability."""
    blocks: list[Block] = []
    for suite in registry.SUITES:
        for run in runs:
            found = run.newest(suite.name)
            if found is not None and found.view.verdicts is not None:
                blocks += _blocks(captioned(run, runs, suite.title), found.view, found.view.verdicts)
    return Section(
        id="samples",
        title="Samples",
        says="Text that the model wrote, unchanged. The prompt is grey; the background of each token shows how likely the "
        "model thought it was. In a loop, dark tokens mean that the model is certain of repeating itself.",
        blocks=blocks,
    )


def _blocks(title: str, view: View, verdicts: Mapping[Judged, str]) -> list[Block]:
    blocks: list[Block] = []
    for judged in get_args(Judged):
        found = [sample for sample in view.samples if sample.judged == judged]
        shown = _first_of_each_prompt(found)
        share = percent(len(found) / max(1, len(view.samples)))
        blocks.append(
            Samples(
                title=f"{title}: {judged if judged != 'other' else 'neither'}",
                chosen=f"{len(found):,} of {count_of(len(view.samples), 'sample')} ({share}) {verdicts[judged]}. "
                f"Shown: {_how_chosen(found, shown)}.",
                samples=[
                    PageSample(_without_overlap(each), _coloured(each), each.verdict, each.judged)
                    for each in shown
                ],
                context=shown[0].before if shown else "",
            )
        )
    return blocks


def _first_of_each_prompt(samples: Sequence[ShownSample]) -> list[ShownSample]:
    firsts: dict[str, ShownSample] = {}
    for sample in samples:
        firsts.setdefault(sample.prompt_id, sample)
    return list(firsts.values())[:_SHOWN_OF_EACH]


def _how_chosen(found: Sequence[ShownSample], shown: Sequence[ShownSample]) -> str:
    if not shown:
        return "none"
    if len(shown) == len(found):
        return "all of them"
    return f"the first of each of the first {count_of(len(shown), 'prompt')}, not picked by hand"


def _without_overlap(sample: ShownSample) -> str:
    """The prompt without the part that the first tokens cover: token healing takes a prompt's last tokens back."""
    prompt, written = sample.prompt, "".join(sample.tokens)
    for overlap in range(min(len(prompt), len(written)) + 1):
        if prompt.endswith(written[:overlap]) and written[overlap:].startswith(sample.text):
            return prompt[: len(prompt) - overlap]
    return prompt


def _coloured(sample: ShownSample) -> list[ColouredToken]:
    coloured = []
    for text, logprob in zip(sample.tokens, sample.logprobs, strict=True):
        probability = math.exp(min(0.0, logprob))
        level = sum(probability >= end for end in _LEVELS)
        coloured.append(ColouredToken(visible(text), percent(probability), level))
    return coloured
