"""How often samples collapse: after worked examples (`few_shot`) and after a bare signature (`short_prompt`)."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import pydantic.dataclasses

from codelm_jax.evals import reference
from codelm_jax.evals.interfaces import Codec, SampledText, Sampling
from codelm_jax.evals.resumable import resumable_samples
from codelm_jax.evals.samples import (
    AS_GOOD_MARGIN,
    MetricMean,
    Sample,
    SampleSummary,
    as_good_as_people,
    collapse_rates,
    sample_of,
    shown_sample,
    summarise,
)
from codelm_jax.evals.statistics import Rate
from codelm_jax.evals.suite import READABLE, Parts, Suite, SuiteInputs, SuiteResult
from codelm_jax.evals.templates import Templates, templates_digest
from codelm_jax.evals.view import Headline, LastFigures, PageSection, Table, View
from codelm_jax.evals.wording import (
    NONE,
    bounds,
    by_prompt,
    capitalised,
    interval,
    number,
    percent,
    sampling_in_words,
)

# The reference's settings; its protocol draws 5 samples for each of eleven prompts.
NEW_TOKENS = 60
SAMPLING = Sampling(n=100, temperature=0.7, top_k=40, top_p=1.0, max_new_tokens=NEW_TOKENS)
REFERENCE_PROTOCOL = dataclasses.replace(SAMPLING, n=5)
COLLAPSE = PageSection(
    "collapse",
    "Collapse",
    "A small model easily gets stuck and repeats itself. A sample counts as collapsed when it is empty, ends in a loop, or "
    f"repeats more than 99 % of real code of its length does. “As good as people” means that at most "
    f"{100 * AS_GOOD_MARGIN:g} points more samples collapse than real code; it is not decided where the interval contains "
    "that limit.",
)


@pydantic.dataclasses.dataclass(frozen=True, kw_only=True, config=READABLE)
class PromptedSample(Sample):
    """A sample and the category of its prompt."""

    category: str


@pydantic.dataclasses.dataclass(frozen=True, kw_only=True, config=READABLE)
class PromptedResult(SuiteResult):
    """Samples of every prompt and what they say about collapse.

    Attributes:
        seed: of the samples.
        sampling: from `Sampling.as_json`.
        summary: of all samples.
        by_category, by_prompt: rates of collapse.
        prompts: prompt -> the whole text before the completion.
        samples: all of them.
    """

    seed: int
    sampling: Mapping[str, Any]
    summary: SampleSummary
    by_category: Mapping[str, Rate]
    by_prompt: Mapping[str, Rate]
    prompts: Mapping[str, str]
    samples: tuple[PromptedSample, ...]


def room(prompts: Sequence[str], codec: Codec, context_length: int) -> int:
    """New tokens that the context leaves after the longest prompt and `<|endoftext|>`; negative where it overflows."""
    return context_length - 1 - max(len(codec.encode(prompt)) for prompt in prompts)


class Prompted(Suite[PromptedResult]):
    """Samples of the templates' prompts.

    Attributes:
        label: in the legends of charts.
        note: what the reference reported.
    """

    section = COLLAPSE
    result_type = PromptedResult
    label: str
    note: str
    worked_examples: bool

    def prompts_of(self, templates: Templates) -> dict[str, str]:
        """Prompt -> the whole text before the completion."""
        return {
            prompt: (category.prefix if self.worked_examples else "") + prompt
            for category in templates.category
            for prompt in category.prompts
        }

    def metric(self, figure: str) -> str:
        """The name under which the collapse monitor writes a figure into `metrics.jsonl`."""
        return f"monitor/{self.name}_{figure}"

    def depends_on(self, inputs: SuiteInputs) -> Mapping[str, Any]:
        """Sampling and prompts."""
        return prompted_by(inputs)

    def obstacle(self, inputs: SuiteInputs) -> str | None:
        """Prompts that leave too little of the context."""
        prompts = list(self.prompts_of(inputs.choices.templates).values())
        left = room(prompts, inputs.model.codec, inputs.model.context_length)
        asked = sampling_of(inputs).max_new_tokens
        if isinstance(asked, int) and left >= asked:
            return None
        return (
            f"the longest prompt leaves {max(0, left)} of the context's {inputs.model.context_length} tokens, and "
            f"{asked} are asked for; lower --max_new_tokens or shorten the --templates"
        )

    def run(self, inputs: SuiteInputs, parts: Parts) -> PromptedResult:
        """Draws the samples; those of a prompt are a part."""
        prompts = list(self.prompts_of(inputs.choices.templates).values())
        sampling = sampling_of(inputs)
        rows = resumable_samples(inputs, parts, self.name, prompts, sampling)
        return self.measure(rows, inputs.choices.templates, sampling, inputs.model.codec, inputs.model.band)

    def measure(
        self,
        rows: Sequence[Sequence[SampledText]],
        templates: Templates,
        sampling: Sampling,
        codec: Codec,
        band: Mapping[str, Any],
    ) -> PromptedResult:
        """The result of samples; a row for each of `prompts_of(templates)`."""
        prompts = self.prompts_of(templates)
        category_of = {prompt: each.name for each in templates.category for prompt in each.prompts}
        samples = [
            sample_of(PromptedSample, prompt, text, sampled, codec, band, category=category_of[prompt])
            for (prompt, text), row in zip(prompts.items(), rows, strict=True)
            for sampled in row
        ]
        return PromptedResult(
            suite=self.name,
            seed=sampling.seed,
            sampling=sampling.as_json("prompt"),
            summary=summarise(samples, band, sampling.seed),
            by_category=collapse_rates(samples, "category"),
            by_prompt=collapse_rates(samples, "prompt_id"),
            prompts=prompts,
            samples=tuple(samples),
        )

    def view(self, result: PromptedResult) -> View:
        """Rates, and the rate of collapse of each category and prompt."""
        invalid = 1 - (result.summary.parses.rate or 0.0)
        return View(
            self.title,
            tables=[
                Table(
                    self.title,
                    ["", "share and 95 % interval"],
                    _rows(result.summary),
                    note=f"{capitalised(sampling_in_words(result.sampling))}. “By prompt” is the interval that allows for samples of "
                    f"one prompt being alike. {self.note}",
                ),
                _groups_table(self.title, "category", result.by_category),
                _groups_table(self.title, "prompt", result.by_prompt, folded=True),
            ],
            headlines=self._headlines(result.summary),
            samples=[
                shown_sample(
                    sample,
                    result.prompts.get(sample.prompt_id, ""),
                    fine=sample.parses,
                    words="valid Python" if sample.parses else "not valid Python",
                )
                for sample in result.samples
            ],
            verdicts={
                "good": "did not collapse and are valid Python",
                "other": "did not collapse and are not valid Python",
                "collapsed": "collapsed",
            },
            limits=[f"{percent(invalid)} of its {self.label} samples were not valid Python."],
        )

    def view_in_training(self, figures: LastFigures) -> View | None:
        """The collapse monitor's last samples."""
        last = {name: figures.get(self.metric(name)) for name in _MONITORED}
        if last["collapsed"] is None:
            return None
        step, _ = last["collapsed"]
        value = {name: found[1] for name, found in last.items() if found is not None}
        rows = []
        for flag, name, people in (
            ("collapsed", "collapsed", _PEOPLE_COLLAPSED),
            ("parses", "valid Python", _PEOPLE_VALID),
        ):
            if flag in value:
                rows += [[name, _monitored(value, flag)], [people, percent(value.get(f"{flag}_human"))]]
        note = f"By the collapse monitor's last samples during training, at step {step:,}; the full evaluation was not run."
        by = "after worked examples, by the monitor's last few samples."
        headlines = [
            Headline(title, percent(value[flag]), f"{_spread(value, flag)}{by}{self._compared(flag)}")
            for title, flag in zip(self.headlines, ("collapsed", "parses"), strict=False)
            if flag in value
        ]
        return View(self.title, [Table(self.title, ["", "share and 95 % interval"], rows, note)], headlines)

    def _headlines(self, summary: SampleSummary) -> list[Headline]:
        people = {
            "collapsed": f"Real code: {percent(summary.human_collapsed)}.",
            "parses": f"Real code cut as short: {percent(summary.human_parses)}.",
        }
        rates = {"collapsed": summary.collapsed, "parses": summary.parses}
        return [
            Headline(
                title,
                percent(rates[flag].rate),
                f"95 % interval {bounds(rates[flag].low, rates[flag].high)}, after worked examples. "
                f"{people[flag]}{self._compared(flag)}",
            )
            for title, flag in zip(self.headlines, rates, strict=False)
        ]

    def _compared(self, flag: str) -> str:
        return f" The reference: {percent(reference.FINAL_COLLAPSE.rate)}." if flag == "collapsed" else ""


