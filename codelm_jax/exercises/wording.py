"""The words of a function: its sentence in the imperative, its signature, its imports; and the whole of it, written down."""

import dataclasses
import itertools
import re
from collections.abc import Sequence

from codelm_jax.exercises import docstrings
from codelm_jax.exercises.docstrings import INDENT
from codelm_jax.exercises.draws import Draws
from codelm_jax.exercises.filling import Draft
from codelm_jax.exercises.kinds import KINDS

_TYPING_NAMES = {"list": "List", "dict": "Dict", "tuple": "Tuple"}
# Uses in a program, and the (module, name) that has to be imported for them.
_IMPORTS = {
    r"\bitertools\.": ("itertools", ""),
    r"\bmath\.": ("math", ""),
    r"\bre\.": ("re", ""),
    r"\bCounter\(": ("collections", "Counter"),
    r"\bdefaultdict\(": ("collections", "defaultdict"),
    r"\bdeque\(": ("collections", "deque"),
    r"\bdate(?:\(|\.fromiso)": ("datetime", "date"),
    r"\btimedelta\(": ("datetime", "timedelta"),
    r"\breduce\(": ("functools", "reduce"),
    r"(?m)^def .*\bDict\[": ("typing", "Dict"),
    r"(?m)^def .*\bList\[": ("typing", "List"),
    r"(?m)^def .*\bOptional\[": ("typing", "Optional"),
    r"(?m)^def .*\bTuple\[": ("typing", "Tuple"),
}
_USUAL_VERBS = (
    (10, "Return {}"),
    (2, "Returns {}"),
    (1, "Get {}"),
    (0.4, "Write a function that returns {}"),
    (0.3, "This function returns {}"),
)
_NUMBER_VERBS = (*_USUAL_VERBS, (1.5, "Compute {}"), (1.5, "Calculate {}"), (1, "Find {}"))
_MAKING_VERBS = (*_USUAL_VERBS, (1, "Build {}"), (1, "Create {}"), (0.7, "Make {}"))
_FINDING_VERBS = (*_USUAL_VERBS, (2, "Find {}"))
_QUESTION_VERBS = (
    (4, "Return True if {}, otherwise False"),
    (3, "Return True if {}, False otherwise"),
    (3, "Return whether {}"),
    (2, "Check whether {}"),
    (2, "Check if {}"),
    (1, "Determine whether {}"),
    (1, "Returns True if {} and False otherwise"),
    (0.5, "Write a function that checks whether {}"),
)
# A noun phrase and the verb that says the same. Only where nothing follows that belongs to the phrase alone.
_DIRECT = (
    (re.compile(r"(?=how (?:many|often) )"), ("Count ", "Count ", "Return ", "Determine ")),
    (re.compile(r"the number of times "), ("Count how often ",)),
    (re.compile(r"the number of (?=(?:\w+ )?\w+s (?:in|of|that|among)\b)"), ("Count the ",)),
    (re.compile(r"the sum of (?=the \w+s\b)"), ("Add up ", "Sum ")),
    (re.compile(r"the product of (?=the \w+s\b)"), ("Multiply ",)),
    (re.compile(r"(?:a|the) list of (?=the \w+s\b)"), ("List ", "Collect ")),
)
_WITHOUT_DOCSTRING = ("none", "comment above", "comment inside")
# What is looked for rather than computed.
_SEARCHED = re.compile(r"whichever |the (index|first|last|one|longest|shortest|position|largest|smallest)\b")
_TAIL = re.compile(r";|, or |, and |\(| minus | plus | times | divided ")


@dataclasses.dataclass(frozen=True)
class Style:
    """How one or several functions look.

    Attributes:
        hints: "none", "builtin" (`list[int]`) or "typing" (`List[int]`, with its import).
        docstring: "line", "block", "google", "numpy", "sphinx", "humaneval", "examples", "sentence", "comment above",
            "comment inside" or "none".
        width: columns of its docstring or comment.
    """

    hints: str
    docstring: str
    width: int


def draw_documented_style(draws: Draws) -> Style:
    """One style with a docstring."""
    style = draw_style(draws)
    return draw_documented_style(draws) if style.docstring in _WITHOUT_DOCSTRING else style


