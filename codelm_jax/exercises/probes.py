"""Inputs: readable cases for one function, and the fixed probes by which two functions are said to behave alike."""

import re
from collections.abc import Sequence

from codelm_jax.exercises import formats
from codelm_jax.exercises.draws import Draws
from codelm_jax.exercises.kinds import value

_CASES = 18
_PROBES = 32
_INTEGERS = ("int", "positive", "natural", "small", "size", "index", "item")
_STRINGS = ("text", "word", "part", "char", "sep")


def cases(kinds: Sequence[str], key: str) -> list[list[object]]:
    """Arguments for a function whose parameters have these kinds, the same for the same key.

    Args:
        kinds: of the parameters.
        key: contains the function's normal form; constants in it get into the arguments, where they matter.
    """
    draws = Draws(f"cases of {key}")
    numbers = [int(number) for number in re.findall(r"Constant\(value=(\d{1,4})\)", key)]
    pieces = [piece for piece in re.findall(r"Constant\(value='([^'\\]{1,8})'\)", key) if piece]
    drawn = [[value(kind, draws) for kind in kinds] for _ in range(_CASES)]
    for arguments in drawn:
        for i, kind in enumerate(kinds):
            if draws.chance(0.6):
                arguments[i] = _with_constants(kind, arguments[i], numbers, pieces, draws)
        _plant(kinds, arguments, draws)
    return drawn


def _near(numbers: Sequence[int], draws: Draws) -> int:
    """A constant, one of its neighbours or its double."""
    number = draws.choice(numbers)
    return draws.choice((number, number, number - 1, number + 1, 2 * number))


def _with_constants(
    kind: str, drawn: object, numbers: Sequence[int], pieces: Sequence[str], draws: Draws
) -> object:
    """The argument with a constant in it."""
    if kind in ("int", "item", "natural", "positive") and numbers:
        lowest = {"natural": 0, "positive": 1}.get(kind, -1)
        return max(lowest, _near(numbers, draws))
    if isinstance(drawn, list) and drawn and numbers and kind.endswith(("ints", "items")):
        places = draws.sample(range(len(drawn)), draws.integer(1, len(drawn)))
        return [_near(numbers, draws) if i in places else item for i, item in enumerate(drawn)]
    if isinstance(drawn, dict) and numbers:
        return {key: _near(numbers, draws) if draws.chance(0.5) else item for key, item in drawn.items()}
    if kind == "grid" and isinstance(drawn, list) and numbers:
        return [[_near(numbers, draws) if draws.chance(0.4) else item for item in row] for row in drawn]
    if isinstance(drawn, str) and pieces and kind.endswith("text"):
        return _spliced(drawn, draws.choice(pieces), draws)
    if isinstance(drawn, list) and pieces and kind.endswith("words"):
        return [_spliced(item, draws.choice(pieces), draws) if draws.chance(0.5) else item for item in drawn]
    return drawn


def _spliced(text: str, piece: str, draws: Draws) -> str:
    """The text with one of the piece's characters, or the whole piece, at one of its ends or in between."""
    part = draws.choice((piece, draws.choice(piece)))
    place = draws.choice((0, len(text), draws.integer(0, len(text))))
    return text[:place] + part + text[place:]


def _plant(kinds: Sequence[str], arguments: list[object], draws: Draws) -> None:
    """Often makes an argument one that the first argument contains, or like it."""
    whole = arguments[0]
    for i, kind in enumerate(kinds[1:], 1):
        if isinstance(whole, list) and whole and kind == "item" and draws.chance(0.5):
            arguments[i] = draws.choice(whole)
        elif (
            isinstance(whole, list) and whole and kind in ("ints", "items", "some ints") and draws.chance(0.5)
        ):
            arguments[i] = [*whole[: draws.integer(1, len(whole))], *_some(arguments[i], draws)]
        elif isinstance(whole, list) and whole and kind == "words" and draws.chance(0.5):
            arguments[i] = draws.choice(
                (whole[::-1], sorted(whole), [*whole[:1], *_some(arguments[i], draws)])
            )
        elif isinstance(whole, list) and whole and kind in ("part", "text") and draws.chance(0.6):
            arguments[i] = _part(draws.choice(whole), draws)
        elif isinstance(whole, dict) and whole and kind in ("word", "text", "char") and draws.chance(0.7):
            arguments[i] = draws.choice(list(whole))
        elif isinstance(whole, str) and kinds[0] in formats.WORDS and draws.chance(0.5):
            arguments[i] = _related(whole, kind, arguments[i], draws)
        elif isinstance(whole, str) and whole and kind in ("part", "char") and draws.chance(0.6):
            arguments[i] = _part(whole, draws, longest=1 if kind == "char" else 2)
        elif isinstance(whole, str) and whole and kind == "text" and draws.chance(0.6):
            arguments[i] = draws.choice((whole, whole.upper(), whole[::-1], whole[:3], _part(whole, draws)))
        elif isinstance(whole, int) and kind in ("int", "item") and draws.chance(0.25):
            arguments[i] = draws.choice((whole, whole, whole + 1))


def _related(whole: str, kind: str, drawn: object, draws: Draws) -> object:
    """A word of a formatted string, or one that begins like it; what was drawn for other kinds."""
    if kind in ("word", "snake"):
        return draws.choice(re.findall("[a-z]+", whole) or ["a"])
    if kind in formats.WORDS and isinstance(drawn, str):
        mine, other = re.split("([-.:/])", whole), re.split("([-.:/])", drawn)
        taken = draws.integer(1, len(mine))
        return "".join(mine[:taken] + other[taken:])
    return drawn


def _some(items: object, draws: Draws) -> list[object]:
    return items[: draws.integer(0, 2)] if isinstance(items, list) else []


def _part(whole: object, draws: Draws, longest: int = 2) -> str:
    text = str(whole)
    length = draws.integer(1, longest)
    start = draws.integer(0, max(0, len(text) - length))
    return draws.choice((text[:length], text[-length:], text[start : start + length]))


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
    names = probe_set.split(",")
    drawn = [[_probe(kind, draws) for kind in names] for _ in range(_PROBES)]
    kinds = ["item" if kind == "int" and probe_set.startswith(("int,", "ints,")) else kind for kind in names]
    for arguments in drawn[::2]:
        _plant(kinds, arguments, draws)
    # What is planted for an index or a limit stays positive.
    return [[abs(a) or 1 if type(a) is int else a for a in arguments] for arguments in drawn]


def _probe(kind: str, draws: Draws) -> object:
    if kind == "int":
        return draws.integer(*draws.choice(((1, 4), (1, 12), (1, 60), (20, 130))))
    if kind == "bool":
        return draws.chance(0.5)
    return value(f"some {kind}" if kind in ("ints", "words", "text", "scores", "floats") else kind, draws)
