"""Functions composed of several operations in a row: filter, map, order, reduce, in words and in code.

A pipeline over a list of integers, a list of strings or the words of a text: values are filtered, mapped, put in order or
cut, then reduced. Its shape (which of the steps it has, and how it ends) is its template.
"""

import dataclasses
import re
from typing import TypeVar

from codelm_jax.exercises import operations, pipeline_steps, vocabulary
from codelm_jax.exercises.draws import Draws
from codelm_jax.exercises.filling import Draft
from codelm_jax.exercises.layout import is_narrow, without_idle_parentheses
from codelm_jax.exercises.pipeline_steps import End, Order

TOPIC = "composition"
_LONGEST_NAME = 36
Step = TypeVar("Step", Order, End)


@dataclasses.dataclass(frozen=True)
class _Source:
    """Where the values come from: parameter and kind, code and words for all, a variable for one, the plain plural."""

    name: str
    param: str
    kind: str
    code: str
    item: str
    nouns: str
    plain: str


def _source(draws: Draws) -> _Source:
    where = draws.weighted(
        [(5, "numbers"), (3, "words"), (2, "text"), (2, "digits"), (2, "range"), (1.5, "values")]
    )
    if where == "numbers":
        param, item, nouns, _ = draws.weighted(vocabulary.INTEGER_LISTS)
        kind, code = "ints", param
    elif where == "words":
        param, item, nouns, _ = draws.weighted(vocabulary.WORD_LISTS)
        kind, code = "words", param
    elif where == "text":
        param = draws.choice(("text", "s", "sentence", "line"))
        kind, code, item, nouns = "text", f"{param}.split()", draws.choice(("word", "w", "part")), "words"
    elif where == "digits":
        param = draws.choice(("n", "number"))
        kind, code, item, nouns = "natural", f"map(int, str({param}))", draws.choice(("digit", "d")), "digits"
    elif where == "range":
        param = draws.choice(("n", "limit", "number"))
        kind, code, item, nouns = "natural", f"range(1, {param} + 1)", draws.choice(("i", "k")), "integers"
    else:
        param, _, item, _, nouns = draws.weighted(vocabulary.MAPPINGS)
        kind, code = "scores", f"{param}.values()"
    ending = {
        "text": f" in {param}",
        "digits": f" of {param}",
        "range": f" from 1 to {param}",
        "values": f" in {param}",
    }
    named = where in ("numbers", "words") and param != nouns and draws.chance(0.6)
    return _Source(
        where, param, kind, code, item, nouns + (f" in {param}" if named else ending.get(where, "")), nouns
    )


def compose(draws: Draws) -> Draft:
    """Draws a pipeline with at least two steps."""
    while True:
        draft = _composed(draws)
        if draft is not None and is_narrow(draft.body):
            return draft


def _composed(draws: Draws) -> Draft | None:
    source = _source(draws)
    of_words = source.name in ("words", "text")
    draw_keep = operations.draw_word_predicate if of_words else operations.draw_predicate
    draw_map = operations.draw_word_term if of_words else operations.draw_term
    keep = draw_keep(draws) if draws.chance(0.7) else None
    term = draw_map(draws) if draws.chance(0.6) else None
    if _is_pointless(source, keep, term):
        return None
    order = _constants(draws.choice(pipeline_steps.ORDERS), draws) if draws.chance(0.35) else None
    end = _constants(
        draws.choice(pipeline_steps.WORD_ENDS if of_words else pipeline_steps.NUMBER_ENDS), draws
    )
    steps = [step for step in (keep, term, order) if step is not None]
    if len(steps) + (end.name != "list") < 2 or (of_words and order is not None and "est_" in order.name):
        return None
    if order is not None and (re.sub(r"_\d+$", "", end.name), order.name) in _IDLE:
        return None
    if len(steps) == 1 and order is None and end.name in ("list", "sum"):
        return None
    in_order = end.name in ("list", "text", "first", "lengths", "initials")
    ask = end.words.replace("{}", _values(source, keep, term, order, in_order=in_order), 1)
    shape = "/".join(
        [
            source.name,
            *(label for label, step in (("filter", keep), ("map", term)) if step),
            *([order.name] if order else []),
            end.name,
        ]
    )
    return Draft(
        template=f"{TOPIC}/{re.sub('_?[0-9]+', '', shape)}",
        topic=TOPIC,
        name=_name(source, keep, term, order, end, draws),
        params=((source.param, source.kind),),
        returns=end.returns,
        ask=ask,
        body=without_idle_parentheses(_body(source, keep, term, order, end, draws)),
        needs_words=True,
    )


def _is_pointless(source: _Source, keep: operations.Predicate | None, term: operations.Term | None) -> bool:
    """Whether a step does nothing, or nearly so, to digits or to the numbers from 1 on."""
    if source.name not in ("digits", "range"):
        return False
    of_digits = source.name == "digits"
    if term and ("absolute" in term.name or (of_digits and "digit" in term.name)):
        return True
    if keep is None:
        return False
    beyond = of_digits and any(int(number) > 9 for number in re.findall(r"\d+", keep.code))
    return beyond or any(
        word in keep.name
        for word in ("negative", "positive", "nonzero", "single_digit", "above_0", "than_0", "_0")
    )


# An order that changes nothing of the result.
_IDLE = {
    (end, order)
    for end in (
        "sum",
        "product",
        "largest",
        "smallest",
        "spread",
        "mean",
        "count_distinct",
        "total_length",
        "length_by_text",
        "any_above",
        "all_below",
        "sum_above",
        "any_longer_than",
    )
    for order in ("ascending", "descending", "reversed")
} | {
    ("count_distinct", "distinct"),
    ("largest", "distinct"),
    ("smallest", "distinct"),
    ("spread", "distinct"),
}


