"""Kinds of parameters: type hint, description, and values of a size that a docstring can show."""

import dataclasses
from collections.abc import Callable

from codelm_jax.exercises import formats
from codelm_jax.exercises.draws import Draws


@dataclasses.dataclass(frozen=True)
class Kind:
    """What a parameter holds: its type, and the words for it in an `Args:` section and after "Given"."""

    hint: str
    words: str


KINDS = {
    "int": Kind("int", "an integer"),
    "positive": Kind("int", "a positive integer"),
    "natural": Kind("int", "a non-negative integer"),
    "small": Kind("int", "a small non-negative integer"),
    "large": Kind("int", "a non-negative integer"),
    "size": Kind("int", "a positive integer"),
    "index": Kind("int", "an index"),
    "item": Kind("int", "an integer"),
    "float": Kind("float", "a number"),
    "bool": Kind("bool", "True or False"),
    "char": Kind("str", "a single character"),
    "sep": Kind("str", "a string"),
    "word": Kind("str", "a string"),
    "part": Kind("str", "a short string"),
    "digits": Kind("str", "a string of digits"),
    "text": Kind("str", "a string"),
    "some text": Kind("str", "a non-empty string"),
    "ints": Kind("list[int]", "a list of integers"),
    "some ints": Kind("list[int]", "a non-empty list of integers"),
    "some positives": Kind("list[int]", "a non-empty list of positive integers"),
    "some floats": Kind("list[float]", "a non-empty list of numbers"),
    "items": Kind("list", "a list"),
    "some items": Kind("list", "a non-empty list"),
    "words": Kind("list[str]", "a list of strings"),
    "some words": Kind("list[str]", "a non-empty list of strings"),
    "scores": Kind("dict[str, int]", "a dictionary from strings to integers"),
    "some scores": Kind("dict[str, int]", "a non-empty dictionary from strings to integers"),
    "grid": Kind("list[list[int]]", "a list of rows of integers"),
    "pairs": Kind("list[tuple[str, int]]", "a list of pairs of a string and an integer"),
    "sorted ints": Kind("list[int]", "a list of integers in ascending order"),
    "points": Kind("list[tuple[int, int]]", "a non-empty list of points (x, y)"),
    "intervals": Kind("list[tuple[int, int]]", "a list of intervals (start, end) with start <= end"),
    "nested": Kind("list", "a list of integers and of lists like it"),
    "graph": Kind("dict[str, list[str]]", "a dictionary from each node to the list of its neighbours"),
    "entries": Kind("list[str]", "a list of strings"),
    "dates": Kind("list[str]", "a list of dates in the form YYYY-MM-DD"),
    **{kind: Kind("str", words) for kind, words in formats.WORDS.items()},
    **{f"maybe {kind}": Kind("str", "a string") for kind in formats.WORDS},
}

_WORD_TEXT = """
    apple banana tree house python code small river green stone light Hello World cat dog zebra blue data test noon
    level anna bee otter Paris Oslo train moon salt pepper kiwi radio tea Sky area eel queue 42 7 x1 a UP ok
"""
_WORDS = _WORD_TEXT.split()
_PHRASES = (
    "hello world",
    "the quick brown fox",
    "A small step",
    "to be or not to be",
    "red, green and blue",
    "one-two-three",
    "Room 101, floor 3",
    "snake_case_name",
    "a b c",
    "Wait... what?!",
    "  padded  ",
    "aabbcc",
    "MiXeD CaSe",
    "x = (y + 2) * [z]",
    "call me at 5 pm",
    "noon moon soon",
)


