"""Finds where a function, class or statement that a prompt begins ends in its completion.

`end_of_definition` takes a whole completion, `EndFinder` takes text in pieces; the result is the same for any pieces. `kept`
returns the part of a completion that evaluations judge.
"""

import re
from typing import Literal

from codelm_jax.text.lines import LogicalLine, enclosing, logical_lines

# Lines that continue the compound statement above them although they have the same column.
_CONTINUES = frozenset({"elif", "else", "except", "finally"})
_MAY_CONTINUE = _CONTINUES | {"for", "if", "try", "while"}
_STRING = re.compile(r"[rRuU]?['\"]")


class EndFinder:
    """Finds where a unit of code that `prompt` begins ends, in a completion that arrives in pieces.

    With `unit="definition"` the unit is the innermost function or class that is open at the end of the prompt; if there is
    none, the outermost open statement. With `unit="statement"` it is the statement in the prompt's last line, with its
    block. If nothing is open, or if the open unit has a body and the completion's first line is outside it, the unit is the
    first statement of the completion.
    """

    def __init__(self, prompt: str, unit: Literal["definition", "statement"] = "definition"):
        self._text = prompt
        self._prompt_length = len(prompt)
        self._unit = unit
        self._lines = [line for line in logical_lines(prompt) if line.is_finished]
        self._anchor = self._open_unit(enclosing(self._lines))
        self._may_restart = self._anchor is not None and self._has_body(self._anchor)
        # A line that the prompt leaves unfinished is scanned again when its rest arrives.
        self._resume = self._lines[-1].end if self._lines else 0
        self._result: int | None = None

    def feed(self, piece: str) -> int | None:
        """Takes the next piece; returns the end as an offset in the completion, None until it is known.

        The end is just after the line end of the unit's last line; 0 if the completion adds nothing to the unit.
        """
        self._text += piece
        if self._result is None and self._find():
            self._result = max(0, self._resume - self._prompt_length)
        return self._result

    def _find(self) -> bool:
        """Scans the new lines; returns whether the unit ends at `self._resume`."""
        for line in logical_lines(self._text, self._resume):
            leaves = self._anchor is not None and line.column <= self._anchor.column
            if leaves and line.start >= self._prompt_length:
                continues = self._continues(line)
                if continues is None:
                    return False
                if not continues and not self._may_restart:
                    return True
                if not continues:
                    self._anchor = None
            if not line.is_finished:
                return False
            if line.start < self._prompt_length:
                self._anchor = self._open_unit([line, *self._around(line)])
            elif self._anchor is None:
                self._anchor = line
            self._may_restart = False
            self._lines.append(line)
            self._resume = line.end
            ends_here = not line.awaits_more and (line.is_definition or line.word not in _MAY_CONTINUE)
            if self._anchor is line and ends_here:
                return True
        return False

    def _open_unit(self, chain: list[LogicalLine]) -> LogicalLine | None:
        """Returns the line that begins the unit; `chain` is the last line and the lines around it, innermost first."""
        if not chain:
            return None
        is_open = chain[0].awaits_more or chain[0].end > self._prompt_length
        if self._unit == "statement":
            return chain[0] if is_open else None
        definition = next((line for line in chain if line.is_definition), None)
        if definition is not None:
            return definition
        return chain[-1] if is_open or len(chain) > 1 else None

    def _around(self, line: LogicalLine) -> list[LogicalLine]:
        return [other for other in enclosing([*self._lines, line]) if other is not line]

    def _has_body(self, unit: LogicalLine) -> bool:
        """Whether the finished lines of the prompt hold a statement of the unit other than a docstring."""
        inner = self._lines[self._lines.index(unit) + 1 :]
        if unit.is_definition and inner and _STRING.match(self._text, inner[0].start):
            inner = inner[1:]
        return bool(inner) or not unit.awaits_more

    def _continues(self, line: LogicalLine) -> bool | None:
        """Whether a line at the unit's column belongs to the unit; None while its first word may still grow."""
        if self._lines and self._lines[-1].word == "@":
            return True
        if self._anchor is None or self._anchor.is_definition:
            return False
        may_grow = line.start + len(line.word) == len(self._text)
        if may_grow and any(word.startswith(line.word) for word in _CONTINUES):
            return None
        return line.word in _CONTINUES


def end_of_definition(prompt: str, completion: str) -> int | None:
    r"""Offset in `completion` where the function or class that `prompt` begins has ended, or None.

    >>> end_of_definition("def f(x):", " return x\nprint(f(1))")
    10
    """
    return EndFinder(prompt).feed(completion)


def kept(prompt: str, completion: str, *, hit_limit: bool) -> str:
    """The part of a completion that belongs to the definition its prompt begins.

    Args:
        prompt: the text before it.
        completion: the text generated.
        hit_limit: whether generation stopped at its token limit. Then the last logical line, if unfinished, and headers
            without a block are dropped: that they are unfinished is not a fault of the model.
    """
    end = end_of_definition(prompt, completion)
    if end is not None:
        return completion[:end]
    if not hit_limit:
        return completion
    lines = list(logical_lines(prompt + completion))
    while lines and lines[-1].awaits_more:
        lines.pop()
    return completion[: max(0, lines[-1].end - len(prompt))] if lines else ""
