"""Python text in colour while it is still being written."""

import re
from collections.abc import Callable

from pygments import format as format_tokens
from pygments.formatters import TerminalFormatter
from pygments.lexers.python import PythonLexer

# The word at the end may still grow into another one.
_UNFINISHED_WORD = re.compile(r"\w*\Z")


class CodePrinter:
    """Writes pieces of one Python text, each character once, coloured as what it has turned out to be so far."""

    def __init__(self, write: Callable[[str], object], *, colour: bool, before: str = ""):
        """Begins a text.

        Args:
            write: takes what is to be shown.
            colour: whether to add terminal colours.
            before: text that is shown already, which decides how what follows is read.
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
        """Shows what is left."""
        self._show(len(self._text))

    def _show(self, end: int) -> None:
        if end <= self._shown:
            return
        if not self._colour:
            self._write(self._text[self._shown : end])
        else:
            # The lexer may begin a text with a byte order mark or odd line ends: it must not change them.
            tokens = [
                (kind, value[max(0, self._shown - start) : end - start])
                for start, kind, value in self._lexer.get_tokens_unprocessed(self._text)
                if start < end and start + len(value) > self._shown
            ]
            self._write(format_tokens(tokens, self._formatter))
        self._shown = end
