"""The text of one completion while it grows: token bytes become text that never holds half a character."""

import bisect
import codecs
import dataclasses
from collections.abc import Sequence
from typing import Literal

from codelm_jax.generation.stopping import StopRule

FinishReason = Literal["endoftext", "stop", "length"]


@dataclasses.dataclass(frozen=True)
class TopLogprob:
    """One of the most likely tokens at a position, and its log-probability in nats."""

    token_id: int
    logprob: float


@dataclasses.dataclass(frozen=True)
class ScoredToken:
    """One token of a text, with its log-probability under the model itself: before temperature and filters.

    Attributes:
        token_id: of the tokenizer.
        offset: characters of the text before it.
        logprob: in nats; None where nothing precedes it.
        top_logprobs: the most likely tokens at its position, most likely first.
    """

    token_id: int
    offset: int
    logprob: float | None
    top_logprobs: tuple[TopLogprob, ...] = ()


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
    """Collects the tokens of a completion and ends its text where a stop rule says so."""

    def __init__(self, rule: StopRule):
        self._rule = rule
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = ""
        self._tokens: list[ScoredToken] = []
        self._finish_reason: FinishReason | None = None
        self._streamed = 0

    @property
    def finished(self) -> bool:
        """Whether the text has ended."""
        return self._finish_reason is not None

    @property
    def tokens(self) -> Sequence[ScoredToken]:
        """The tokens so far, including a final <|endoftext|>."""
        return self._tokens

    @property
    def token_count(self) -> int:
        """Number of `tokens`."""
        return len(self._tokens)

    @property
    def finish_reason(self) -> FinishReason | None:
        """Why the text has ended; None before."""
        return self._finish_reason

    @property
    def settled_tokens(self) -> int:
        """Number of tokens in the pieces taken so far; all tokens of the text once it has ended."""
        if self.finished and self._finish_reason != "stop":
            return len(self._tokens)
        end = len(self._text) if self.finished else self._streamed
        return bisect.bisect_left(self._tokens, end, key=lambda token: token.offset)

    def add(
        self, token_id: int, piece: bytes, logprob: float, top_logprobs: tuple[TopLogprob, ...] = ()
    ) -> None:
        """Appends the next token and its bytes."""
        self._tokens.append(ScoredToken(token_id, len(self._text), logprob, top_logprobs))
        self._extend(self._decoder.decode(piece))

    def finish(self, reason: FinishReason) -> None:
        """Ends the text, unless its stop rule does so first."""
        self._extend(self._decoder.decode(b"", final=True))
        if not self.finished:
            self._finish_reason = reason

    def end_of_text(self, token_id: int, logprob: float, top_logprobs: tuple[TopLogprob, ...] = ()) -> None:
        """Appends <|endoftext|>, which ends the text and is not part of it."""
        self.finish("endoftext")
        self._tokens.append(ScoredToken(token_id, len(self._text), logprob, top_logprobs))

    def take_piece(self) -> str:
        """The text since the last call, as far as no stop rule can remove it any more."""
        end = len(self._text) if self.finished else max(self._streamed, self._rule.settled())
        piece = self._text[self._streamed : end]
        self._streamed = end
        return piece

    def completion(self) -> Completion:
        """The finished completion.

        Raises:
            ValueError: it has not ended yet.
        """
        if self._finish_reason is None:
            raise ValueError("this completion has not ended yet")
        count = self.settled_tokens - (self._finish_reason == "endoftext")
        tokens = self._tokens[:count]
        return Completion(
            self._text,
            tuple(token.token_id for token in tokens),
            tuple(token.logprob for token in tokens if token.logprob is not None),
            self._finish_reason,
        )

    def _extend(self, piece: str) -> None:
        self._text += piece
        end = self._rule.feed(piece) if piece else None
        if end is not None:
            self._text = self._text[:end]
            self._finish_reason = "stop"
