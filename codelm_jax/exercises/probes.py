"""Inputs: readable cases for one function, and the fixed probes by which two functions are said to behave alike."""

from collections.abc import Sequence

from codelm_jax.exercises.draws import Draws
from codelm_jax.exercises.vocabulary import value

_CASES = 14
_PROBES = 24
_INTEGERS = ("int", "positive", "natural", "small", "size", "index", "item")
_STRINGS = ("text", "word", "part", "char", "sep", "digits")


def cases(kinds: Sequence[str], key: str) -> list[list[object]]:
    """Arguments for a function whose parameters have these kinds, the same for the same key."""
    draws = Draws(f"cases of {key}")
    drawn = [[value(kind, draws) for kind in kinds] for _ in range(_CASES)]
    _plant(kinds, drawn, draws)
    return drawn


def _plant(kinds: Sequence[str], drawn: list[list[object]], draws: Draws) -> None:
    """Makes an item or part that is looked for occur in about half of the cases."""
    for arguments in drawn:
        whole = arguments[0]
        for i, kind in enumerate(kinds[1:], 1):
            if kind == "item" and isinstance(whole, list) and whole and draws.chance(0.5):
                arguments[i] = draws.choice(whole)
            elif kind in ("part", "char") and isinstance(whole, str) and whole and draws.chance(0.6):
                length = 1 if kind == "char" else draws.integer(1, 2)
                start = draws.integer(0, max(0, len(whole) - length))
                arguments[i] = draws.choice((whole[:length], whole[-length:], whole[start : start + length]))


def probe_sets(kinds: Sequence[str]) -> list[str]:
    """Names of the probe sets that apply: two where a list may hold anything.

    Kinds that accept the same values share their probes, so that one behaviour has one digest, whatever template it
    comes from. All values lie in the domain of the narrowest kind.
    """
    ways = ("ints", "words") if any("items" in kind for kind in kinds) else ("ints",)
    return [",".join(_coarse(kind, way) for kind in kinds) for way in ways]


def _coarse(kind: str, items: str) -> str:
    kind = kind.removeprefix("some ")
    if kind == "items":
        return items
    if kind == "item" and items == "words":
        return "text"
    if kind in _INTEGERS:
        return "int"
    return "text" if kind in _STRINGS else kind


def probe_arguments(probe_set: str) -> list[list[object]]:
    """The arguments of one probe set."""
    draws = Draws(f"probes of {probe_set}")
    drawn = [[_probe(kind, draws) for kind in probe_set.split(",")] for _ in range(_PROBES)]
    _plant(["ints", *["item"] * (len(drawn[0]) - 1)], [row for row in drawn[::2] if _can_plant(row)], draws)
    return drawn


def _can_plant(arguments: list[object]) -> bool:
    return isinstance(arguments[0], list) and all(isinstance(a, int) for a in arguments[1:])


def _probe(kind: str, draws: Draws) -> object:
    if kind == "int":
        return draws.integer(*draws.choice(((1, 4), (1, 12), (1, 60))))
    if kind == "bool":
        return draws.chance(0.5)
    return value(f"some {kind}" if kind in ("ints", "words", "text", "scores", "floats") else kind, draws)