def _name(
    source: _Source,
    keep: operations.Predicate | None,
    term: operations.Term | None,
    order: Order | None,
    end: End,
    draws: Draws,
) -> str:
    """A name that says everything, where that is not too long, or the gist."""
    nouns = _restricted(source.plain, keep)
    ending = "" if end.name == "list" else end.name
    named = [
        piece for piece in (ending, order.name if order else "", term.names if term else "", nouns) if piece
    ]
    verb = draws.choice(end.verbs.split())
    options = [(2.0, f"{verb}_{source.plain}"), (2.0, f"{verb}_{nouns}")]
    if term:
        options.append((2.0, f"{verb}_{term.names}"))
    whole = "_of_".join(named)
    if len(whole) <= _LONGEST_NAME:
        options.append((5.0, whole))
    name = re.sub(
        r"\W+", "_", draws.weighted([option for option in options if len(option[1]) <= _LONGEST_NAME])
    )
    return re.sub(r"(_of)+(?=_of_|$)", "", name)


def _restricted(nouns: str, keep: operations.Predicate | None) -> str:
    """The nouns with the name of a predicate, in the order of English: even_numbers, words_of_length_3."""
    if keep is None:
        return nouns
    return f"{keep.name}_{nouns}" if keep.before else f"{nouns}_{keep.name}"


def _constants(step: Step, draws: Draws) -> Step:
    chosen = {
        "j": str(draws.integer(2, 4)),
        "k": str(draws.integer(2, 12)),
        "sep": draws.choice((" ", "-", ", ", "/", ":")),
    }
    fields = {}
    for field in dataclasses.fields(step):
        text = getattr(step, field.name)
        for key, constant in chosen.items():
            text = text.replace("{" + key + "}", constant)
        fields[field.name] = text
    return dataclasses.replace(step, **fields)


def _values(
    source: _Source,
    keep: operations.Predicate | None,
    term: operations.Term | None,
    order: Order | None,
    *,
    in_order: bool,
) -> str:
    """The values at the end of the pipeline as a noun phrase."""
    nouns = keep.noun(source.nouns, plural=True) if keep else source.nouns
    values = f"the {nouns}"
    if term:
        values = term.plural.format(values)
    if order is None:
        return values
    words = order.words if in_order else order.words.replace(", in ascending order", "")
    return words.replace("{}", values)


def _body(
    source: _Source,
    keep: operations.Predicate | None,
    term: operations.Term | None,
    order: Order | None,
    end: End,
    draws: Draws,
) -> str:
    style = draws.weighted([(4, "steps"), (3, "nested"), (4, "loop"), (1.5, "stages")])
    condition = keep.code.format(v=source.item) if keep else ""
    value = term.code.format(v=source.item) if term else source.item
    inner = f"{value} for {source.item} in {source.code}" + (f" if {condition}" if condition else "")
    result = draws.choice(("values", "chosen", "selected", "found", "parts", "kept"))
    if result in (source.param, source.item):
        result = "selected"
    if style == "loop" and end.start and not order:
        total = draws.choice(("total", "result", "acc", "out", "answer"))
        update = end.update.replace("{t}", total).replace(
            "{v}", f"({value})" if "{v}[" in end.update else value
        )
        lines = [f"{total} = {end.start}", f"for {source.item} in {source.code}:"]
        if condition:
            lines += [f"    if {condition}:", f"        {update}"]
        else:
            lines.append(f"    {update}")
        return "\n".join([*lines, f"return {total}"])
    lines = [f"{result} = [{inner}]"]
    if style == "loop" and (term or keep):
        lines = [f"{result} = []", f"for {source.item} in {source.code}:"]
        indent = "    "
        if condition:
            lines.append(f"    if {condition}:")
            indent += "    "
        lines.append(f"{indent}{result}.append({value})")
    elif style == "stages" and keep and term:
        lines = [
            f"{result} = [{source.item} for {source.item} in {source.code} if {condition}]",
            f"{result} = [{value} for {source.item} in {result}]",
        ]
    elif not term and not keep:
        # Nothing is done to the single values: they are taken as they are, as a list.
        is_list = source.kind in ("ints", "words")
        made = source.code if source.kind == "text" else f"list({source.code})"
        lines, result = ([], source.param) if is_list else ([f"{result} = {made}"], result)
    ordered = order.code.replace("{}", result) if order else result
    return "\n".join(_ended(lines, result, ordered, end, inner, draws))


def _ended(lines: list[str], result: str, ordered: str, end: End, inner: str, draws: Draws) -> list[str]:
    """The lines with the last step and the return added."""
    if end.start and not end.code:
        if end.start == "[]":
            if ordered == result and len(lines) == 1:
                return [f"return [{inner}]"]
            return [*lines, f"return {ordered}"]
        return [
            *lines,
            f"product = {end.start}",
            f"for v in {ordered}:",
            "    product *= v",
            "return product",
        ]
    if "{0}" in end.code and ordered != result:
        ordered_name = "ordered" if result != "ordered" else "rest"
        lines, ordered = [*lines, f"{ordered_name} = {ordered}"], ordered_name
    code = end.code.replace("{0}", ordered).replace("{}", ordered, 1).replace("{{", "{").replace("}}", "}")
    is_short = len(lines) == 1 and ordered == result and code == f"sum({result})"
    if is_short and draws.chance(0.5):
        return [f"return sum({inner})"]
    return [*lines, f"return {code}"]
