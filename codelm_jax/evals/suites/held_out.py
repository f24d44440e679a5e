"""Held-out loss: NLL, perplexity, bits per byte, and the smoothed training objective with its floor."""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pydantic.dataclasses

from codelm_jax.evals.compressors import PROGRAMS, Compressors, compressors
from codelm_jax.evals.interfaces import HeldOutSet, MaskedWindows, ScoreWindows
from codelm_jax.evals.suite import READABLE, Parts, Suite, SuiteInputs, SuiteResult
from codelm_jax.evals.view import Headline, LastFigures, PageSection, Table, View
from codelm_jax.evals.wording import NONE, number

LEARNING = PageSection(
    "learning",
    "Learning",
    "Training means guessing the next token of real code, over and over. These charts show how far that got, on code the "
    "model has not trained on.",
)
_CONTENT = {"val": "files of packages seen in training", "test": "packages never seen"}
_MEASURED_IN_TRAINING = "val/bits_per_byte"


@pydantic.dataclasses.dataclass(frozen=True, config=READABLE)
class HeldOutFigures:
    """Means over the targets that count.

    Attributes:
        nll: nats a token.
        perplexity: `exp(nll)`.
        bits_per_byte: `total nll / (ln 2 * bytes)`.
        smoothed_loss: the training objective, nats a token.
        smoothed_loss_floor: the lowest that it can be.
        tokens: number of targets.
        bytes: their UTF-8 bytes; special tokens have none.
    """

    nll: float
    perplexity: float
    bits_per_byte: float
    smoothed_loss: float
    smoothed_loss_floor: float
    tokens: int
    bytes: int


@pydantic.dataclasses.dataclass(frozen=True, config=READABLE)
class MeasuredSet(HeldOutFigures):
    """The figures of one held-out set, and those of compressors on the same bytes; None in older results."""

    compressors: Compressors | None = None


@pydantic.dataclasses.dataclass(frozen=True, kw_only=True, config=READABLE)
class HeldOutResult(SuiteResult):
    """The figures of each held-out set, by its name: `val`, `test` or `text`."""

    sets: Mapping[str, MeasuredSet]


def held_out_figures(
    score: ScoreWindows,
    batches: Iterable[MaskedWindows],
    *,
    byte_lengths: np.ndarray,
    label_smoothing: float,
) -> HeldOutFigures:
    """Means over every target that the masks let through.

    Args:
        score: the model.
        batches: windows uint16 [B, T + 1] and masks bool [B, T].
        byte_lengths: UTF-8 bytes of each token, [V]; 0 for special tokens, whose NLL counts all the same.
        label_smoothing: of `score`; only the floor depends on it here.

    Raises:
        ValueError: no target counts.
    """
    nll = smoothed = 0.0
    tokens = text_bytes = 0
    for windows, mask in batches:
        scores = score(windows)
        nll += float(np.sum(np.asarray(scores["nll"], np.float64), where=mask))
        smoothed += float(np.sum(np.asarray(scores["smoothed_loss"], np.float64), where=mask))
        tokens += int(mask.sum())
        text_bytes += int(byte_lengths[windows[:, 1:]].sum(where=mask, dtype=np.int64))
    if not tokens or not text_bytes:
        raise ValueError("no held-out target counts")
    mean = nll / tokens
    return HeldOutFigures(
        nll=mean,
        perplexity=math.exp(mean) if mean < 700 else math.inf,
        bits_per_byte=nll / (math.log(2) * text_bytes),
        smoothed_loss=smoothed / tokens,
        smoothed_loss_floor=smoothing_floor(label_smoothing, len(byte_lengths)),
        tokens=tokens,
        bytes=text_bytes,
    )


def smoothing_floor(label_smoothing: float, vocab_size: int) -> float:
    """The lowest smoothed loss there can be, in nats: the entropy of the smoothed target.

    >>> round(smoothing_floor(0.1, 8000), 4)
    1.2237
    """
    rest = label_smoothing / vocab_size
    peak = 1 - label_smoothing + rest
    return -peak * math.log(peak) - ((vocab_size - 1) * rest * math.log(rest) if rest else 0.0) + 0.0


