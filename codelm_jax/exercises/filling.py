"""From a template to one function: names, operations and constants are drawn, and every placeholder is replaced.

Placeholders, each with a meaning in names, wordings and code:

    $n $a $b $c          numbers; $s $t strings; $f a float
    $L $x, $M $y         lists of integers and one item of them; $A $x, $B $y: lists of anything; $X $x: of floats
    $W $w                a list of strings and one of them
    $D $T                a dictionary, a list of pairs; both with $key $value $keys $values
    $G $row $cell        a list of rows, one row, one item of a row
    $P $R $!P            predicates on integers and the negation; in wordings "is even", $Ps "are even", $PL "even
                         numbers", $Px "even number"
    $E $F                terms on integers: $E(the sum) is "the square of the sum"; $EL "the squares of the numbers", $EPL
                         "the squares of the even numbers"
    $Q $S $U             predicate, string term and integer measure of strings, with $Qs $QW $Qw $SW $SQW $UW
    $C $Cs $!C, $H       a kind of characters (noun, plural) and a string made of a character
    $k $j $K $ch $sep    constants: 2 to 12, 2 to 4, a threshold, a letter, a separator
    $total $result ...   local variables

In code an operation applies to the value in parentheses, `$E(i)`, or else to the item of the list, the character or the
number of the template.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping

from codelm_jax.exercises import operations, vocabulary
from codelm_jax.exercises.draws import Draws
from codelm_jax.exercises.layout import is_narrow, without_idle_parentheses
from codelm_jax.exercises.template import Template

_PLACEHOLDER = re.compile(
    r"\$(?P<token>!?[A-Za-z]+)(?:\((?P<argument>(?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\))?"
)
# A predicate in parentheses, not next to == or !=.
_CONDITION = re.compile(
    r"(?<![\w\])])(?<!= )\((?P<inner>\$!?(?P<letter>[PRQC])(?:\((?:[^()]|\([^()]*\))*\))?)\)(?! [!=]=)"
)
_OPERATIONS: Mapping[
    str, Callable[[Draws], operations.Predicate | operations.Term | operations.CharacterClass]
] = {
    "P": operations.draw_predicate,
    "R": operations.draw_predicate,
    "E": operations.draw_term,
    "F": operations.draw_term,
    "Q": operations.draw_word_predicate,
    "S": operations.draw_word_term,
    "U": operations.draw_word_measure,
    "C": operations.draw_characters,
    "H": operations.draw_character_term,
}
# A function's name that is longer is drawn once more, so many times at most.
_LONGEST_NAME = 36
_TRIES = 4
_SEPARATORS = ("-", ", ", " ", "/", "_", ":", " | ")


@dataclasses.dataclass(frozen=True)
class Draft:
    """A function before its docstring.

    Attributes:
        template: the key of its template.
        topic: the table of the template.
        name: the function's name.
        params: (name, kind) of each parameter.
        returns: the return type.
        ask: wording, as in `Template.asks`.
        body: source of the body, not indented.
        needs_words: whether its name says too little for it to go without a docstring.
    """

    template: str
    topic: str
    name: str
    params: tuple[tuple[str, str], ...]
    returns: str
    ask: str
    body: str
    needs_words: bool = False


class _Words:
    """What each placeholder becomes in names, in wordings and in code."""

    def __init__(self, template: Template, draws: Draws):
        self.draws = draws
        self._has_two_lists = any(param.slot in ("M", "B") for param in template.params)
        self._fixed = _fixed_names(template)
        self.name: dict[str, str] = {}
        self.ask: dict[str, str] = {}
        self.code: dict[str, str] = {}
        self.operations: dict[str, operations.Predicate | operations.Term | operations.CharacterClass] = {}
        self.bound: list[str] = []
        self.nouns = ("numbers", "number")
        self.word_nouns = ("words", "word")
        self.item = ""
        self.text_item = ""
        self._letters = draws.weighted(vocabulary.PAIRS)
        for param in template.params:
            if param.slot:
                self._name_slot(param.slot)
        self._name_rest()
        self._draw_operations(template)

    def _set(self, token: str, code: str, ask: str = "", name: str = "") -> None:
        self.code[token], self.ask[token], self.name[token] = code, ask or code, name or ask or code

    def _name_slot(self, slot: str) -> None:
        draws = self.draws
        if slot in "abc":
            self._scalar(slot, self._letters["abc".index(slot)])
        elif slot == "n":
            self._scalar(slot, draws.weighted(vocabulary.INTEGERS))
        elif slot in "LXMAB":
            choices = {"A": vocabulary.ITEM_LISTS, "M": vocabulary.SECOND_LISTS, "B": vocabulary.SECOND_LISTS}
            self._list(slot, draws.weighted(choices.get(slot, vocabulary.INTEGER_LISTS)))
        elif slot == "W":
            self._list(slot, draws.weighted(vocabulary.WORD_LISTS))
        elif slot in "st":
            name, phrases = draws.weighted(vocabulary.TEXTS if slot == "s" else vocabulary.SECOND_TEXTS)
            self._set(slot, name, draws.choice(phrases), name)
            self.text_item = self.text_item or name
            self.bound.append(name)
        elif slot in "DT":
            param, *parts = draws.weighted(vocabulary.MAPPINGS if slot == "D" else vocabulary.TUPLE_LISTS)
            for token, word in zip(("key", "value", "keys", "values"), parts, strict=True):
                self._set(token, word)
            self._set(slot, param)
            self.nouns, self.item = (parts[3], parts[1]), parts[1]
            self.bound += [param, *parts[:2]]
        elif slot == "G":
            param, row, cell = draws.weighted(vocabulary.GRIDS)
            self._set("G", param)
            self._set("row", row)
            self._set("cell", cell)
            self.item = cell
            self.bound += [param, row, cell]
        else:
            raise ValueError(f"unknown slot {slot!r}")

    def _scalar(self, slot: str, name: str) -> None:
        self._set(slot, name)
        self.item = self.item or name
        self.bound.append(name)

    def _list(self, slot: str, entry: tuple[str, str, str, str]) -> None:
        param, item, plural, singular = entry
        where = f" in {param}" if param != plural and self.draws.chance(0.6) else ""
        token = {"M": "y", "B": "y", "W": "w"}.get(slot, "x")
        # Two lists are called by their names.
        called = param if self._has_two_lists else plural + where
        self._set(slot, param, called, plural)
        self._set(token, item, singular, singular)
        self.bound += [param, item]
        if token == "w":
            self.word_nouns, self.text_item = (plural + where, singular), item
        elif token == "x":
            self.nouns, self.item = (plural + where, singular), item

    def _name_rest(self) -> None:
        draws = self.draws
        for token, choices in vocabulary.LOCALS.items():
            free = [
                choice for choice in choices if choice[1] not in self.bound and choice[1] not in self._fixed
            ]
            name = draws.weighted(free)
            self._set("c" if token == "char" and "c" not in self.code else token, name, "character")
            self.bound.append(name)
        first, second = draws.sample(operations.LETTERS, 2)
        constants = {"k": draws.integer(2, 12), "j": draws.integer(2, 4), "ch": first, "other": second}
        constants["K"] = draws.choice((0, 1, 2, 3, 5, 10, 20, 50, 100))
        for token, constant in constants.items():
            self._set(token, str(constant))
        self._set("sep", draws.choice(_SEPARATORS))

    def _draw_operations(self, template: Template) -> None:
        text = " ".join((*template.names, *template.asks, *template.bodies))
        wanted = {token.lstrip("!")[0] for token in re.findall(r"\$(!?[A-Z])", text)}
        for letter in sorted(wanted & set(_OPERATIONS)):
            drawn = _OPERATIONS[letter](self.draws)
            while letter in "RF" and drawn.name == self.operations["P" if letter == "R" else "E"].name:
                drawn = _OPERATIONS[letter](self.draws)
            self.operations[letter] = drawn

    def are_distinct(self) -> bool:
        """Whether no two of the drawn names are equal, and none is a name that the template uses itself."""
        return len(set(self.bound)) == len(self.bound) and self._fixed.isdisjoint(self.bound)

    def in_name(self, pattern: str) -> str:
        """The pattern as a function's name."""
        return _PLACEHOLDER.sub(lambda m: self._name_of(m["token"]) + _rest(m), pattern)

    def _name_of(self, token: str) -> str:
        drawn = self.operations.get(token[0])
        if drawn is None:
            return self.name[token]
        return drawn.names if isinstance(drawn, operations.Term) and token[1:] == "s" else drawn.name

    def in_ask(self, pattern: str) -> str:
        """The pattern as a wording."""
        text = _PLACEHOLDER.sub(lambda m: self._ask_of(m["token"], m["argument"]), pattern)
        return re.sub(r"\ba\(n\) (?=(\w))", lambda m: "an " if m[1] in "aeiou" else "a ", text)

    def _ask_of(self, token: str, argument: str | None) -> str:
        drawn = self.operations.get(token[0])
        if drawn is None:
            return self.ask[token] + ("" if argument is None else f"({self.in_ask(argument)})")
        how = token[1:]
        if isinstance(drawn, operations.CharacterClass):
            return drawn.nouns if how == "s" else drawn.noun
        plural, singular = self.word_nouns if token[0] in "QSU" else self.nouns
        if isinstance(drawn, operations.Predicate):
            return self._predicate(drawn, how, plural, singular)
        if how in ("L", "W"):
            return drawn.plural.format(f"the {plural}")
        if how:
            predicate = self.operations[how[0]]
            assert isinstance(predicate, operations.Predicate)
            return drawn.plural.format(f"the {predicate.noun(plural, plural=True)}")
        return drawn.singular.format(self.in_ask(argument) if argument else f"each {singular}")

    @staticmethod
    def _predicate(drawn: operations.Predicate, how: str, plural: str, singular: str) -> str:
        if how in ("L", "W"):
            return drawn.noun(plural, plural=True)
        if how in ("x", "w"):
            return drawn.noun(singular, plural=False)
        return drawn.plural if how == "s" else drawn.singular

    def in_code(self, pattern: str) -> str:
        """The pattern as source."""
        return _PLACEHOLDER.sub(self._code_of, _CONDITION.sub(self._unwrapped, pattern))

    def _unwrapped(self, match: re.Match[str]) -> str:
        """A predicate without the parentheses around it, where it binds more tightly than `and`, `or` and `not`."""
        drawn = self.operations[match["letter"]]
        assert not isinstance(drawn, operations.Term)
        code = f" {drawn.negation if '!' in match['inner'] else drawn.code}"
        is_plain = not any(f" {word} " in code for word in ("and", "or", "not", "in"))
        return match["inner"] if is_plain else match[0]

    def _code_of(self, match: re.Match[str]) -> str:
        token, argument = match["token"], match["argument"]
        drawn = self.operations.get(token.lstrip("!")[0])
        if drawn is None:
            rest = "" if argument is None else f"({self.in_code(argument)})"
            return self.code[token] + rest
        default = self.text_item if token.lstrip("!")[0] in "QSU" else self.item
        if token.lstrip("!")[0] in "CH":
            default = self.code["c"]
        variable = self.in_code(argument) if argument else default
        if isinstance(drawn, operations.Term):
            code = drawn.code.format(v=variable)
        else:
            code = (drawn.negation if token[0] == "!" else drawn.code).format(v=variable)
        return code


