"""What is done to single values: predicates and terms on integers, words and characters, with their wording.

In code `{v}` is the value's name, in phrases `{}` the words for it. `{k}`, `{j}`, `{K}`, `{ch}` are constants, drawn once
for an operation.
"""

import dataclasses
from typing import TypeVar

from codelm_jax.exercises.draws import Draws

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
        return f"{noun} {self.after}" if self.after else f"{noun} that {self.plural if plural else self.singular}"


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


def _adjective(name: str, code: str, negation: str, phrase: str, *, before: bool = False) -> Predicate:
    place = {"before": phrase} if before else {"after": phrase}
    return Predicate(name, code, negation, f"is {phrase}", f"are {phrase}", **place)


def _verb(name: str, code: str, negation: str, singular: str, plural: str) -> Predicate:
    return Predicate(name, code, negation, singular, plural)


_PARITIES = (
    _adjective("even", "{v} % 2 == 0", "{v} % 2 != 0", "even", before=True),
    _adjective("odd", "{v} % 2 == 1", "{v} % 2 == 0", "odd", before=True),
    _adjective("odd", "{v} % 2 != 0", "{v} % 2 == 0", "odd", before=True),
    _adjective("divisible_by_{k}", "{v} % {k} == 0", "{v} % {k} != 0", "divisible by {k}"),
    _verb("multiple_of_{k}", "{v} % {k} == 0", "{v} % {k} != 0", "is a multiple of {k}", "are multiples of {k}"),
    _adjective("not_divisible_by_{k}", "{v} % {k} != 0", "{v} % {k} == 0", "not divisible by {k}"),
)
_SIZES = (
    _adjective("positive", "{v} > 0", "{v} <= 0", "positive", before=True),
    _adjective("negative", "{v} < 0", "{v} >= 0", "negative", before=True),
    _adjective("greater_than_{K}", "{v} > {K}", "{v} <= {K}", "greater than {K}"),
    _adjective("above_{K}", "{v} > {K}", "{v} <= {K}", "above {K}"),
    _adjective("less_than_{K}", "{v} < {K}", "{v} >= {K}", "less than {K}"),
    _adjective("below_{K}", "{v} < {K}", "{v} >= {K}", "below {K}"),
    _adjective("smaller_than_{K}", "{v} < {K}", "{v} >= {K}", "smaller than {K}"),
    _verb("at_least_{K}", "{v} >= {K}", "{v} < {K}", "is at least {K}", "are at least {K}"),
    _verb("at_most_{K}", "{v} <= {K}", "{v} > {K}", "is at most {K}", "are at most {K}"),
    _adjective("between_{K}_and_{H}", "{K} <= {v} <= {H}", "not {K} <= {v} <= {H}", "in the range {K} to {H} (inclusive)"),
)
_SINGLE = (
    _adjective("nonzero", "{v} != 0", "{v} == 0", "nonzero", before=True),
    _adjective("non_negative", "{v} >= 0", "{v} < 0", "non-negative", before=True),
    _adjective("two_digit", "10 <= {v} <= 99", "not 10 <= {v} <= 99", "two-digit", before=True),
    _adjective("single_digit", "0 <= {v} <= 9", "not 0 <= {v} <= 9", "single-digit", before=True),
    _verb("ending_in_{d}", "abs({v}) % 10 == {d}", "abs({v}) % 10 != {d}", "ends in {d}", "end in {d}"),
    _verb(
        "remainder_{r}_mod_{k}",
        "{v} % {k} == {r}",
        "{v} % {k} != {r}",
        "leaves a remainder of {r} when divided by {k}",
        "leave a remainder of {r} when divided by {k}",
    ),
    _adjective("equal_to_{K}", "{v} == {K}", "{v} != {K}", "equal to {K}"),
    _verb("other_than_{K}", "{v} != {K}", "{v} == {K}", "is not equal to {K}", "are not equal to {K}"),
    _verb(
        "closer_than_{k}_to_{K}",
        "abs({v} - {K}) < {k}",
        "abs({v} - {K}) >= {k}",
        "differs from {K} by less than {k}",
        "differ from {K} by less than {k}",
    ),
    _verb("square_above_{K}", "{v} * {v} > {K}", "{v} * {v} <= {K}", "has a square above {K}", "have squares above {K}"),
)

