"""A polite stop: the first SIGTERM or SIGINT lets the step finish and the run save; the second ends it at once."""

import os
import signal
from types import FrameType, TracebackType

# What a run stopped by a signal exits with (EX_TEMPFAIL): it has saved, and the same command goes on.
EXIT_INTERRUPTED = 75

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def let_sigterm_interrupt() -> None:
    """Outside the loop a SIGTERM is what Ctrl-C is, a KeyboardInterrupt: locks and half-made files are cleaned up."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


class StopRequest:
    """Truthy once a signal has asked the run to stop; use it as a context manager around the loop."""

    def __init__(self) -> None:
        self._received: int | None = None

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

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._received is not None:
            os._exit(128 + number)
        self._received = number
