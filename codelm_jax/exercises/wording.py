"""How a function is written down: signature, type hints, docstring, examples."""

import dataclasses
import re
from collections.abc import Sequence

from codelm_jax.exercises.draws import Draws
from codelm_jax.exercises.filling import Draft
from codelm_jax.exercises.vocabulary import KINDS

INDENT = "    "
_MAX_EXAMPLE_CHARACTERS = 76
_TYPING_NAMES = {"list": "List", "dict": "Dict", "tuple": "Tuple", "set": "Set"}
_VERBS = (
    (10, "Return {}"),
    (2, "Returns {}"),
    (1, "Compute {}"),
    (1, "Get {}"),
    (1, "Find {}"),
    (0.7, "Write a function that returns {}"),
    (0.5, "This function returns {}"),
)
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


@dataclasses.dataclass(frozen=True)
class Style:
    """How one or several functions look.

    Attributes:
        hints: "none", "builtin" (`list[int]`) or "typing" (`List[int]`, with its import).
        docstring: "line", "block", "google", "sphinx", "humaneval", "examples", "sentence", "comment above", "comment
            inside" or "none".
    """

    hints: str
    docstring: str


def draw_style(draws: Draws) -> Style:
    """One style, in the proportions in which a model should meet them."""
    return Style(
        hints=draws.weighted([(7, "none"), (8, "builtin"), (5, "typing")]),
        docstring=draws.weighted(
            [
                (34, "line"),
                (6, "block"),
                (7, "google"),
                (2, "sphinx"),
                (20, "humaneval"),
                (8, "examples"),
                (4, "sentence"),
                (4, "comment above"),
                (4, "comment inside"),
                (11, "none"),
            ]
        ),
    )


def sentence(draft: Draft, draws: Draws) -> str:
    """The wording as one or two sentences in the imperative."""
    if draft.ask.startswith("! "):
        text = draft.ask[2:]
    elif draft.ask.startswith("? "):
        text = draws.weighted(_QUESTION_VERBS).format(draft.ask[2:])
    elif draft.ask.startswith("how "):
        text = f"{draws.choice(('Return', 'Return', 'Compute', 'Determine'))} {draft.ask}"
    else:
        text = draws.weighted(_VERBS).format(draft.ask)
    if draws.chance(0.08) and text.startswith("Return") and draft.params:
        parts = [f"{KINDS[kind].words} {name}" for name, kind in draft.params]
        given = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
        text = f"Given {given}, {re.sub('^Returns?', 'return', text)}"
    return text if draws.chance(0.06) else text + "."


def signature(draft: Draft, hints: str) -> str:
    """The `def` line."""
    if hints == "none":
        return f"def {draft.name}({', '.join(name for name, _ in draft.params)}):"
    params = ", ".join(f"{name}: {_hint(KINDS[kind].hint, hints)}" for name, kind in draft.params)
    return f"def {draft.name}({params}) -> {_hint(draft.returns, hints)}:"


def _hint(hint: str, hints: str) -> str:
    if hints == "builtin":
        return hint
    hint = re.sub(r"\b(list|dict|tuple|set)\[", lambda m: _TYPING_NAMES[m[1]] + "[", hint)
    return f"Optional[{hint.removesuffix(' | None')}]" if hint.endswith(" | None") else hint


def typing_import(source: str) -> str:
    """The import line that the hints in `source` need; "" without any."""
    heads = " ".join(re.findall(r"^def .*$", source, re.MULTILINE))
    names = sorted({name for name in (*_TYPING_NAMES.values(), "Optional") if f"{name}[" in heads})
    return f"from typing import {', '.join(names)}" if names else ""


def written(draft: Draft, style: Style, cases: Sequence[tuple[str, str]], draws: Draws) -> tuple[str, str]:
    """The function's source in two parts: up to its body, and the body.

    Args:
        draft: the function.
        style: how to write it.
        cases: (arguments, value) as source; values come from a run.
        draws: for the wording.
    """
    head = signature(draft, style.hints)
    text = sentence(draft, draws)
    body = "".join(f"{INDENT}{line}\n" if line else "\n" for line in draft.body.split("\n"))
    if style.docstring == "none" and draft.topic != "composition":
        return f"{head}\n", body
    if style.docstring == "comment above":
        return f"# {text}\n{head}\n", body
    if style.docstring == "comment inside":
        return f"{head}\n{INDENT}# {text}\n", body
    return f"{head}\n{_docstring(draft, style.docstring, text, _shown(draft, cases, draws), draws)}\n", body


def _docstring(draft: Draft, kind: str, text: str, examples: list[tuple[str, str]], draws: Draws) -> str:
    quotes = '"""'
    if kind == "block":
        lines = [quotes, text, quotes]
    elif kind in ("google", "sphinx"):
        lines = [quotes + text, "", *_sections(draft, kind), quotes]
    elif kind == "humaneval" and examples:
        opening = draws.choice((quotes, quotes + " "))
        lines = [opening + text, *_session(examples), quotes]
    elif kind == "examples" and examples:
        title = draws.choice(("Example:", "Examples:", ""))
        shown = _session(examples)
        lines = [
            quotes + text,
            "",
            *([title] + [INDENT + line for line in shown] if title else shown),
            quotes,
        ]
    elif kind == "sentence" and examples:
        call, value = examples[0]
        pattern = draws.choice(("For example, {} returns {}.", "Example: {} is {}.", "{} == {}"))
        lines = [quotes + text, "", pattern.format(call, value), quotes]
    else:
        lines = [quotes + text + quotes]
    return "\n".join(INDENT + line if line else line for line in lines)


def _session(examples: list[tuple[str, str]]) -> list[str]:
    return [line for call, value in examples for line in (f">>> {call}", value)]


def _shown(draft: Draft, cases: Sequence[tuple[str, str]], draws: Draws) -> list[tuple[str, str]]:
    """One to three (call, value) that fit a line, with different values where there are any."""
    fitting = [
        (f"{draft.name}({arguments})", value)
        for arguments, value in cases
        if len(draft.name) + len(arguments) < _MAX_EXAMPLE_CHARACTERS
        and len(value) < _MAX_EXAMPLE_CHARACTERS
        and "\\" not in arguments + value
        and value != "None"
    ]
    chosen = draws.sample(fitting, min(len(fitting), draws.integer(1, 3)))
    values = {value for _, value in fitting}
    if len(chosen) > 1 and len(values) > 1 and len({value for _, value in chosen}) == 1:
        chosen[-1] = next(case for case in fitting if case[1] != chosen[0][1])
    return chosen


def _sections(draft: Draft, kind: str) -> list[str]:
    about = ""
    if draft.ask.startswith("? "):
        about = f"True if {draft.ask[2:]}, otherwise False."
    elif not draft.ask.startswith(("! ", "how ")):
        about = draft.ask[0].upper() + draft.ask[1:] + "."
    described = [(name, KINDS[kind_].words) for name, kind_ in draft.params]
    if kind == "sphinx":
        lines = [f":param {name}: {words}" for name, words in described]
        return [*lines, f":return: {about}"] if about else lines
    lines = ["Args:", *(f"{INDENT}{name}: {words[0].upper() + words[1:]}." for name, words in described)]
    return [*lines, "", "Returns:", INDENT + about] if about else lines
