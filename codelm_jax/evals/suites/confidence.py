"""How sure the model is on held-out code, and whether it is right as often: everywhere, after `:` and after `)`."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pydantic.dataclasses

from codelm_jax.evals.interfaces import Codec, MaskedWindows, TokenStatistics
from codelm_jax.evals.statistics import Rate, rate
from codelm_jax.evals.suite import READABLE, Parts, Suite, SuiteInputs, SuiteResult
from codelm_jax.evals.suites.held_out import counted
from codelm_jax.evals.view import Axis, Curves, PageSection, Series, Table, View
from codelm_jax.evals.wording import NONE, bounds, number, percent

_BINS = 15


@pydantic.dataclasses.dataclass(frozen=True, config=READABLE)
class CalibrationBin:
    """Positions of about the same confidence; means over them."""

    count: int
    confidence: float
    accuracy: float


@pydantic.dataclasses.dataclass(frozen=True, config=READABLE)
class Confidence:
    """The figures of positions of one kind; with 0 positions there are no others.

    Attributes:
        positions: number of them.
        top1_prob: mean probability of the likeliest token.
        accuracy: share of positions where it is right.
        correct: the same as a rate, whose Wilson interval takes the positions for independent; None in older results.
        entropy: nats.
        calibration_error: expected calibration error (Guo et al. 2017, 15 equal bins).
        bins: those that are not empty.
    """

    positions: int
    top1_prob: float | None = None
    accuracy: float | None = None
    correct: Rate | None = None
    entropy: float | None = None
    calibration_error: float | None = None
    bins: tuple[CalibrationBin, ...] = ()


@pydantic.dataclasses.dataclass(frozen=True, kw_only=True, config=READABLE)
class ConfidenceResult(SuiteResult):
    """The figures of all positions, and of those after a token that ends in `:` or in `)`."""

    all: Confidence
    after_colon: Confidence
    after_parenthesis: Confidence


class _Tally:
    """Sums over the positions of one kind."""

    def __init__(self) -> None:
        self.positions = 0
        self.entropy = 0.0
        self.counts = np.zeros(_BINS)
        self.confidence = np.zeros(_BINS)
        self.correct = np.zeros(_BINS)

    def add(self, top1_prob: np.ndarray, entropy: np.ndarray, correct: np.ndarray) -> None:
        # Bins are (low, high]: a probability of exactly 1 belongs to the last.
        bins = np.clip(np.ceil(top1_prob * _BINS).astype(int) - 1, 0, _BINS - 1)
        self.positions += top1_prob.size
        self.entropy += float(entropy.sum())
        self.counts += np.bincount(bins, minlength=_BINS)
        self.confidence += np.bincount(bins, top1_prob, minlength=_BINS)
        self.correct += np.bincount(bins, correct, minlength=_BINS)

    def figures(self) -> Confidence:
        n = self.positions
        if not n:
            return Confidence(0)
        filled = self.counts > 0
        return Confidence(
            positions=n,
            top1_prob=float(self.confidence.sum() / n),
            accuracy=float(self.correct.sum() / n),
            correct=rate(round(self.correct.sum()), n),
            entropy=self.entropy / n,
            calibration_error=float(np.abs(self.confidence - self.correct).sum() / n),
            bins=tuple(
                CalibrationBin(int(count), float(confidence / count), float(correct / count))
                for count, confidence, correct in zip(
                    self.counts[filled], self.confidence[filled], self.correct[filled], strict=True
                )
            ),
        )


def confidence_of(
    statistics: TokenStatistics, batches: Iterable[MaskedWindows], codec: Codec
) -> ConfidenceResult:
    """Measures all positions that the masks let through.

    Args:
        statistics: the model.
        batches: windows uint16 [B, T + 1] and masks bool [B, T].
        codec: says which tokens end in `:` and in `)`.
    """
    spellings = [codec.token_bytes(token) for token in range(codec.vocab_size)]
    kinds = {
        "all": np.ones(codec.vocab_size, bool),
        "after_colon": np.array([spelling.endswith(b":") for spelling in spellings]),
        "after_parenthesis": np.array([spelling.endswith(b")") for spelling in spellings]),
    }
    tallies = {kind: _Tally() for kind in kinds}
    for windows, mask in batches:
        found = {name: np.asarray(values) for name, values in statistics(windows).items()}
        for kind, tokens in kinds.items():
            chosen = mask & tokens[windows[:, :-1]]
            tallies[kind].add(
                found["top1_prob"][chosen].astype(np.float64),
                found["entropy"][chosen].astype(np.float64),
                found["top1_correct"][chosen].astype(np.float64),
            )
    return ConfidenceResult(
        suite="confidence",
        all=tallies["all"].figures(),
        after_colon=tallies["after_colon"].figures(),
        after_parenthesis=tallies["after_parenthesis"].figures(),
    )


class ConfidenceSuite(Suite[ConfidenceResult]):
    """Calibration on the first held-out set."""

    name = "confidence"
    title = "Confidence"
    section = PageSection(
        "confidence",
        "Confidence",
        "The reference put its collapse down to overconfidence after “:” and “)”. Here is how sure the model is on real "
        "code, and whether it is right as often.",
    )
    result_type = ConfidenceResult
    needs = ("held_out",)
    on_card = False

    def depends_on(self, inputs: SuiteInputs) -> Mapping[str, Any]:
        """The data."""
        return {"data": dict(inputs.required_data().identity)}

    def run(self, inputs: SuiteInputs, parts: Parts) -> ConfidenceResult:
        """One pass without parts."""
        first = next(iter(inputs.required_data().held_out.values()))
        batches = counted(inputs, self.name, first)
        return confidence_of(inputs.model.statistics, batches, inputs.model.codec)

    def view(self, result: ConfidenceResult) -> View:
        """The three kinds of positions side by side."""
        kinds = {
            "everywhere": result.all,
            "after “:”": result.after_colon,
            "after “)”": result.after_parenthesis,
        }
        figures: dict[str, Callable[[Confidence], str]] = {
            "probability of its first choice": lambda found: percent(found.top1_prob),
            "how often that is right": _accuracy,
            "calibration error": lambda found: percent(found.calibration_error),
            "entropy, nats": lambda found: number(found.entropy, 2),
        }
        rows = [["positions", *(number(found.positions) for found in kinds.values())]]
        rows += [
            [name, *(get(found) if found.positions else NONE for found in kinds.values())]
            for name, get in figures.items()
        ]
        table = Table("confidence on held-out code", ["", *kinds], rows)
        return View(self.title, tables=[table], charts=[_chart(result.all)] if result.all.positions else [])


CONFIDENCE = ConfidenceSuite()


def _accuracy(found: Confidence) -> str:
    shown = percent(found.accuracy)
    return f"{shown} {bounds(found.correct.low, found.correct.high)}" if found.correct else shown


def _chart(found: Confidence) -> Curves:
    return Curves(
        name="calibration",
        title="Is it as sure as it is right?",
        caption="On the dotted line the model is right exactly as often as it expects; below it, it is overconfident.",
        about="Accuracy against probability of the first choice.",
        words=f"mean probability {percent(found.top1_prob)}, right {percent(found.accuracy)}, calibration error "
        f"{percent(found.calibration_error)}",
        x=Axis("probability the model gave its first choice", "percent"),
        y=Axis("how often that was right", "percent"),
        series=[
            Series("perfectly calibrated", [0, 1], [0, 1], "dotted", shared=True),
            Series(
                "held-out code",
                [each.confidence for each in found.bins],
                [each.accuracy for each in found.bins],
            ),
        ],
    )