class _FewShot(Prompted):
    name = "few_shot"
    title = "Samples after worked examples"
    headlines = ("Samples that collapse", "Samples that are valid Python")
    label = "few-shot"
    worked_examples = True
    note = f"The 2025 reference reported {interval(reference.FINAL_COLLAPSE)} by its own rule."


class _ShortPrompt(Prompted):
    name = "short_prompt"
    title = "Samples after a bare signature"
    label = "short-prompt"
    worked_examples = False
    note = f"The 2025 reference reported about {percent(reference.SHORT_PROMPT_COLLAPSE, 0)} by its own rule."


FEW_SHOT, SHORT_PROMPT = _FewShot(), _ShortPrompt()
# Those that the collapse monitor draws during training.
MONITORED: tuple[Prompted, ...] = (FEW_SHOT, SHORT_PROMPT)


def sampling_of(inputs: SuiteInputs) -> Sampling:
    """How both suites sample."""
    return inputs.choices.sampling_of(SAMPLING, REFERENCE_PROTOCOL)


def prompted_by(inputs: SuiteInputs) -> dict[str, Any]:
    """What the samples depend on, as JSON."""
    return {
        "sampling": sampling_of(inputs).as_json("prompt"),
        "templates_sha256": templates_digest(inputs.choices.templates),
    }