def _rest(match: re.Match[str]) -> str:
    return "" if match["argument"] is None else f"({match['argument']})"


def _fixed_names(template: Template) -> set[str]:
    """Names that a template's parameters and bodies contain as they are."""
    code = " ".join(template.bodies)
    return {param.name for param in template.params} | set(re.findall(r"(?<![\w$.!\"])[A-Za-z_]\w*", code))


def _drawn_words(template: Template, draws: Draws) -> tuple[_Words, str]:
    words = _Words(template, draws)
    while not words.are_distinct():
        words = _Words(template, draws)
    name = words.in_name(draws.choice(template.names))
    return words, re.sub(r"\W+", "_", name).strip("_").lower()


def fill(template: Template, draws: Draws) -> Draft:
    """Draws one function of a template."""
    words, name = _drawn_words(template, draws)
    for _ in range(_TRIES):
        if len(name) <= _LONGEST_NAME:
            break
        words, name = _drawn_words(template, draws)
    slots = {param.slot: words.code.get(param.slot, "") for param in template.params}
    params = tuple((slots[param.slot] if param.slot else param.name, param.kind) for param in template.params)
    bodies = [words.in_code(body) for body in template.bodies]
    # A recursive body calls its function by this name.
    body = draws.choice([body for body in bodies if is_narrow(body)] or bodies).replace("RECURSE", name)
    return Draft(
        template=template.key,
        topic=template.topic,
        name=name,
        params=params,
        returns=template.returns,
        ask=words.in_ask(draws.choice(template.asks)),
        body=without_idle_parentheses(body),
    )
