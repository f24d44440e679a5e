"""One completion as it grows: from token bytes to text that never holds half a character, up to its end."""

import bisect
import codecs
import dataclasses
from collections.abc import Sequence
from typing import Literal

from codelm_jax.generation.stopping import StopRule

FinishReason = Literal["endoftext", "stop", "length"]


@dataclasses.dataclass(frozen=True)
class Completion:
    """What the model wrote after a prompt.

    Attributes:
        text: without the prompt, the stop string and special tokens; bytes that are not UTF-8 become U+FFFD.
        token_ids: the tokens of that text. The first one may begin inside the prompt (token healing), the last one may
            reach beyond the end of the text (stop rules).
        logprobs: their log-probabilities, in nats, under the model itself: before temperature and filters.
        finish_reason: "endoftext", "stop" (a stop rule) or "length" (max_new_tokens).
    """

    text: str
    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    finish_reason: FinishReason


class Transcript:
    """Takes tokens one by one and tells when a stop rule has ended the text."""

    def __init__(self, rule: StopRule):
        self._rule = rule
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = ""
        self._starts: list[int] = []  # characters before each token
        self._token_ids: list[int] = []
        self._logprobs: list[float] = []
        self._finish_reason: FinishReason | None = None
        self._streamed = 0

    @property
    def finished(self) -> bool:
        """Whether the text has its end."""
        return self._finish_reason is not None

    @property
    def token_count(self) -> int:
        """Tokens taken, an ending <|endoftext|> included."""
        return len(self._token_ids)

    @property
    def token_ids(self) -> Sequence[int]:
        """The tokens taken, an ending <|endoftext|> included."""
        return self._token_ids

    @property
    def starts(self) -> Sequence[int]:
        """How much text there was before each token."""
        return self._starts

    @property
    def logprobs(self) -> Sequence[float]:
        """The log-probability of each token."""
        return self._logprobs

    @property
    def finish_reason(self) -> FinishReason | None:
        """Why the text has ended, once it has."""
        return self._finish_reason

    @property
    def settled_tokens(self) -> int:
        """How many tokens belong to the pieces taken so far; of an ended text, to all of it."""
        if self.finished and self._finish_reason != "stop":
            return len(self._starts)
        return bisect.bisect_left(self._starts, len(self._text) if self.finished else self._streamed)

    def add(self, token_id: int, piece: bytes, logprob: float) -> None:
        """Takes the next token and its bytes."""
        self._starts.append(len(self._text))
        self._token_ids.append(token_id)
        self._logprobs.append(logprob)
        self._extend(self._decoder.decode(piece))

    def finish(self, reason: FinishReason) -> None:
        """Ends the text, unless its stop rule does so first."""
        self._extend(self._decoder.decode(b"", final=True))
        if not self.finished:
            self._finish_reason = reason

    def end_of_text(self, token_id: int, logprob: float) -> None:
        """Takes <|endoftext|>, which ends the text and is not part of it."""
        self.finish("endoftext")
        self._starts.append(len(self._text))
        self._token_ids.append(token_id)
        self._logprobs.append(logprob)

    def take_piece(self) -> str:
        """The text since the last call that is sure to stay."""
        end = len(self._text) if self.finished else max(self._streamed, self._rule.settled())
        piece = self._text[self._streamed : end]
        self._streamed = end
        return piece

    def completion(self) -> Completion:
        """The finished completion."""
        if self._finish_reason is None:
            raise ValueError("this completion has not ended yet")
        count = self.settled_tokens - (self._finish_reason == "endoftext")
        return Completion(
            self._text, tuple(self._token_ids[:count]), tuple(self._logprobs[:count]), self._finish_reason
        )

    def _extend(self, piece: str) -> None:
        self._text += piece
        end = self._rule.feed(piece) if piece else None
        if end is not None:
            self._text = self._text[:end]
            self._finish_reason = "stop"
