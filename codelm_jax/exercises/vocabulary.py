"""Names bound to meanings, and values, type hints and descriptions for each kind of parameter."""

import dataclasses

from codelm_jax.exercises.draws import Draws

# Each entry: (weight, names). Lists: parameter, item, words for several, word for one.
INTEGERS = [(4, "n"), (3, "x"), (3, "number"), (2, "value"), (1, "num"), (1, "k"), (1, "i")]
PAIRS = [
    (4, ("a", "b", "c")),
    (3, ("x", "y", "z")),
    (2, ("first", "second", "third")),
    (1, ("m", "n", "k")),
    (1, ("p", "q", "r")),
    (1, ("left", "right", "middle")),
    (1, ("one", "other", "last")),
    (1, ("num1", "num2", "num3")),
]
INTEGER_LISTS = [
    (6, ("numbers", "number", "numbers", "number")),
    (3, ("values", "value", "values", "value")),
    (3, ("nums", "num", "numbers", "number")),
    (2, ("lst", "x", "numbers", "number")),
    (2, ("arr", "x", "numbers", "number")),
    (1, ("xs", "x", "numbers", "number")),
    (1, ("data", "value", "values", "value")),
    (1, ("integers", "i", "integers", "integer")),
    (1, ("integers", "integer", "integers", "integer")),
    (1, ("levels", "level", "levels", "level")),
    (1, ("balances", "balance", "balances", "balance")),
    (1, ("readings", "reading", "readings", "reading")),
    (1, ("offsets", "offset", "offsets", "offset")),
    (1, ("amounts", "amount", "amounts", "amount")),
    (1, ("temperatures", "temperature", "temperatures", "temperature")),
    (1, ("measurements", "measurement", "measurements", "measurement")),
]
SECOND_LISTS = [
    (2, ("others", "other", "others", "other")),
    (1, ("more", "extra", "more", "extra")),
    (1, ("ys", "y", "ys", "y")),
]
ITEM_LISTS = [
    (4, ("items", "item", "items", "item")),
    (2, ("elements", "element", "elements", "element")),
    (2, ("values", "value", "values", "value")),
    (2, ("lst", "item", "items", "item")),
    (1, ("seq", "element", "elements", "element")),
    (1, ("xs", "x", "items", "item")),
    (1, ("entries", "entry", "entries", "entry")),
    (1, ("arr", "element", "elements", "element")),
]
WORD_LISTS = [
    (5, ("words", "word", "words", "word")),
    (3, ("strings", "s", "strings", "string")),
    (2, ("names", "name", "names", "name")),
    (1, ("lines", "line", "lines", "line")),
    (1, ("titles", "title", "titles", "title")),
    (1, ("texts", "text", "texts", "text")),
    (1, ("tokens", "token", "tokens", "token")),
]
# Parameter and how a sentence may speak of it.
TEXTS = [
    (3, ("text", ("text", "the text", "the given text"))),
    (3, ("s", ("s", "the string s", "the string", "the given string"))),
    (2, ("string", ("string", "the string", "the given string"))),
    (1, ("sentence", ("sentence", "the sentence"))),
    (1, ("line", ("line", "the line"))),
    (1, ("word", ("word", "the word", "the given word"))),
    (1, ("message", ("message", "the message"))),
    (1, ("name", ("name", "the name"))),
]
SECOND_TEXTS = [(1, ("other", ("other",))), (1, ("t", ("t",))), (1, ("second", ("second",)))]
# Parameter, key, value, keys, values.
MAPPINGS = [
    (3, ("scores", "name", "score", "names", "scores")),
    (2, ("prices", "item", "price", "items", "prices")),
    (2, ("ages", "name", "age", "names", "ages")),
    (2, ("stock", "product", "quantity", "products", "quantities")),
    (2, ("counts", "key", "count", "keys", "counts")),
    (3, ("d", "key", "value", "keys", "values")),
    (2, ("mapping", "key", "value", "keys", "values")),
    (1, ("points", "player", "score", "players", "scores")),
    (1, ("inventory", "item", "amount", "items", "amounts")),
]
TUPLE_LISTS = [
    (2, ("pairs", "key", "value", "keys", "values")),
    (1, ("records", "name", "score", "names", "scores")),
    (1, ("entries", "name", "amount", "names", "amounts")),
    (1, ("orders", "product", "quantity", "products", "quantities")),
]
GRIDS = [
    (3, ("matrix", "row", "value")),
    (3, ("grid", "row", "cell")),
    (1, ("table", "row", "value")),
    (1, ("rows", "row", "number")),
    (1, ("board", "line", "cell")),
]
LOCALS = {
    "total": [(4, "total"), (2, "result"), (1, "acc"), (1, "answer"), (1, "running")],
    "result": [(5, "result"), (1, "output"), (1, "found"), (1, "collected"), (1, "out"), (1, "res")],
    "count": [(5, "count"), (1, "total"), (1, "counter"), (1, "tally"), (1, "cnt")],
    "char": [(3, "char"), (2, "c"), (2, "ch"), (1, "letter"), (1, "character")],
}


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
    "some floats": Kind("list[float]", "a non-empty list of numbers"),
    "items": Kind("list", "a list"),
    "some items": Kind("list", "a non-empty list"),
    "words": Kind("list[str]", "a list of strings"),
    "some words": Kind("list[str]", "a non-empty list of strings"),
    "scores": Kind("dict[str, int]", "a dictionary from strings to integers"),
    "some scores": Kind("dict[str, int]", "a non-empty dictionary from strings to integers"),
    "grid": Kind("list[list[int]]", "a list of rows of integers"),
    "pairs": Kind("list[tuple[str, int]]", "a list of pairs of a string and an integer"),
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
    if plain == "pairs":
        return [(draws.choice(_WORDS[:12]), draws.integer(0, 20)) for _ in range(draws.integer(0, 4))]
    raise ValueError(f"no values of kind {kind!r}")


_RANGES = {
    "positive": ((1, 9), (1, 30), (1, 120)),
    "natural": ((0, 6), (0, 12), (0, 40)),
    "small": ((0, 4),),
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
