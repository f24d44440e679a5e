"""When a text is complete. Rules look at text, never at tokens, so a stop string may span tokens."""

from collections.abc import Sequence
from typing import Protocol

from codelm_jax.generation.params import SamplingParams
from codelm_jax.text.definitions import EndFinder
from codelm_jax.text.lines import logical_lines


class StopRule(Protocol):
    """Decides where a completion ends; the answer does not depend on the pieces that the text comes in."""

    def feed(self, piece: str) -> int | None:
        """Takes the next piece; returns the length of the completion once its end is known."""
        ...

    def settled(self) -> int:
        """How many characters of the text stay whatever follows."""
        ...


def stop_rule(params: SamplingParams, prompt: str) -> StopRule:
    """The rule of `params.stop`."""
    if isinstance(params.stop, tuple):
        return StopStrings(params.stop)
    if params.stop == "line":
        return LineEnd(prompt)
    return BlockEnd(prompt, EndFinder(prompt, "definition" if params.stop == "function" else "statement"))


class StopStrings:
    """Ends before the stop string that is completed first."""

    def __init__(self, strings: Sequence[str]):
        self._strings = strings
        self._overlap = max((len(string) for string in strings), default=1) - 1
        self._text = ""

    def feed(self, piece: str) -> int | None:
        """See `StopRule`."""
        start = max(0, len(self._text) - self._overlap)
        self._text += piece
        found = ((self._text.find(string, start), len(string)) for string in self._strings)
        ends = [(at + length, at) for at, length in found if at >= 0]
        return min(ends)[1] if ends else None

    def settled(self) -> int:
        """All but a possible beginning of a stop string."""
        candidates = range(max(0, len(self._text) - self._overlap), len(self._text))
        return next(
            (at for at in candidates if any(s.startswith(self._text[at:]) for s in self._strings)),
            len(self._text),
        )


class LineEnd:
    """Ends after the line that the prompt begins, or else after the first line with text."""

    def __init__(self, prompt: str):
        self._is_blank = not prompt.rpartition("\n")[2].strip()
        self._length = 0

    def feed(self, piece: str) -> int | None:
        """See `StopRule`."""
        *lines, rest = piece.split("\n")
        for line in lines:
            self._length += len(line) + 1
            self._is_blank &= not line.strip()
            if not self._is_blank:
                return self._length
        self._length += len(rest)
        self._is_blank &= not rest.strip()
        return None

    def settled(self) -> int:
        """All of it: the text ends where the line does."""
        return self._length


class BlockEnd:
    """Ends with the definition or statement that the prompt begins."""

    def __init__(self, prompt: str, finder: EndFinder):
        self._finder = finder
        self._text = prompt
        self._prompt_length = len(prompt)
        self._finished = 0
        self.settled()

    def feed(self, piece: str) -> int | None:
        """See `StopRule`."""
        self._text += piece
        return self._finder.feed(piece)

    def settled(self) -> int:
        """All logical lines that are finished: had one been the first outside, the finder would have said so."""
        for line in logical_lines(self._text, self._finished):
            if line.is_finished:
                self._finished = line.end
        return max(0, self._finished - self._prompt_length)