_TERMS = (
    Term("square", "squares", "{v} * {v}", "the square of {}", "the squares of {}"),
    Term("square", "squares", "{v} ** 2", "the square of {}", "the squares of {}"),
    Term("cube", "cubes", "{v} ** 3", "the cube of {}", "the cubes of {}"),
    Term("double", "doubles", "2 * {v}", "twice {}", "the doubles of {}"),
    Term("double", "doubled", "{v} * 2", "{} doubled", "the doubles of {}"),
    Term("times_{k}", "times_{k}", "{k} * {v}", "{k} times {}", "the results of multiplying {} by {k}"),
    Term("times_{k}", "times_{k}", "{v} * {k}", "{} multiplied by {k}", "the products of {} and {k}"),
    Term("half", "halves", "{v} // 2", "half of {} (rounded down)", "the halves of {} (rounded down)"),
    Term("floor_div_{k}", "floor_div_{k}", "{v} // {k}", "{} divided by {k} (rounded down)", "the results of dividing {} by {k} (rounded down)"),
    Term("plus_{k}", "plus_{k}", "{v} + {k}", "{} plus {k}", "the results of adding {k} to {}"),
    Term("increased_by_{k}", "increased_by_{k}", "{v} + {k}", "{} increased by {k}", "the results of increasing {} by {k}"),
    Term("minus_{k}", "minus_{k}", "{v} - {k}", "{} minus {k}", "the results of subtracting {k} from {}"),
    Term("subtracted_from_{K}", "subtracted_from_{K}", "{K} - {v}", "{K} minus {}", "the results of subtracting {} from {K}"),
    Term("negative", "negatives", "-{v}", "the negative of {}", "the negatives of {}"),
    Term("absolute", "absolute_values", "abs({v})", "the absolute value of {}", "the absolute values of {}"),
    Term("mod_{k}", "mod_{k}", "{v} % {k}", "{} modulo {k}", "the remainders of {} modulo {k}"),
    Term(
        "remainder_by_{k}",
        "remainders_by_{k}",
        "{v} % {k}",
        "the remainder of {} divided by {k}",
        "the remainders of {} divided by {k}",
    ),
    Term("last_digit", "last_digits", "abs({v}) % 10", "the last digit of {}", "the last digits of {}"),
    Term("distance_to_{K}", "distances_to_{K}", "abs({v} - {K})", "the distance from {} to {K}", "the distances from {} to {K}"),
    Term("square_plus_{k}", "squares_plus_{k}", "{v} * {v} + {k}", "{k} more than the square of {}", "the results of adding {k} to the squares of {}"),
    Term("double_plus_{k}", "doubles_plus_{k}", "2 * {v} + {k}", "{k} more than twice {}", "the results of adding {k} to the doubles of {}"),
    Term("double_minus_{k}", "doubles_minus_{k}", "2 * {v} - {k}", "{k} less than twice {}", "the results of subtracting {k} from the doubles of {}"),
    Term("max_with_{K}", "max_with_{K}", "max({v}, {K})", "the larger of {} and {K}", "the results of raising {} to at least {K}"),
    Term("min_with_{K}", "min_with_{K}", "min({v}, {K})", "the smaller of {} and {K}", "the results of limiting {} to at most {K}"),
    Term("digit_count", "digit_counts", "len(str(abs({v})))", "the number of digits of {}", "the digit counts of {}"),
    Term("times_itself_minus_one", "times_previous", "{v} * ({v} - 1)", "the product of {} and its predecessor", "the products of {} and their predecessors"),
    Term("times_next", "times_next", "{v} * ({v} + 1)", "the product of {} and its successor", "the products of {} and their successors"),
)

