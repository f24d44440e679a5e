"""Strings that follow a format: dates, times, versions, settings and so on, and strings that nearly do."""

from collections.abc import Callable

from codelm_jax.exercises.draws import Draws

WORDS = {
    "date": "a date in the form YYYY-MM-DD",
    "time": "a time of day in the form HH:MM",
    "binary": "a string of zeros and ones",
    "brackets": "a string of brackets",
    "numbers text": "integers separated by commas",
    "ranges text": 'integers and ranges such as "2-5", separated by commas',
    "settings": "settings of the form key=value, separated by semicolons",
    "sum text": "integers joined by + and -",
    "duration": 'a duration such as "2h30m"',
    "version": "a version of three numbers separated by dots",
    "runs": 'letters, each followed by a digit, such as "a3b1"',
    "roman": "a Roman number below 40",
    "snake": "a name in snake_case",
    "camel": "a name in camelCase",
    "path": "a path whose parts are separated by slashes",
    "address": "an e-mail address",
    "color": "a colour such as #a0ff12",
    "code": "a code such as AB-123",
    "signed": "an integer as a string",
    "moves": "a string of the moves U, D, L and R",
    "heading": 'a heading such as "## Notes"',
    "password": "a password",
    "postfix": "an expression in postfix notation, its parts separated by spaces",
}
_NAMES = ("anna", "tree", "blue", "river", "data", "level", "moon", "ben", "total", "index", "file", "size")


def value(kind: str, draws: Draws) -> str:
    """A string of the format; for "maybe ..." often one with a fault."""
    text = _MAKERS[kind.removeprefix("maybe ")](draws)
    if kind.startswith("maybe ") and draws.chance(0.6):
        place = draws.integer(0, len(text) - 1)
        fault = draws.choice(("", "-", "7", "x", "99", " ", ".", "_", "A", "=", "?"))
        return text[:place] + fault + text[place + 1 :]
    return text


def _several(draws: Draws, separator: str, make: Callable[[], str], most: int = 4) -> str:
    return separator.join(make() for _ in range(draws.integer(1, most)))


def _date(draws: Draws) -> str:
    year = draws.choice((1999, 2000, 2019, 2023, 2024, 2025))
    return f"{year}-{draws.integer(1, 12):02d}-{draws.integer(1, 28):02d}"


def _range(draws: Draws) -> str:
    first = draws.integer(0, 12)
    return f"{first}-{first + draws.integer(0, 4)}" if draws.chance(0.5) else str(first)


def _sum(draws: Draws) -> str:
    rest = "".join(draws.choice("+-") + str(draws.integer(0, 20)) for _ in range(draws.integer(0, 4)))
    return str(draws.integer(0, 20)) + rest


def _duration(draws: Draws) -> str:
    return draws.choice(("{h}h{m}m", "{h}h", "{m}m")).format(h=draws.integer(0, 12), m=draws.integer(0, 59))


def _roman(draws: Draws) -> str:
    units = draws.choice(("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"))
    return "X" * draws.integer(0 if units else 1, 3) + units


def _camel(draws: Draws) -> str:
    first, *rest = (draws.choice(_NAMES) for _ in range(draws.integer(1, 3)))
    return first + "".join(name.capitalize() for name in rest)


def _path(draws: Draws) -> str:
    ending = draws.choice((".txt", ".py", ".tar.gz", "", ".md"))
    return _several(draws, "/", lambda: draws.choice(_NAMES)) + ending


def _letters(draws: Draws, letters: str, fewest: int, most: int) -> str:
    return "".join(draws.choice(letters) for _ in range(draws.integer(fewest, most)))


def _brackets(draws: Draws) -> str:
    if draws.chance(0.4):
        return draws.choice(("()", "([])", "(())[]", "{[()]}", "(()())", "[]{}", "((()))", "[[]()]"))
    return _letters(draws, "()[]{}" if draws.chance(0.3) else "()", 1, 6)


def _moves(draws: Draws) -> str:
    """Moves, three in ten of them back to the start."""
    moves = _letters(draws, "UDLR", 1, 5)
    return moves + moves.translate(str.maketrans("UDLR", "DURL")) if draws.chance(0.3) else moves


def _postfix(draws: Draws) -> str:
    parts = [str(draws.integer(0, 12))]
    for _ in range(draws.integer(0, 3)):
        parts += [str(draws.integer(1, 9)), draws.choice("+-*")]
    return " ".join(parts)


_MAKERS: dict[str, Callable[[Draws], str]] = {
    "date": _date,
    "time": lambda draws: f"{draws.integer(0, 23):02d}:{draws.integer(0, 59):02d}",
    "binary": lambda draws: _letters(draws, "01", 1, 8),
    "brackets": _brackets,
    "numbers text": lambda draws: _several(draws, ",", lambda: str(draws.integer(-9, 40))),
    "ranges text": lambda draws: _several(draws, ",", lambda: _range(draws), 3),
    "settings": lambda draws: _several(
        draws, ";", lambda: f"{draws.choice(_NAMES)}={draws.integer(0, 30)}", 3
    ),
    "sum text": _sum,
    "duration": _duration,
    "version": lambda draws: ".".join(str(draws.integer(0, 12)) for _ in range(3)),
    "runs": lambda draws: _several(draws, "", lambda: draws.choice("abcxyz") + str(draws.integer(1, 4))),
    "roman": _roman,
    "snake": lambda draws: _several(draws, "_", lambda: draws.choice(_NAMES), 3),
    "camel": _camel,
    "path": _path,
    "address": lambda draws: f"{draws.choice(_NAMES)}@{draws.choice(_NAMES)}.{draws.choice(('org', 'com'))}",
    "color": lambda draws: "#" + _letters(draws, "0123456789abcdef", 6, 6),
    "code": lambda draws: _letters(draws, "ABCXYZ", 2, 2) + "-" + _letters(draws, "0123456789", 3, 3),
    "signed": lambda draws: str(draws.integer(-120, 400)),
    "moves": _moves,
    "password": lambda draws: _letters(draws, "abkXYZ0123", 2, 14),
    "heading": lambda draws: "#" * draws.integer(1, 4) + " " + draws.choice(_NAMES).capitalize(),
    "postfix": _postfix,
}