def value(kind: str, draws: Draws) -> object:
    """A value of the kind, of a size that a docstring can show."""
    plain = kind.removeprefix("some ")
    fewest = 1 if plain != kind else 0
    if plain in ("int", "item"):
        return draws.integer(*draws.choice(((0, 12), (-9, 20), (-50, 120), (0, 5))))
    if plain in _RANGES:
        return draws.integer(*draws.choice(_RANGES[plain]))
    if plain in ("ints", "items"):
        return _integers(draws, fewest)
    if plain == "positives":
        return [draws.integer(1, 40) for _ in range(draws.integer(1, 4))]
    if plain in ("float", "floats"):
        numbers = [draws.integer(-40, 120) / draws.choice((1, 2, 4)) for _ in range(draws.integer(1, 4))]
        return numbers if plain == "floats" else numbers[0]
    if plain == "bool":
        return draws.chance(0.5)
    if plain in ("char", "sep", "part", "word", "digits", "text"):
        return _string(plain, draws, fewest)
    if plain == "words":
        return [draws.choice(_WORDS) for _ in range(draws.integer(fewest, 5))]
    if plain == "scores":
        return {key: draws.integer(0, 30) for key in draws.sample(_WORDS, draws.integer(fewest, 4))}
    if plain == "grid":
        width = draws.integer(1, 3)
        return [[draws.integer(-3, 9) for _ in range(width)] for _ in range(draws.integer(1, 3))]
    if plain.removeprefix("maybe ") in formats.WORDS:
        return formats.value(plain, draws)
    if plain in _STRUCTURES:
        return _STRUCTURES[plain](draws)
    if plain == "pairs":
        return [(draws.choice(_WORDS[:12]), draws.integer(0, 20)) for _ in range(draws.integer(0, 4))]
    raise ValueError(f"no values of kind {kind!r}")


_RANGES = {
    "positive": ((1, 9), (1, 30), (1, 120)),
    "natural": ((0, 6), (0, 12), (0, 40)),
    "small": ((0, 4),),
    "large": ((0, 999), (0, 99_999), (0, 99_999_999)),
    "size": ((1, 4),),
    "index": ((0, 2), (0, 4)),
}


def _integers(draws: Draws, fewest: int) -> list[int]:
    low, high = draws.choice(((0, 9), (-6, 9), (-20, 60), (1, 4)))
    return [draws.integer(low, high) for _ in range(draws.integer(fewest, 6))]


def _string(kind: str, draws: Draws, fewest: int) -> str:
    if kind == "char":
        return draws.choice("aeiolrst")
    if kind == "sep":
        return draws.choice(("-", ", ", " ", "/", "_", ""))
    if kind == "part":
        return draws.choice(("a", "e", "o", "th", "he", "el", "an", "oo"))
    if kind == "digits":
        return str(draws.integer(0, draws.choice((9, 99, 9999, 999999))))
    if kind == "text" and draws.chance(0.06) and not fewest:
        return ""
    return draws.choice(_WORDS if kind == "word" or draws.chance(0.5) else _PHRASES)


def _points(draws: Draws) -> object:
    points = [(draws.integer(-5, 9), draws.integer(-5, 9)) for _ in range(draws.integer(1, 4))]
    x, y = points[0]
    how = draws.weighted([(2, "free"), (1, "row"), (1, "column")])
    return points if how == "free" else [(a, y) if how == "row" else (x, b) for a, b in points]


def _intervals(draws: Draws) -> object:
    starts = [draws.integer(-3, 20) for _ in range(draws.integer(0, 4))]
    return [(start, start + draws.integer(0, 8)) for start in starts]


def _nested(draws: Draws, depth: int = 0) -> list[object]:
    return [
        _nested(draws, depth + 1) if depth < 2 and draws.chance(0.35) else draws.integer(-3, 9)
        for _ in range(draws.integer(0, 3))
    ]


def _graph(draws: Draws) -> object:
    nodes = list("abcde")[: draws.integer(2, 5)]
    return {node: [other for other in nodes if other != node and draws.chance(0.35)] for node in nodes}


_STRUCTURES: dict[str, Callable[[Draws], object]] = {
    "sorted ints": lambda draws: sorted(_integers(draws, 0)),
    "points": _points,
    "intervals": _intervals,
    "nested": _nested,
    "graph": _graph,
    "entries": lambda draws: [formats.value("maybe signed", draws) for _ in range(draws.integer(1, 4))],
    "dates": lambda draws: [formats.value("date", draws) for _ in range(draws.integer(0, 3))],
}
