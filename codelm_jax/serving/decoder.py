"""The one thread that owns the model, and what passes between it and the event loop."""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from codelm_jax.generation.engine import Batch
from codelm_jax.generation.generator import Generator
from codelm_jax.generation.job import Alternative, Job
from codelm_jax.generation.transcript import FinishReason

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Token:
    """One token of a prompt or a completion.

    Attributes:
        token_id: its id.
        offset: characters of that text before it.
        logprob: in nats, under the model itself; None where nothing precedes it.
        ranking: the most probable tokens at its place.
    """

    token_id: int
    offset: int
    logprob: float | None
    ranking: tuple[Alternative, ...]


@dataclass(frozen=True)
class Progress:
    """What has been added to one completion of a request."""

    index: int
    text: str
    tokens: tuple[Token, ...]
    finish_reason: FinishReason | None


# Takes seconds, the tokens they brought, and whether these are a completion's first.
Observe = Callable[[float, int, bool], None]


class DecodingFailed(Exception):
    """The model's thread met an error, which it has logged."""


class Ticket:
    """The completions of one request; made and read in the event loop."""

    def __init__(self, jobs: Sequence[Job], *, streams: bool, began: float):
        """Takes jobs that no batch has yet.

        Args:
            jobs: the completions.
            streams: whether to tell of all progress; without, only that a completion has begun, and all of it at its
                end.
            began: when the request came, on the monotonic clock.
        """
        self.jobs = jobs
        self.unfinished = len(jobs)
        self._streams = streams
        self._open = {index: _Told(began) for index in range(len(jobs))}
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
        """Brings progress, or None for failure, into the event loop."""
        self._events.put_nowait(event)

    def collect(self, observe: Observe) -> list[Progress]:
        """What is new since the last call; called by the decoder's thread alone."""
        now = time.monotonic()
        found = []
        for index, told in list(self._open.items()):
            transcript = self.jobs[index].transcript
            begins = not told.counted
            if transcript.token_count > told.counted:
                observe(now - told.at, transcript.token_count - told.counted, begins)
                told.at, told.counted = now, transcript.token_count
            elif not transcript.finished:
                continue
            if transcript.finished:
                del self._open[index]
            if transcript.finished or self._streams:
                progress = self._progress(index, told)
                if progress.text or progress.tokens or progress.finish_reason or begins:
                    found.append(progress)
            elif begins:
                found.append(Progress(index, "", (), None))
        return found

    @property
    def is_done(self) -> bool:
        """Whether everything has been collected."""
        return not self._open

    def _progress(self, index: int, told: "_Told") -> Progress:
        job = self.jobs[index]
        transcript = job.transcript
        text = transcript.take_piece()
        first, told.tokens = told.tokens, transcript.settled_tokens
        tokens = tuple(
            Token(transcript.token_ids[i], transcript.starts[i], transcript.logprobs[i], job.ranking[i])
            for i in range(first, told.tokens)
        )
        return Progress(index, text, tokens, transcript.finish_reason)


@dataclass
class _Told:
    """How much of a completion has been told: when tokens were last counted, how many, and how many were shown."""

    at: float
    counted: int = 0
    tokens: int = 0


class Decoder:
    """Decodes all requests together on a thread of its own: they join and leave between two chunks."""

    def __init__(
        self, generator: Generator, observe: Observe, *, compile_ahead: bool, show: Callable[[str], None]
    ):
        """Prepares the thread.

        Args:
            generator: of the completions.
            observe: told of all tokens; called on the decoder's thread.
            compile_ahead: whether to compile all programs before the first request.
            show: takes a line for each program that is compiled ahead, and one at the end.
        """
        self._generator = generator
        self._show = show
        self._observe = observe
        self._compile_ahead = compile_ahead
        self._inbox: queue.SimpleQueue[Callable[[Batch], None]] = queue.SimpleQueue()
        self._active: list[Ticket] = []
        self._thread = threading.Thread(target=self._run, name="decoder", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = False
        # Written by the thread, read by anybody.
        self.ready = False
        self.compiled = self.programs = 0
        self.rows = self.running = self.waiting = 0

    def start(self) -> None:
        """Starts the thread; events arrive in the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread after the step it is in."""
        self._stopping = True
        self._inbox.put(lambda batch: None)
        self._thread.join()

    async def call(self, function: Callable[[], T]) -> T:
        """Runs a function that needs the model on the thread, between two steps."""
        assert self._loop is not None
        loop, answer = self._loop, self._loop.create_future()

        def resolve(result: T | None, error: Exception | None) -> None:
            if answer.done():
                return
            if error is None:
                answer.set_result(result)
            else:
                answer.set_exception(error)

        def run(_: Batch) -> None:
            result, failure = None, None
            try:
                result = function()
            except Exception as error:
                failure = error
            loop.call_soon_threadsafe(resolve, result, failure)

        self._inbox.put(run)
        return await answer

    def submit(self, ticket: Ticket) -> None:
        """Lets the ticket's completions join at the next step."""

        def join(batch: Batch) -> None:
            self._active.append(ticket)
            batch.add(ticket.jobs)

        self._inbox.put(join)

    def cancel(self, ticket: Ticket) -> None:
        """Frees what the ticket occupies at the next step."""

        def leave(batch: Batch) -> None:
            if ticket in self._active:
                self._active.remove(ticket)
                for job in ticket.jobs:
                    batch.remove(job)

        self._inbox.put(leave)

    def _run(self) -> None:
        try:
            progress = self._generator.compile_ahead() if self._compile_ahead else ()
            for compiled, programs in progress:
                self.compiled, self.programs = compiled, programs
                if self._stopping:
                    return
                if self.compiled < self.programs:
                    self._show(f"compiling {self.compiled + 1} of {self.programs}")
        except Exception:
            _log.exception("compiling failed")
        batch = self._generator.start()
        self._show("ready")
        self.ready = True
        while not self._stopping:
            # What is read while nothing is under way says so.
            self._count(batch)
            try:
                self._read_inbox(batch)
                self._count(batch)
                for _ in batch.step():
                    self._count(batch)
                    self._report()
            except Exception:
                _log.exception("decoding failed; the requests under way are lost")
                self._post([(ticket, None) for ticket in self._active])
                self._active.clear()
                batch = self._generator.start()

    def _count(self, batch: Batch) -> None:
        self.rows, self.running, self.waiting = batch.row_count, len(batch.running), len(batch.waiting)

    def _read_inbox(self, batch: Batch) -> None:
        """Does what the event loop asks for; waits for it where there is nothing else to do."""
        if not batch.busy:
            self._inbox.get()(batch)
        while True:
            try:
                self._inbox.get_nowait()(batch)
            except queue.Empty:
                return

    def _report(self) -> None:
        found = [(ticket, new) for ticket in self._active if (new := ticket.collect(self._observe))]
        self._active = [ticket for ticket in self._active if not ticket.is_done]
        self._post(found)

    def _post(self, events: Sequence[tuple[Ticket, Sequence[Progress] | None]]) -> None:
        def deliver() -> None:
            for ticket, event in events:
                ticket.deliver(event)

        assert self._loop is not None
        if events:
            self._loop.call_soon_threadsafe(deliver)
