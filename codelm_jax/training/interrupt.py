"""A polite stop: the first SIGTERM or SIGINT lets the step finish and the run save; a later one ends it at once."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import TypeVar

# What a run stopped by a signal exits with (EX_TEMPFAIL): it has saved, and the same command goes on.
EXIT_INTERRUPTED = 75

_SIGNALS = (signal.SIGTERM, signal.SIGINT)

# A signal to a whole process group arrives a second time within milliseconds from a parent that hands its own on, as
# make does: that is no second wish.
_SAME_SIGNAL_SECONDS = 1.0

# Python drops what is raised inside a destructor or one of the garbage collector's callbacks, of which JAX has one. A
# signal that falls there is sent again this much later.
_AGAIN_SECONDS = 0.05

_T = TypeVar("_T")


class _SentAgain:
    """Whether the next signal is one that Python dropped, sent again, and no new wish."""

    def __init__(self) -> None:
        self._expected = False

    def send(self, thread: int) -> None:
        # To the main thread itself: what it waits in must end for it to see the signal.
        self._expected = True
        signal.pthread_kill(thread, signal.SIGTERM)

    def take(self) -> bool:
        expected, self._expected = self._expected, False
        return expected


_again = _SentAgain()


class _SendsDroppedSignalsAgain:
    """A `sys.unraisablehook`: what is no signal goes to the hook that was there."""

    def __init__(self, hook: Callable[["sys.UnraisableHookArgs"], object]) -> None:
        self._hook = hook

    def __call__(self, dropped: "sys.UnraisableHookArgs") -> None:
        if issubclass(dropped.exc_type, KeyboardInterrupt | _Abandoned):
            main = threading.main_thread().ident
            threading.Timer(_AGAIN_SECONDS, _again.send, [main]).start()
        else:
            self._hook(dropped)


def let_sigterm_interrupt() -> None:
    """Outside the loop a SIGTERM is what Ctrl-C is, a KeyboardInterrupt: locks and half-made files are cleaned up."""
    signal.signal(signal.SIGTERM, _interrupt)
    if not isinstance(sys.unraisablehook, _SendsDroppedSignalsAgain):
        sys.unraisablehook = _SendsDroppedSignalsAgain(sys.unraisablehook)


def _interrupt(number: int, frame: FrameType | None) -> None:
    _again.take()
    raise KeyboardInterrupt


class _Abandoned(BaseException):
    """Leaves a look that a signal abandons; no `except Exception` on the way may take it for a failure."""


class StopRequest:
    """Truthy once a signal has asked the run to stop; use it as a context manager around the loop."""

    def __init__(self) -> None:
        self._received: int | None = None
        self._received_at = 0.0
        self._looking = False

    def __bool__(self) -> bool:
        return self._received is not None

    @property
    def name(self) -> str:
        """The signal's name."""
        return "" if self._received is None else signal.Signals(self._received).name

    def __enter__(self) -> "StopRequest":
        self._previous = {number: signal.signal(number, self._handle) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def look(self, look: Callable[[], _T]) -> _T | None:
        """Calls `look`, which changes nothing that the run depends on, and abandons it as soon as a stop is asked.

        A signal is seen between two of Python's own steps: one batch on the device, or one compilation, ends first.

        Returns:
            What `look` returns; None where a signal came before it ended.
        """
        try:
            try:
                self._looking = True
                return None if self else look()
            finally:
                self._looking = False
        except _Abandoned:
            return None

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now, again = time.monotonic(), _again.take()
        if self._received is None:
            self._received, self._received_at = number, now
        elif not again:
            if now - self._received_at > _SAME_SIGNAL_SECONDS:
                os._exit(128 + number)
            return
        if self._looking:
            raise _Abandoned
