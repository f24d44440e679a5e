"""The completions of one HTTP request, and how their progress gets from the decoder's thread into the event loop."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from codelm_jax.generation.request import DecodeRequest
from codelm_jax.generation.transcript import FinishReason, ScoredToken

# Takes seconds, the number of tokens decoded in them, and whether these are the first of a completion.
Observe = Callable[[float, int, bool], None]


@dataclass(frozen=True)
class Progress:
    """What one completion of a request has gained."""

    index: int
    text: str
    tokens: tuple[ScoredToken, ...]
    finish_reason: FinishReason | None


class DecodingFailed(Exception):
    """The decoder's thread met an error, which it has logged."""


@dataclass
class _Delivered:
    """How much of a completion has been delivered: when tokens were last counted, how many, and how many were sent."""

    at: float
    counted: int = 0
    sent: int = 0


class Ticket:
    """The completions of one HTTP request; made and read in the event loop."""

    def __init__(self, completions: Sequence[DecodeRequest], *, streams: bool, began: float):
        """Takes completions that are in no batch yet.

        Args:
            completions: those of one prompt in a row.
            streams: whether to deliver all progress; without, only the start of a completion, and all of it at its end.
            began: arrival of the HTTP request on the monotonic clock.
        """
        self.completions = completions
        self.unfinished = len(completions)
        self._streams = streams
        self._open = {index: _Delivered(began) for index in range(len(completions))}
        self._events: asyncio.Queue[Sequence[Progress] | None] = asyncio.Queue()

    async def progress(self) -> Sequence[Progress]:
        """Waits for the next progress.

        Raises:
            DecodingFailed: there will be none.
        """
        event = await self._events.get()
        if event is None:
            raise DecodingFailed
        return event

    def deliver(self, event: Sequence[Progress] | None) -> None:
        """Takes progress, or None for failure; called in the event loop."""
        self._events.put_nowait(event)

    def collect(self, observe: Observe) -> list[Progress]:
        """The progress since the last call; called by the decoder's thread only."""
        now = time.monotonic()
        found = []
        for index, delivered in list(self._open.items()):
            transcript = self.completions[index].transcript
            begins = not delivered.counted
            if transcript.token_count > delivered.counted:
                observe(now - delivered.at, transcript.token_count - delivered.counted, begins)
                delivered.at, delivered.counted = now, transcript.token_count
            elif not transcript.finished:
                continue
            if transcript.finished:
                del self._open[index]
            if transcript.finished or self._streams:
                progress = self._progress(index, delivered)
                if progress.text or progress.tokens or progress.finish_reason or begins:
                    found.append(progress)
            elif begins:
                found.append(Progress(index, "", (), None))
        return found

    @property
    def is_done(self) -> bool:
        """Whether everything has been collected."""
        return not self._open

    def _progress(self, index: int, delivered: _Delivered) -> Progress:
        transcript = self.completions[index].transcript
        text = transcript.take_piece()
        first, delivered.sent = delivered.sent, transcript.settled_tokens
        return Progress(
            index, text, tuple(transcript.tokens[first : delivered.sent]), transcript.finish_reason
        )
