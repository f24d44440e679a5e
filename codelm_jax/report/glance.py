"""The page's first section: the few figures that say how good the model is, each with what to hold it against."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codelm_jax.report import reference
from codelm_jax.report.runs import Run, monitored_rate
from codelm_jax.report.wording import HELD_OUT, NONE, bounds, number, percent


@dataclass(frozen=True)
class Tile:
    """One figure: what it is, its value, and a sentence to judge it by."""

    title: str
    value: str
    says: str


def tiles(run: Run) -> list[Tile]:
    """The run's figures at a glance; a dash stands for what was not measured."""
    return [*_held_out(run), *(make(run) for make in _TILES)]


def _held_out(run: Run) -> list[Tile]:
    """A tile for each set: figures of different sets under one title would invite a comparison."""
    evaluation = run.evaluation("heldout")
    sets = evaluation.result["sets"] if evaluation else {}
    return [_bits_per_byte(run, name, sets.get(name)) for name in dict.fromkeys(["val", "test", *sets])]


def _bits_per_byte(run: Run, name: str, found: Mapping[str, Any] | None) -> Tile:
    title = f"Bits per byte of {HELD_OUT.get(name, 'other files')} ({name})"
    if found is None:
        value = run.last("val/bits_per_byte") if name == "val" else None
        said = "Not measured yet." if value is None else "Lower is better. While training."
        return Tile(title, number(value, 2), said)
    measured = (found.get("compressors") or {}).get("xz")
    xz = f" xz needs {measured['by_file']:.2f} for the same files." if measured else ""
    return Tile(title, number(found["bits_per_byte"], 2), f"Lower is better.{xz}")


def _collapse(run: Run) -> Tile:
    title = "Samples that collapse"
    said = f"The reference: {percent(reference.FINAL_COLLAPSE['rate'])}."
    if evaluation := run.evaluation("few_shot"):
        summary = evaluation.result["summary"]
        rate = summary["collapsed"]
        people = f"Real code: {percent(summary['human_collapsed'])}."
        return Tile(
            title,
            percent(rate["rate"]),
            f"95 % interval {bounds(rate)}, after worked examples. {people} {said}",
        )
    value, by = _monitored(run, "few_shot_collapsed")
    return Tile(title, value, f"{by} {said}")


def _valid(run: Run) -> Tile:
    title = "Samples that are valid Python"
    evaluation = run.evaluation("few_shot")
    if evaluation is None:
        return Tile(title, *_monitored(run, "few_shot_parses"))
    rate = evaluation.result["summary"]["parses"]
    people = f"Real code cut as short: {percent(evaluation.result['summary']['human_parses'])}."
    return Tile(
        title, percent(rate["rate"]), f"95 % interval {bounds(rate)}, after worked examples. {people}"
    )


def _monitored(run: Run, name: str) -> tuple[str, str]:
    """A rate of the collapse monitor's last look, and a sentence with its interval."""
    found = monitored_rate(run, name)
    if found is None:
        return NONE, "Not measured yet."
    spread = f"95 % interval {bounds(found)}, after" if "low" in found else "After"
    return percent(found["rate"]), f"{spread} worked examples, by the monitor's last few samples."


def _solved(run: Run) -> Tile:
    title = "Small tasks solved"
    evaluation = run.evaluation("mini_benchmark")
    found = evaluation.result["score"].get("pass@1") if evaluation else None
    if evaluation is None or found is None:
        return Tile(title, NONE, "Not run yet.")
    # A bootstrap over tasks that all came out alike has nothing to draw from; the samples' own interval has.
    spread = found if found["low"] < found["high"] else evaluation.result["ladder"]["passes"]
    said = f"pass@1 over {evaluation.result['tasks']} tasks, 95 % interval {bounds(spread)}. The reference: 0 of 20."
    return Tile(title, percent(found["value"]), said)


def _speed(run: Run) -> Tile:
    value = run.summary.get("tokens_per_second", run.last("train/tokens_per_second"))
    device = run.summary.get("device_kind", "")
    return Tile("Tokens learned a second", number(value, 0), f"On {device}." if device else "While training.")


_TILES: Sequence[Callable[[Run], Tile]] = (_collapse, _valid, _solved, _speed)
