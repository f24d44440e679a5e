"""The one thread that owns the model, and its queue of calls from the event loop."""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from codelm_jax.generation.generator import Generator
from codelm_jax.generation.scheduler import BatchScheduler
from codelm_jax.serving.ticket import Observe, Progress, Ticket

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Decoder:
    """Decodes all requests together on its own thread: they join and leave between two chunks."""

    def __init__(
        self, generator: Generator, observe: Observe, *, compile_ahead: bool, show: Callable[[str], None]
    ):
        """Prepares the thread.

        Args:
            generator: of the completions.
            observe: called for all tokens, on the decoder's thread.
            compile_ahead: whether to compile all programs before the first request.
            show: takes a line for each program that is compiled ahead, and one at the end.
        """
        self._generator = generator
        self._show = show
        self._observe = observe
        self._compile_ahead = compile_ahead
        self._inbox: queue.SimpleQueue[Callable[[BatchScheduler], None]] = queue.SimpleQueue()
        self._active: list[Ticket] = []
        self._thread = threading.Thread(target=self._run, name="decoder", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = False
        # Written by the thread, read from anywhere.
        self.ready = False
        self.compiled = self.programs = 0
        self.rows = self.running = self.waiting = 0

    def start(self) -> None:
        """Starts the thread; events arrive in the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread after its current step."""
        self._stopping = True
        self._inbox.put(lambda batch: None)
        self._thread.join()

    async def call(self, function: Callable[[], T]) -> T:
        """Runs a function on the thread, between two steps: for calls of the model."""
        assert self._loop is not None
        loop, answer = self._loop, self._loop.create_future()

        def resolve(result: T | None, error: Exception | None) -> None:
            if answer.done():
                return
            if error is None:
                answer.set_result(result)
            else:
                answer.set_exception(error)

        def run(_: BatchScheduler) -> None:
            result, failure = None, None
            try:
                result = function()
            except Exception as error:
                failure = error
            loop.call_soon_threadsafe(resolve, result, failure)

        self._inbox.put(run)
        return await answer

    def submit(self, ticket: Ticket) -> None:
        """The ticket's completions join the batch at the next step."""

        def join(batch: BatchScheduler) -> None:
            self._active.append(ticket)
            batch.add(ticket.completions)

        self._inbox.put(join)

    def cancel(self, ticket: Ticket) -> None:
        """The ticket's completions leave the batch at the next step."""

        def leave(batch: BatchScheduler) -> None:
            if ticket in self._active:
                self._active.remove(ticket)
                for request in ticket.completions:
                    batch.remove(request)

        self._inbox.put(leave)

    def _run(self) -> None:
        try:
            generator = self._generator
            progress = (
                generator.engine.compile_ahead(generator.text_model.params) if self._compile_ahead else ()
            )
            for compiled, programs in progress:
                self.compiled, self.programs = compiled, programs
                if self._stopping:
                    return
                if self.compiled < self.programs:
                    self._show(f"compiling {self.compiled + 1} of {self.programs}")
        except Exception:
            _log.exception("compiling failed")
        batch = self._generator.scheduler()
        self._show("ready")
        self.ready = True
        while not self._stopping:
            # Without a request under way the gauges are 0, however long the thread waits below.
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
                batch = self._generator.scheduler()

    def _count(self, batch: BatchScheduler) -> None:
        self.rows, self.running, self.waiting = batch.row_count, len(batch.running), len(batch.waiting)

    def _read_inbox(self, batch: BatchScheduler) -> None:
        """Makes the calls of the event loop; waits for one where there is nothing else to do."""
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
