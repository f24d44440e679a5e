"""Graceful stop: after the first SIGTERM or SIGINT the run finishes its step and saves; a later one ends it at once."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import TypeVar

# Exit status of a run that a signal stopped (EX_TEMPFAIL): it has saved, and the same command resumes it.
EXIT_INTERRUPTED = 75

_SIGNALS = (signal.SIGTERM, signal.SIGINT)

# A signal to a whole process group arrives twice within milliseconds if the parent forwards its own, as make does: that
# does not count as a second request.
_SAME_SIGNAL_SECONDS = 1.0

# Python drops exceptions that are raised in a destructor or in a callback of the garbage collector; JAX has such a
# callback. A signal that arrives there is sent again after this time.
_AGAIN_SECONDS = 0.05

_T = TypeVar("_T")


class _SentAgain:
    """Whether the next signal is the repetition of one that Python dropped, not a new request."""

    def __init__(self) -> None:
        self._expected = False

    def send(self, thread: int) -> None:
        # To the main thread itself, so that a blocking call there returns and Python sees the signal.
        self._expected = True
        signal.pthread_kill(thread, signal.SIGTERM)

    def take(self) -> bool:
        expected, self._expected = self._expected, False
        return expected


_again = _SentAgain()


class _SendsDroppedSignalsAgain:
    """A `sys.unraisablehook`; all but signals goes to the previous hook."""

    def __init__(self, hook: Callable[["sys.UnraisableHookArgs"], object]) -> None:
        self._hook = hook

    def __call__(self, dropped: "sys.UnraisableHookArgs") -> None:
        if issubclass(dropped.exc_type, KeyboardInterrupt | _Abandoned):
            main = threading.main_thread().ident
            threading.Timer(_AGAIN_SECONDS, _again.send, [main]).start()
        else:
            self._hook(dropped)


def let_sigterm_interrupt() -> None:
    """Outside the loop SIGTERM raises KeyboardInterrupt, as Ctrl-C does, so that locks and partial files are removed."""
    signal.signal(signal.SIGTERM, _interrupt)
    if not isinstance(sys.unraisablehook, _SendsDroppedSignalsAgain):
        sys.unraisablehook = _SendsDroppedSignalsAgain(sys.unraisablehook)


def _interrupt(number: int, frame: FrameType | None) -> None:
    _again.take()
    raise KeyboardInterrupt


class _Abandoned(BaseException):
    """Ends a look that a signal abandons; a BaseException, so that no `except Exception` takes it for a failure."""


class StopRequest:
    """True once a signal has asked the run to stop; use it as a context manager around the loop."""

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
        """Calls `look`, which must not change the state of the run, and abandons it at a signal.

        Python handles a signal between two bytecodes: a batch on the device, or a compilation, is finished first.

        Returns:
            The result of `look`; None if a signal came before it ended.
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
