"""Memorisation: how long a piece of each few-shot sample also occurs in the training data, and in which file."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pydantic.dataclasses

from codelm_jax.evals.copies import longest_runs
from codelm_jax.evals.interfaces import EvaluationData
from codelm_jax.evals.statistics import Rate, rate
from codelm_jax.evals.suite import READABLE, Parts, Suite, SuiteInputs, SuiteResult
from codelm_jax.evals.suites.few_shot import FEW_SHOT, prompted_by, sampling_of
from codelm_jax.evals.view import Axis, Curves, Level, PageSection, Series, Table, View
from codelm_jax.evals.wording import NONE, interval, number
from codelm_jax.text.band import real_windows

_HELD_OUT_WINDOWS = 1000
_COPIES_SHOWN = 5


@pydantic.dataclasses.dataclass(frozen=True, config=READABLE)
class CopiedRun:
    """The longest copied run of one sample.

    Attributes:
        tokens: of the sample.
        run: tokens of the run.
        share: of the sample.
        start: of the run in the sample.
        file: where it occurs; None without a run.
        prompt_id: of the sample; "" for held-out code.
    """

    tokens: int
    run: int
    share: float
    start: int
    file: str | None
    prompt_id: str = ""


@pydantic.dataclasses.dataclass(frozen=True, kw_only=True, config=READABLE)
class RunLengths:
    """Lengths of the longest runs of several texts, in tokens.

    Attributes:
        n: number of texts.
        mean, median, p90, longest: over them.
        whole_samples: texts that occur from beginning to end.
        whole: the same as a rate; None in older results.
    """

    n: int
    mean: float
    median: float
    p90: float
    longest: int
    whole_samples: int
    whole: Rate | None = None


@pydantic.dataclasses.dataclass(frozen=True, kw_only=True, config=READABLE)
class MemorisationResult(SuiteResult, RunLengths):
    """The runs of samples, and for comparison those of as many windows of held-out code."""

    samples: tuple[CopiedRun, ...]
    held_out: RunLengths | None = None


def copied_runs(
    texts: Sequence[Sequence[int]],
    corpus_ids: np.ndarray,
    *,
    endoftext_id: int,
    document_names: Sequence[str],
) -> tuple[CopiedRun, ...]:
    """The longest run of each text in the training tokens.

    Args:
        texts: token ids, none of them `<|endoftext|>`; so no run crosses from one document into the next.
        corpus_ids: training tokens, uint16 [N], `<|endoftext|>` before each document.
        endoftext_id: its id.
        document_names: the file of each document.
    """
    document_starts = np.flatnonzero(corpus_ids == endoftext_id)
    found = []
    for tokens, (run, start, place) in zip(texts, longest_runs(texts, corpus_ids), strict=True):
        document = int(np.searchsorted(document_starts, place, side="right")) - 1
        found.append(
            CopiedRun(
                tokens=len(tokens),
                run=run,
                share=run / len(tokens) if len(tokens) else 0.0,
                start=start,
                file=document_names[document] if run else None,
            )
        )
    return tuple(found)


def run_lengths(runs: Sequence[CopiedRun]) -> RunLengths:
    """What the runs say together.

    Raises:
        ValueError: there are none.
    """
    if not runs:
        raise ValueError("no samples to look for")
    lengths = np.array([found.run for found in runs])
    whole = sum(found.run == found.tokens > 0 for found in runs)
    return RunLengths(
        n=len(runs),
        mean=float(lengths.mean()),
        median=float(np.median(lengths)),
        p90=float(np.percentile(lengths, 90)),
        longest=int(lengths.max()),
        whole_samples=whole,
        whole=rate(whole, len(runs)),
    )


class Memorisation(Suite[MemorisationResult]):
    """Copies from the training data in the few-shot samples."""

    name = "memorisation"
    title = "Memorisation"
    section = PageSection(
        "memorisation",
        "Memorisation",
        "Whether samples are the model's own or pieces of its training files. Real code that it never saw shows how much "
        "agreement is ordinary.",
    )
    result_type = MemorisationResult
    needs = ("train_tokens",)

    def depends_on(self, inputs: SuiteInputs) -> Mapping[str, Any]:
        """The data and the few-shot samples."""
        return {"data": dict(inputs.required_data().identity), **prompted_by(inputs)}

    def run(self, inputs: SuiteInputs, parts: Parts) -> MemorisationResult:
        """Looks for the few-shot samples, which are drawn if there are none yet."""
        data = inputs.required_data()
        samples = inputs.result_of(FEW_SHOT).samples
        length = sampling_of(inputs).max_new_tokens
        assert isinstance(length, int)  # one number for all prompts
        documents = data.held_out["val"].documents
        windows = real_windows(documents, length, _HELD_OUT_WINDOWS, inputs.choices.seed)
        runs = _runs([sample.token_ids for sample in samples], data)
        named = tuple(
            dataclasses.replace(run, prompt_id=sample.prompt_id)
            for run, sample in zip(runs, samples, strict=True)
        )
        return MemorisationResult(
            suite=self.name,
            **vars(run_lengths(runs)),
            samples=named,
            held_out=run_lengths(_runs(windows, data)) if windows else None,
        )

    def unmeasured(self) -> str:
        """Copies have licences."""
        return "Whether it repeats its training data was not measured. The licence of a copy applies to the copy."

    def view(self, result: MemorisationResult) -> View:
        """Lengths of the runs, and the longest copies."""
        both = [result, result.held_out]
        rows = [["samples", *(number(found and found.n) for found in both)]]
        rows += [
            [name, *(number(found and getattr(found, key), 1) for found in both)]
            for name, key in {
                "mean": "mean",
                "median": "median",
                "90th percentile": "p90",
                "longest": "longest",
            }.items()
        ]
        rows.append(["whole ones", *(_whole(found) for found in both)])
        longest = sorted(result.samples, key=lambda found: -found.run)[:_COPIES_SHOWN]
        copies = [[number(found.run), number(found.tokens), found.file] for found in longest if found.file]
        note = "Held-out code is real and took no part in training."
        return View(
            self.title,
            tables=[
                Table(
                    "the longest run found in the training data",
                    ["tokens", "samples", "held-out code"],
                    rows,
                    note=note,
                ),
                Table("the longest copies", ["run, tokens", "sample, tokens", "file"], copies, folded=True),
            ],
            charts=[_chart(result)],
            limits=[
                f"It can repeat its training data: the longest copy found was {result.longest} tokens. The licence of "
                "what it copies applies to the copy."
            ],
        )


MEMORISATION = Memorisation()


def _runs(texts: Sequence[Sequence[int]], data: EvaluationData) -> tuple[CopiedRun, ...]:
    assert data.train_ids is not None  # `needs` says so
    return copied_runs(texts, data.train_ids, endoftext_id=data.endoftext_id, document_names=data.train_files)


def _whole(found: RunLengths | None) -> str:
    if found is None:
        return NONE
    return interval(found.whole) if found.whole else number(found.whole_samples)


def _chart(result: MemorisationResult) -> Curves:
    lengths = sorted((found.run for found in result.samples), reverse=True)
    shares = [place / len(lengths) for place in range(1, len(lengths) + 1)]
    return Curves(
        name="memorisation",
        title="How much it copies",
        caption="For each sample, the longest piece that occurs in the training data word for word; short common pieces "
        "are normal, whole samples would be recitation.",
        about="Share of samples with at least so many copied tokens in a row.",
        words=f"median {number(result.median)} tokens, longest {number(result.longest)}",
        x=Axis("tokens in a row that occur in the training data", low=0),
        y=Axis("samples with at least so many", "percent", low=0, high=1.03),
        # Every sample has at least nothing in common with the corpus.
        series=[Series("samples", [*lengths, 0], [*shares, 1.0], "steps")],
        levels=[Level("real code: 90 % are shorter", result.held_out.p90, "x", "dotted")]
        if result.held_out
        else [],
    )