def draw_style(draws: Draws) -> Style:
    """One style, in the proportions in which a model should meet them."""
    return Style(
        hints=draws.weighted([(7, "none"), (8, "builtin"), (5, "typing")]),
        docstring=draws.weighted(
            [
                (34, "line"),
                (6, "block"),
                (6, "google"),
                (2, "numpy"),
                (2, "sphinx"),
                (20, "humaneval"),
                (8, "examples"),
                (4, "sentence"),
                (4, "comment above"),
                (3, "comment inside"),
                (11, "none"),
            ]
        ),
        width=draws.choice((72, 79, 79, 88, 99)),
    )


def sentence(draft: Draft, draws: Draws) -> str:
    """The wording as one or two sentences in the imperative."""
    text = _imperative(draft, draws)
    # "Given a list of integers numbers, return ..."; not where the name only repeats the description.
    told = [(name, KINDS[kind].words) for name, kind in draft.params]
    if text.startswith("Return") and told and draws.chance(0.06) and all(n not in w for n, w in told):
        parts = [f"{words} {name}" for name, words in told]
        given = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
        text = f"Given {given}, {re.sub('^Returns?', 'return', text)}"
    return text if draws.chance(0.06) and text[-1].isalnum() else text + "."


def _imperative(draft: Draft, draws: Draws) -> str:
    ask = draft.ask
    if ask.startswith("! "):
        return ask[2:]
    if ask.startswith("? "):
        return draws.weighted(_QUESTION_VERBS).format(ask[2:])
    for pattern, verbs in _DIRECT:
        found = pattern.match(ask)
        if found and (ask.startswith("how ") or (not _TAIL.search(ask) and draws.chance(0.3))):
            return draws.choice(verbs) + ask[found.end() :]
    verbs = _USUAL_VERBS
    if ask.startswith(("a ", "one ")):
        verbs = _MAKING_VERBS
    elif _SEARCHED.match(ask) and not draft.returns.startswith(("list", "dict")):
        verbs = _FINDING_VERBS
    elif draft.returns in ("int", "float"):
        verbs = _NUMBER_VERBS
    return draws.weighted(verbs).format(ask)


def signature(draft: Draft, hints: str) -> str:
    """The `def` line."""
    if hints == "none":
        return f"def {draft.name}({', '.join(name for name, _ in draft.params)}):"
    params = ", ".join(f"{name}: {_hint(KINDS[kind].hint, hints)}" for name, kind in draft.params)
    return f"def {draft.name}({params}) -> {_hint(draft.returns, hints)}:"


def _hint(hint: str, hints: str) -> str:
    if hints == "builtin":
        return hint
    hint = re.sub(r"\b(list|dict|tuple)\[", lambda m: _TYPING_NAMES[m[1]] + "[", hint)
    return f"Optional[{hint.removesuffix(' | None')}]" if hint.endswith(" | None") else hint


def imports(source: str) -> str:
    """The import lines that a program needs; "" without any."""
    found = sorted({needed for pattern, needed in _IMPORTS.items() if re.search(pattern, source)})
    lines = [f"import {module}" for module, name in found if not name]
    for module, names in itertools.groupby((pair for pair in found if pair[1]), key=lambda pair: pair[0]):
        lines.append(f"from {module} import {', '.join(name for _, name in names)}")
    return "\n".join(lines)


def with_imports(source: str) -> str:
    """The program with its imports at the top, two blank lines apart."""
    needed = imports(source)
    return f"{needed}\n\n\n{source}" if needed else source


def written(draft: Draft, style: Style, cases: Sequence[tuple[str, str]], draws: Draws) -> tuple[str, str]:
    """The function's source in two parts, without imports: up to its body, and the body.

    Args:
        draft: the function.
        style: how to write it.
        cases: (arguments, value) as source; values come from a run.
        draws: for the wording.
    """
    head = signature(draft, style.hints)
    text = sentence(draft, draws)
    body = "".join(f"{INDENT}{line}\n" if line else "\n" for line in draft.body.split("\n"))
    if style.docstring == "none" and not draft.needs_words:
        return f"{head}\n", body
    if style.docstring == "comment above":
        return f"{docstrings.comment(text, style.width)}\n{head}\n", body
    if style.docstring == "comment inside":
        comment = docstrings.comment(text, style.width - len(INDENT))
        return f"{head}\n{docstrings.indented(comment)}\n", body
    lines = docstrings.docstring(draft, style.docstring, text, cases, draws, width=style.width)
    return f"{head}\n{docstrings.indented(lines)}\n", body
