"""What is done to single values: predicates and terms on integers, words and characters, with their wording.

In code `{v}` is the value's name, in phrases `{}` the words for it. `{k}`, `{j}`, `{K}`, `{ch}` are constants, drawn once
for an operation.
"""

import dataclasses
from typing import TypeVar

from codelm_jax.exercises.draws import Draws
from codelm_jax.exercises.tables import single_values

LETTERS = "aeiobcdhlmnprst"
_THRESHOLDS = (0, 1, 2, 3, 5, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100)


@dataclasses.dataclass(frozen=True)
class Predicate:
    """A condition: its name, code, negation, and how one or several values that fulfil it are spoken of.

    `before` is an adjective that goes before the noun ("even"), `after` a phrase behind it ("greater than 5").
    """

    name: str
    code: str
    negation: str
    singular: str
    plural: str
    before: str = ""
    after: str = ""

    def noun(self, noun: str, *, plural: bool) -> str:
        """The noun restricted by this predicate: "even numbers", "numbers that end in 3"."""
        if self.before:
            return f"{self.before} {noun}"
        return (
            f"{noun} {self.after}"
            if self.after
            else f"{noun} that {self.plural if plural else self.singular}"
        )


@dataclasses.dataclass(frozen=True)
class Term:
    """A value made of another one; in `plural`, `{}` is a plural noun phrase ("the squares of {}")."""

    name: str
    names: str
    code: str
    singular: str
    plural: str


@dataclasses.dataclass(frozen=True)
class CharacterClass:
    """A kind of characters."""

    name: str
    noun: str
    nouns: str
    code: str
    negation: str


def _rows(table: str) -> list[list[str]]:
    return [line.split(" | ") for line in table.strip().split("\n")]


def _predicates(table: str) -> tuple[Predicate, ...]:
    return tuple(_predicate(*row) for row in _rows(table))


def _predicate(name: str, code: str, negation: str, how: str, *phrases: str) -> Predicate:
    if how == "verb":
        return Predicate(name, code, negation, *phrases)
    (adjective,) = phrases
    place = {"before" if how == "adjective before" else "after": adjective}
    return Predicate(name, code, negation, f"is {adjective}", f"are {adjective}", **place)


def _terms(table: str) -> tuple[Term, ...]:
    return tuple(Term(*row) for row in _rows(table))


_PARITIES = _predicates(single_values.PARITIES)
_SIZES = _predicates(single_values.SIZES)
_OTHER_PREDICATES = _predicates(single_values.OTHER_PREDICATES)
_TERMS = _terms(single_values.TERMS)
_WORD_PREDICATES = _predicates(single_values.WORD_PREDICATES)
_WORD_TERMS = _terms(single_values.WORD_TERMS)
_WORD_MEASURES = _terms(single_values.WORD_MEASURES)
_CHARACTERS = tuple(CharacterClass(*row) for row in _rows(single_values.CHARACTERS))
_CHARACTER_TERMS = _terms(single_values.CHARACTER_TERMS)


def draw_predicate(draws: Draws) -> Predicate:
    """A predicate on integers, one in eight made of two."""
    if draws.chance(0.125):
        parity, size = _fixed(draws.choice(_PARITIES), draws), _fixed(draws.choice(_SIZES[:9]), draws)
        # "not divisible by 5 and less than 12" could be read in two ways.
        return _both(size, parity) if parity.name.startswith("not_") else _both(parity, size)
    return _fixed(draws.choice(draws.choice((_PARITIES, _SIZES, _OTHER_PREDICATES))), draws)


def draw_term(draws: Draws) -> Term:
    """A term on integers."""
    return _fixed(draws.choice(_TERMS), draws)


def draw_word_predicate(draws: Draws) -> Predicate:
    """A predicate on strings."""
    return _fixed(draws.choice(_WORD_PREDICATES), draws)


def draw_word_term(draws: Draws) -> Term:
    """A string made of a string."""
    return _fixed(draws.choice(_WORD_TERMS), draws)


def draw_word_measure(draws: Draws) -> Term:
    """An integer that measures a string."""
    return _fixed(draws.choice(_WORD_MEASURES), draws)


def draw_characters(draws: Draws) -> CharacterClass:
    """A kind of characters."""
    return _fixed(draws.choice(_CHARACTERS), draws)


def draw_character_term(draws: Draws) -> Term:
    """A string made of a character."""
    return _fixed(draws.choice(_CHARACTER_TERMS), draws)


def _both(first: Predicate, second: Predicate) -> Predicate:
    of_second = second.singular.removeprefix("is ")
    return Predicate(
        name=f"{first.name}_and_{second.name}",
        code=f"{first.code} and {second.code}",
        negation=f"{first.negation} or {second.negation}",
        singular=f"{first.singular} and {of_second}",
        plural=f"{first.plural} and {of_second}",
    )


Operation = TypeVar("Operation", Predicate, Term, CharacterClass)


def _fixed(operation: Operation, draws: Draws) -> Operation:
    """The operation with its constants drawn; `{v}` and `{}` stay."""
    first, second = draws.sample(LETTERS, 2)
    low, k = draws.choice(_THRESHOLDS), draws.integer(2, 12)
    constants = {"k": k, "j": draws.integer(2, 6), "K": low, "H": low + draws.choice((2, 4, 5, 9, 10, 20))}
    constants |= {"d": draws.integer(0, 9), "r": draws.integer(1, k - 1), "ch": first, "ch2": second}
    fields = {}
    for field in dataclasses.fields(operation):
        text = getattr(operation, field.name)
        for key, value in constants.items():
            text = text.replace("{" + key + "}", str(value))
        fields[field.name] = text
    return dataclasses.replace(operation, **fields)
