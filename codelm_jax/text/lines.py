"""Logical lines of Python text that may be unfinished or wrong.

A lexical scan, not a parse. Lines are joined over brackets, strings and backslashes, and columns are counted, as Python
does it; blank lines and comment lines are skipped. The result for a finished line never changes when more text arrives,
so text can be scanned while it is generated.
"""

import dataclasses
import re
from collections.abc import Iterator, Sequence

_TAB = 8
_BLANK = re.compile(r"[ \t\f]*(?:#[^\n]*)?(?:\r?\n|\r?\Z)")
_INDENT = re.compile(r"[ \t\f]*")
_WORD = re.compile(r"\w+|.", re.DOTALL)
_DEFINITION = re.compile(r"@|def\b|class\b|async[ \t]+def\b")

# A bracket that is never closed would swallow the rest of the text. No line inside brackets begins with one of these
# words, so such a line ends the one before it. The character after the word must be known: `def` may still grow into
# `default`.
_NEVER_IN_BRACKETS = re.compile(
    r"[ \t\f]*(?:assert|break|class|continue|def|del|global|import|nonlocal|pass|raise|return|try|while|with)\b(?=[ :\n])"
)
_LEXEME = re.compile(
    r"""
      (?P<newline> \r?\n )
    | (?P<skipped> \\\r?\n | [ \t\f]+ | \#[^\n]* )
    | (?P<endless>
        (?: \"{3} (?: [^"\\] | \\. | "{1,2}(?!") )*
          | '{3} (?: [^'\\] | \\. | '{1,2}(?!') )*
          | " (?!") (?: [^"\\\n] | \\. )*
          | ' (?!') (?: [^'\\\n] | \\. )*
        ) \\? \Z )
    | (?P<code>
          \"{3} (?: [^"\\] | \\. | "{1,2}(?!") )* \"{3}
        | '{3} (?: [^'\\] | \\. | '{1,2}(?!') )* '{3}
        | " (?: [^"\\\n] | \\. )* "
        | ' (?: [^'\\\n] | \\. )* '
        | \w+ )
    | (?P<mark> . )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclasses.dataclass(frozen=True)
class LogicalLine:
    """One logical line.

    Attributes:
        start: offset of its first character after the indentation.
        end: offset just after its line end, or the end of the text.
        indent: its indentation, as written.
        column: width of the indentation, tabs to multiples of eight.
        word: its first word, or its first character if that is not part of a word.
        is_definition: whether it begins a function or class, or decorates one.
        is_header: whether it ends in a colon, so that an indented block must follow.
        is_finished: whether the text contains its line end.
    """

    start: int
    end: int
    indent: str
    column: int
    word: str
    is_definition: bool
    is_header: bool
    is_finished: bool

    @property
    def awaits_more(self) -> bool:
        """Whether the statement must continue after this line: it is unfinished, a header or a decorator."""
        return self.is_header or self.word == "@" or not self.is_finished


def logical_lines(text: str, start: int = 0) -> Iterator[LogicalLine]:
    """Yields the logical lines of `text` from the offset `start`, where a line must begin."""
    position = start
    while position < len(text):
        if blank := _BLANK.match(text, position):
            position = blank.end()
            continue
        line = _scan(text, position)
        yield line
        position = line.end


def enclosing(lines: Sequence[LogicalLine]) -> list[LogicalLine]:
    """Returns the last line and the headers of the blocks around it, innermost first."""
    chain: list[LogicalLine] = []
    for line in reversed(lines):
        if not chain or line.column < chain[-1].column:
            chain.append(line)
    return chain


def last_lexeme(text: str, start: int) -> int:
    """Offset of the last word, mark or string of `text` after the offset `start`, where a line must begin.

    A string that is still open at the end counts as one lexeme. The result is `start` if there is none.
    """
    found = position = start
    while position < len(text):
        lexeme = _match(_LEXEME, text, position)
        if lexeme.lastgroup not in ("skipped", "newline"):
            found = position
        position = lexeme.end()
    return found


def _scan(text: str, begin: int) -> LogicalLine:
    indent = _match(_INDENT, text, begin).group()
    start = begin + len(indent)
    depth = 0
    last_mark = ""
    position = start
    is_finished = False
    while position < len(text) and not is_finished:
        lexeme = _match(_LEXEME, text, position)
        position = lexeme.end()
        match lexeme.lastgroup:
            case "newline":
                is_finished = depth == 0 or _NEVER_IN_BRACKETS.match(text, position) is not None
            case "code":
                last_mark = ""
            case "mark":
                last_mark = lexeme.group()
                if last_mark in "([{":
                    depth += 1
                elif last_mark in ")]}":
                    depth = max(0, depth - 1)
    return LogicalLine(
        start=start,
        end=position,
        indent=indent,
        column=_column(indent),
        word=_match(_WORD, text, start).group(),
        is_definition=_DEFINITION.match(text, start) is not None,
        is_header=is_finished and last_mark == ":",
        is_finished=is_finished,
    )


def _column(indent: str) -> int:
    column = 0
    for character in indent:
        if character == "\t":
            column += _TAB - column % _TAB
        elif character == "\f":
            column = 0
        else:
            column += 1
    return column


def _match(pattern: re.Pattern[str], text: str, position: int) -> re.Match[str]:
    found = pattern.match(text, position)
    assert found is not None, pattern
    return found