_WORD_PREDICATES = (
    _verb("starting_with_{ch}", '{v}.startswith("{ch}")', 'not {v}.startswith("{ch}")', "starts with '{ch}'", "start with '{ch}'"),
    _verb("ending_with_{ch}", '{v}.endswith("{ch}")', 'not {v}.endswith("{ch}")', "ends with '{ch}'", "end with '{ch}'"),
    _verb("containing_{ch}", '"{ch}" in {v}', '"{ch}" not in {v}', "contains '{ch}'", "contain '{ch}'"),
    _verb("without_{ch}", '"{ch}" not in {v}', '"{ch}" in {v}', "does not contain '{ch}'", "do not contain '{ch}'"),
    _adjective("longer_than_{j}", "len({v}) > {j}", "len({v}) <= {j}", "longer than {j} characters"),
    _adjective("shorter_than_{k}", "len({v}) < {k}", "len({v}) >= {k}", "shorter than {k} characters"),
    _verb("of_length_{k}", "len({v}) == {k}", "len({v}) != {k}", "has exactly {k} characters", "have exactly {k} characters"),
    _verb("with_at_least_{k}_characters", "len({v}) >= {k}", "len({v}) < {k}", "has at least {k} characters", "have at least {k} characters"),
    _verb("with_at_most_{k}_characters", "len({v}) <= {k}", "len({v}) > {k}", "has at most {k} characters", "have at most {k} characters"),
    _verb("uppercase", "{v}.isupper()", "not {v}.isupper()", "is in upper case", "are in upper case"),
    _verb("lowercase", "{v}.islower()", "not {v}.islower()", "is in lower case", "are in lower case"),
    _verb("numeric", "{v}.isdigit()", "not {v}.isdigit()", "consists only of digits", "consist only of digits"),
    _verb("alphabetic", "{v}.isalpha()", "not {v}.isalpha()", "consists only of letters", "consist only of letters"),
    _verb("capitalized", "{v}[:1].isupper()", "not {v}[:1].isupper()", "starts with a capital letter", "start with a capital letter"),
    _verb(
        "starting_with_vowel",
        '{v}.startswith(("a", "e", "i", "o", "u"))',
        'not {v}.startswith(("a", "e", "i", "o", "u"))',
        "starts with a lowercase vowel",
        "start with a lowercase vowel",
    ),
    _adjective("nonempty", '{v} != ""', '{v} == ""', "non-empty", before=True),
    _verb("of_even_length", "len({v}) % 2 == 0", "len({v}) % 2 != 0", "has an even number of characters", "have an even number of characters"),
    _verb("of_odd_length", "len({v}) % 2 == 1", "len({v}) % 2 == 0", "has an odd number of characters", "have an odd number of characters"),
    _verb("with_equal_ends", "{v}[:1] == {v}[-1:]", "{v}[:1] != {v}[-1:]", "starts and ends with the same character", "start and end with the same character"),
    _verb("with_digit", "any(c.isdigit() for c in {v})", "not any(c.isdigit() for c in {v})", "contains a digit", "contain a digit"),
    _verb("with_repeated_{ch}", '{v}.count("{ch}") > 1', '{v}.count("{ch}") <= 1', "contains '{ch}' more than once", "contain '{ch}' more than once"),
)