def _headline_title(name: str) -> str:
    return f"Bits per byte of {_CONTENT.get(name, 'other files')} ({name})"


class HeldOut(Suite[HeldOutResult]):
    """Held-out loss of every set."""

    name = "heldout"
    title = "Held-out code"
    section = LEARNING
    result_type = HeldOutResult
    needs = ("held_out",)
    headlines = tuple(map(_headline_title, _CONTENT))

    def depends_on(self, inputs: SuiteInputs) -> Mapping[str, Any]:
        """The data."""
        return {"data": dict(inputs.required_data().identity)}

    def run(self, inputs: SuiteInputs, parts: Parts) -> HeldOutResult:
        """Scores each set; a set is a part."""
        data = inputs.required_data()
        for name, held_out in data.held_out.items():
            if name not in parts.done:
                figures = held_out_figures(
                    inputs.model.score,
                    counted(inputs, f"{self.name}: {name}", held_out),
                    byte_lengths=inputs.model.byte_lengths,
                    label_smoothing=inputs.model.label_smoothing,
                )
                files = [b"".join(map(inputs.model.codec.token_bytes, ids)) for ids in held_out.documents]
                measured = MeasuredSet(**vars(figures), compressors=compressors(files))
                parts.add(name, dataclasses.asdict(measured))
        return HeldOutResult(suite=self.name, sets={name: parts.done[name] for name in data.held_out})

    def view(self, result: HeldOutResult) -> View:
        """A column for each set."""
        heads = [f"{name}: {_CONTENT[name]}" if name in _CONTENT else name for name in result.sets]
        return View(
            self.title,
            tables=[Table("the held-out sets", ["", *heads], _rows(list(result.sets.values())))],
            headlines=[_headline(name, found) for name, found in result.sets.items()],
        )

    def view_in_training(self, figures: LastFigures) -> View | None:
        """The last measurement of `val`, a part of it as a rule."""
        if _MEASURED_IN_TRAINING not in figures:
            return None
        _, bits = figures[_MEASURED_IN_TRAINING]
        said = "Lower is better. While training."
        return View(self.title, headlines=[Headline(_headline_title("val"), number(bits, 2), said)])


def counted(inputs: SuiteInputs, stage: str, held_out: HeldOutSet) -> Iterable[MaskedWindows]:
    """The batches of a set, reported as they are taken."""
    for number_of, batch in enumerate(held_out.batches(), start=1):
        yield batch
        inputs.report(stage, number_of, held_out.batch_count)


def _rows(sets: Sequence[MeasuredSet]) -> list[list[str]]:
    rows = [
        ["bits per byte", *(number(found.bits_per_byte) for found in sets)],
        ["NLL, nats per token", *(number(found.nll) for found in sets)],
        ["perplexity", *(number(found.perplexity, 2) for found in sets)],
        [
            "smoothed loss (floor)",
            *(f"{number(found.smoothed_loss)} ({number(found.smoothed_loss_floor)})" for found in sets),
        ],
        ["tokens", *(number(found.tokens) for found in sets)],
        ["bytes", *(number(found.bytes) for found in sets)],
    ]
    for program, name in PROGRAMS.items():
        for way, how in (("by_file", "each file by itself"), ("joined", "all files joined")):
            measured = [found.compressors and getattr(found.compressors, program) for found in sets]
            if any(measured):
                cells = [number(getattr(each, way)) if each else NONE for each in measured]
                rows.append([f"{name}, {how}, bits per byte", *cells])
    return rows


def _headline(name: str, found: MeasuredSet) -> Headline:
    xz = found.compressors and found.compressors.xz
    compared = f" xz needs {xz.by_file:.2f} for the same files." if xz else ""
    return Headline(_headline_title(name), number(found.bits_per_byte, 2), f"Lower is better.{compared}")


HELD_OUT = HeldOut()
