"""Prints Python text in colour while it is being generated."""

import re
from collections.abc import Callable

from pygments import format as format_tokens
from pygments.formatters import TerminalFormatter
from pygments.lexers.python import PythonLexer

# The last word may still become another one.
_UNFINISHED_WORD = re.compile(r"\w*\Z")


class CodePrinter:
    """Prints the pieces of one Python text in colour, each character once."""

    def __init__(self, write: Callable[[str], object], *, colour: bool, before: str = ""):
        """Starts a text.

        Args:
            write: takes the output.
            colour: whether to add terminal colours.
            before: text before it, which is shown already; the colours depend on it.
        """
        self._write = write
        self._colour = colour
        self._text = before
        self._shown = len(before)
        self._lexer = PythonLexer(stripnl=False, ensurenl=False)
        self._formatter = TerminalFormatter()

    def feed(self, piece: str) -> None:
        """Takes the next piece."""
        self._text += piece
        unfinished = _UNFINISHED_WORD.search(self._text) if self._colour else None
        self._show(unfinished.start() if unfinished else len(self._text))

    def close(self) -> None:
        """Shows the rest."""
        self._show(len(self._text))

    def _show(self, end: int) -> None:
        if end <= self._shown:
            return
        if not self._colour:
            self._write(self._text[self._shown : end])
        else:
            # `get_tokens` would remove a byte order mark and change line ends.
            tokens = [
                (kind, value[max(0, self._shown - start) : end - start])
                for start, kind, value in self._lexer.get_tokens_unprocessed(self._text)
                if start < end and start + len(value) > self._shown
            ]
            self._write(format_tokens(tokens, self._formatter))
        self._shown = end