_MONITORED = (
    "n",
    *(f"{flag}{end}" for flag in ("collapsed", "parses") for end in ("", "_low", "_high", "_human")),
)
_PEOPLE_COLLAPSED = "real code that the same rule flags"
_PEOPLE_VALID = "real code cut as short that is valid"
_NAMES = {
    "collapsed": "collapsed",
    "loop": "ends in a loop",
    "legacy_collapse": "collapsed by the reference's rule",
    "parses": "valid Python",
    "ended": "ended by itself",
}


def _rows(summary: SampleSummary) -> list[list[str]]:
    rows = []
    for flag, name in _NAMES.items():
        found = getattr(summary, flag)
        rows += [[name, interval(found)], [f"{name}, by prompt", by_prompt(found)]]
        if flag == "collapsed":
            verdict = as_good_as_people(found, summary.human_collapsed)
            rows.append([_PEOPLE_COLLAPSED, percent(summary.human_collapsed)])
            rows.append(["as good as people", {True: "yes", False: "no", None: "not decided"}[verdict]])
        if flag == "parses":
            rows.append([_PEOPLE_VALID, percent(summary.human_parses)])
    copies = summary.duplicated
    return [
        *rows,
        ["exact duplicates", interval(copies) if copies else percent(summary.duplicates)],
        ["exact duplicates, by prompt", by_prompt(copies) if copies else NONE],
        ["repeated 4-grams (real code)", _metric(summary.seq_rep_4)],
        ["repeated lines (real code)", _metric(summary.rep_line)],
        ["diversity (real code)", _metric(summary.diversity)],
        ["distinct 4-grams of a prompt's samples", number(summary.distinct_4)],
    ]


def _metric(found: MetricMean) -> str:
    return f"{number(found.mean)} [{number(found.low)}, {number(found.high)}] ({number(found.human_mean)})"


def _groups_table(title: str, key: str, groups: Mapping[str, Rate], *, folded: bool = False) -> Table:
    rows = [[name, interval(found)] for name, found in groups.items()]
    return Table(f"{title}: collapsed, by {key}", [key, "collapsed, 95 % interval"], rows, folded=folded)


def _monitored(value: Mapping[str, float], flag: str) -> str:
    """A rate of the monitor with what is known of it: older trainings wrote neither bounds nor the number of samples."""
    if f"{flag}_low" not in value:
        return percent(value[flag])
    low, high = value[f"{flag}_low"], value[f"{flag}_high"]
    if "n" not in value:
        return f"{percent(value[flag])} {bounds(low, high)}"
    n = round(value["n"])
    return interval(Rate(round(value[flag] * n), n, value[flag], low, high))


def _spread(value: Mapping[str, float], flag: str) -> str:
    if f"{flag}_low" not in value:
        return ""
    return f"95 % interval {bounds(value[f'{flag}_low'], value[f'{flag}_high'])}, "