_WORD_TERMS = (
    Term("upper", "uppercase", "{v}.upper()", "{} in upper case", "the uppercase forms of {}"),
    Term("lower", "lowercase", "{v}.lower()", "{} in lower case", "the lowercase forms of {}"),
    Term("stripped", "stripped", "{v}.strip()", "{} without spaces at either end", "the results of removing spaces at both ends of {}"),
    Term("capitalized", "capitalized", "{v}.capitalize()", "{} with only its first letter capitalized", "the capitalized forms of {}"),
    Term("reversed", "reversed", "{v}[::-1]", "{} reversed", "the reversed forms of {}"),
    Term("first_{j}_of", "first_{j}_of", "{v}[:{j}]", "the first {j} characters of {}", "the first {j} characters of each of {}"),
    Term("last_{j}_of", "last_{j}_of", "{v}[-{j}:]", "the last {j} characters of {}", "the last {j} characters of each of {}"),
    Term("doubled", "doubled", "{v} * 2", "{} repeated twice", "the results of repeating each of {} twice"),
    Term("doubled", "doubled", "{v} + {v}", "{} followed by itself", "the results of joining each of {} with itself"),
    Term("with_exclamation", "with_exclamation", '{v} + "!"', "{} followed by an exclamation mark", "the results of adding an exclamation mark to each of {}"),
    Term("with_hash", "with_hash", '"#" + {v}', "{} with a '#' in front", "the results of putting a '#' before each of {}"),
    Term("with_suffix_{ch}", "with_suffix_{ch}", '{v} + "{ch}"', "{} with '{ch}' added at the end", "the results of adding '{ch}' at the end of each of {}"),
    Term("with_prefix_{ch}", "with_prefix_{ch}", '"{ch}" + {v}', "{} with '{ch}' added at the front", "the results of adding '{ch}' at the front of each of {}"),
    Term("replacing_{ch}_by_{ch2}", "replacing_{ch}_by_{ch2}", '{v}.replace("{ch}", "{ch2}")', "{} with every '{ch}' replaced by '{ch2}'", "the results of replacing every '{ch}' by '{ch2}' in each of {}"),
    Term("without_{ch}", "without_{ch}", '{v}.replace("{ch}", "")', "{} with every '{ch}' removed", "the results of removing every '{ch}' from each of {}"),
    Term("swapcase", "swapcase", "{v}.swapcase()", "{} with upper and lower case swapped", "the results of swapping upper and lower case in each of {}"),
    Term("in_parentheses", "in_parentheses", '"(" + {v} + ")"', "{} in parentheses", "the results of putting each of {} in parentheses"),
    Term("in_brackets", "in_brackets", 'f"[{{{v}}}]"', "{} in square brackets", "the results of putting each of {} in square brackets"),
    Term("in_quotes", "in_quotes", 'f"\'{{{v}}}\'"', "{} in single quotes", "the results of putting each of {} in single quotes"),
    Term("sorted_letters", "sorted_letters", '"".join(sorted({v}))', "the characters of {} in sorted order", "the results of sorting the characters of each of {}"),
    Term("without_first", "without_first", "{v}[1:]", "{} without its first character", "the results of removing the first character of each of {}"),
    Term("without_last", "without_last", "{v}[:-1]", "{} without its last character", "the results of removing the last character of each of {}"),
    Term("every_second_of", "every_second_of", "{v}[::2]", "every second character of {}", "the results of keeping every second character of each of {}"),
    Term("padded_to_{k}", "padded_to_{k}", '{v}.ljust({k}, ".")', "{} padded with dots on the right to {k} characters", "the results of padding each of {} with dots on the right to {k} characters"),
)

_WORD_MEASURES = (
    Term("length", "lengths", "len({v})", "the length of {}", "the lengths of {}"),
    Term("count_of_{ch}", "counts_of_{ch}", '{v}.count("{ch}")', "the number of times '{ch}' occurs in {}", "the numbers of times '{ch}' occurs in each of {}"),
    Term("distinct_characters", "distinct_characters", "len(set({v}))", "the number of distinct characters in {}", "the numbers of distinct characters in each of {}"),
    Term("digit_count", "digit_counts", "sum(c.isdigit() for c in {v})", "the number of digits in {}", "the numbers of digits in each of {}"),
    Term("vowel_count", "vowel_counts", 'sum(c in "aeiou" for c in {v})', "the number of lowercase vowels in {}", "the numbers of lowercase vowels in each of {}"),
    Term("uppercase_count", "uppercase_counts", "sum(c.isupper() for c in {v})", "the number of uppercase letters in {}", "the numbers of uppercase letters in each of {}"),
    Term("double_length", "double_lengths", "2 * len({v})", "twice the length of {}", "the doubled lengths of {}"),
)


