"""The layout of docstrings: one line, paragraphs, sections for arguments and value, examples."""

import re
import textwrap
from collections.abc import Sequence

from codelm_jax.exercises.draws import Draws
from codelm_jax.exercises.filling import Draft
from codelm_jax.exercises.kinds import KINDS

INDENT = "    "
_QUOTES = '"""'
_MAX_EXAMPLE_CHARACTERS = 76
_QUOTED = re.compile(r"\"[^\"]*\"|(?<!\w)'[^']*'")
# Stands for a space that no line may break at.
_GLUE = "\x00"


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` columns, quoted pieces whole."""
    glued = _QUOTED.sub(lambda m: m[0].replace(" ", _GLUE), text)
    lines = textwrap.wrap(glued, width, break_long_words=False, break_on_hyphens=False)
    return [line.replace(_GLUE, " ") for line in lines]


def indented(text: str) -> str:
    """Every line but the empty ones one level deeper."""
    return "\n".join(INDENT + line if line else line for line in text.split("\n"))


def comment(text: str, width: int) -> str:
    """The text as comment lines."""
    return "\n".join(f"# {line}" for line in wrapped(text, width - 2))


def docstring(
    draft: Draft, kind: str, text: str, cases: Sequence[tuple[str, str]], draws: Draws, *, width: int
) -> str:
    """The docstring with its quotes, not indented.

    Args:
        draft: the function.
        kind: as in `Style.docstring`; where no case fits a line, the kinds with examples are "line".
        text: what the function does, in a sentence.
        cases: (arguments, value) of a run.
        draws: for the examples.
        width: columns, the indentation included.
    """
    room = width - len(INDENT)
    examples = _shown(draft, cases, draws) if kind in ("humaneval", "examples", "sentence") else []
    opening = _QUOTES
    if kind == "block":
        return "\n".join([_QUOTES, *wrapped(text, room), _QUOTES])
    rest: list[str] = []
    if kind in ("google", "numpy", "sphinx"):
        rest = ["", *_sections(draft, kind, room, draws)]
    elif examples and kind == "humaneval":
        opening = draws.choice((_QUOTES, _QUOTES + " "))
        rest = _session(examples)
    elif examples and kind == "examples":
        title = draws.choice(("Example:", "Examples:", ""))
        shown = _session(examples)
        rest = ["", title, *(INDENT + line for line in shown)] if title else ["", *shown]
    elif examples:
        pattern = draws.choice(("For example, {} returns {}.", "Example: {} is {}.", "{} == {}"))
        said = pattern.format(*min(examples, key=lambda example: len("".join(example))))
        rest = ["", said] if len(said) <= room else []
    elif len(text) + 2 * len(_QUOTES) <= room:
        return _QUOTES + text + _QUOTES
    first, *more = wrapped(text, room - len(opening))
    return "\n".join([opening + first, *more, *rest, _QUOTES])


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


def _sections(draft: Draft, kind: str, room: int, draws: Draws) -> list[str]:
    about = ""
    if draft.ask.startswith("? "):
        about = f"True if {draft.ask[2:]}, otherwise False."
    elif not draft.ask.startswith(("! ", "how ")):
        about = draft.ask[0].upper() + draft.ask[1:] + "."
    described = [(name, KINDS[kind_]) for name, kind_ in draft.params]
    if kind == "sphinx":
        lines = [f":param {name}: {slot.words}" for name, slot in described]
        returned = wrapped(f":return: {about}", room)
        return [*lines, returned[0], *(INDENT + line for line in returned[1:])] if about else lines
    deep = [INDENT + line for line in wrapped(about, room - len(INDENT))] if about else []
    if kind == "numpy":
        lines = ["Parameters", "----------"]
        for name, slot in described:
            lines += [f"{name} : {slot.hint}", f"{INDENT}{_sentence_of(slot.words)}"]
        return [*lines, "", "Returns", "-------", draft.returns, *deep]
    typed = draws.chance(0.4)
    lines = ["Args:"]
    lines += [
        f"{INDENT}{name} ({slot.hint}): {_sentence_of(slot.words)}"
        if typed
        else f"{INDENT}{name}: {_sentence_of(slot.words)}"
        for name, slot in described
    ]
    if not about:
        return lines
    if typed:
        deep = [
            INDENT + line
            for line in wrapped(f"{draft.returns}: {_sentence_of(about[:-1])}", room - len(INDENT))
        ]
    return [*lines, "", "Returns:", *deep]


def _sentence_of(words: str) -> str:
    return words[0].upper() + words[1:] + "."