def _characters(name: str, noun: str, code: str, negation: str, nouns: str = "") -> CharacterClass:
    return CharacterClass(name, noun, nouns or noun + "s", code, negation)


def _one_of(name: str, noun: str, characters: str, nouns: str = "") -> CharacterClass:
    return _characters(name, noun, f'{{v}} in "{characters}"', f'{{v}} not in "{characters}"', nouns)


_CHARACTERS = (
    _characters("digit", "digit", "{v}.isdigit()", "not {v}.isdigit()"),
    _characters("letter", "letter", "{v}.isalpha()", "not {v}.isalpha()"),
    _characters("uppercase", "uppercase letter", "{v}.isupper()", "not {v}.isupper()"),
    _characters("lowercase", "lowercase letter", "{v}.islower()", "not {v}.islower()"),
    _characters("alphanumeric", "letter or digit", "{v}.isalnum()", "not {v}.isalnum()", "letters and digits"),
    _characters("space", "space", '{v} == " "', '{v} != " "'),
    _characters("comma", "comma", '{v} == ","', '{v} != ","'),
    _characters("hyphen", "hyphen", '{v} == "-"', '{v} != "-"'),
    _characters("underscore", "underscore", '{v} == "_"', '{v} != "_"'),
    _characters("non_space", "character that is not a space", '{v} != " "', '{v} == " "', "characters that are not spaces"),
    _characters("letter_{ch}", "letter {ch}", '{v} == "{ch}"', '{v} != "{ch}"', "letters {ch}"),
    _characters("a_to_{ch}", "letter from a to {ch}", '"a" <= {v} <= "{ch}"', 'not "a" <= {v} <= "{ch}"', "letters from a to {ch}"),
    _one_of("vowel", "lowercase vowel", "aeiou"),
    _one_of("vowel", "vowel (in either case)", "aeiouAEIOU", "vowels (in either case)"),
    _one_of("punctuation", "punctuation mark (one of .,;:!?)", ".,;:!?", "punctuation marks (.,;:!?)"),
    _one_of("even_digit", "even digit", "02468"),
    _one_of("odd_digit", "odd digit", "13579"),
    _one_of("bracket", "bracket", "()[]{{}}"),
    _one_of("hex_digit", "hexadecimal digit (0-9, a-f)", "0123456789abcdef", "hexadecimal digits (0-9, a-f)"),
    _one_of("binary_digit", "binary digit", "01"),
    _one_of("{ch}_or_{ch2}", "letter {ch} or {ch2}", "{ch}{ch2}", "letters {ch} and {ch2}"),
)

_CHARACTER_TERMS = (
    Term("upper", "uppercase", "{v}.upper()", "{} in upper case", "the uppercase forms of {}"),
    Term("lower", "lowercase", "{v}.lower()", "{} in lower case", "the lowercase forms of {}"),
    Term("doubled", "doubled", "{v} * 2", "{} twice", "the results of doubling each of {}"),
    Term("with_dash", "with_dash", '{v} + "-"', "{} followed by a dash", "the results of adding a dash to each of {}"),
    Term("next", "next", "chr(ord({v}) + 1)", "the character after {} in Unicode order", "the characters after each of {} in Unicode order"),
    Term("as_code", "as_codes", "str(ord({v}))", "the character code of {}", "the character codes of {}"),
    Term("in_brackets", "in_brackets", '"[" + {v} + "]"', "{} in square brackets", "the results of putting each of {} in square brackets"),
)


def draw_predicate(draws: Draws) -> Predicate:
    """A predicate on integers, one in eight made of two."""
    if draws.chance(0.125):
        parity, size = _fixed(draws.choice(_PARITIES), draws), _fixed(draws.choice(_SIZES[:9]), draws)
        return _both(parity, size)
    return _fixed(draws.choice(draws.choice((_PARITIES, _SIZES, _SINGLE))), draws)


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
