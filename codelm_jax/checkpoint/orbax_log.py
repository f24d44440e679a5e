"""Silences orbax's log messages: every failure that matters is raised as an exception by this package."""

import logging
import sys
from collections.abc import Callable
from typing import Any


class _NotFromOrbax(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return "/orbax/" not in record.pathname


class _NotOfAbandonedWrites(logging.Filter):
    """Drops asyncio's complaint about the exception of such a write that was never retrieved."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = f"{record.getMessage()} {record.exc_info}"
        return not ("exception was never retrieved" in said and "orbax" in said)


class _NotFromAbandonedWrites:
    """Drops the errors of the other writes of a failed save, whose event loop is already closed."""

    def __init__(self, hook: Callable[[Any], Any]) -> None:
        self._hook = hook

    def __call__(self, unraisable: Any) -> None:
        abandoned = unraisable.object is None and str(unraisable.exc_value) == "Event loop is closed"
        if not abandoned:
            self._hook(unraisable)


def silence() -> None:
    """Drops only orbax's records in absl's logger and the errors of its abandoned writes."""
    logger = logging.getLogger("absl")
    if not any(isinstance(present, _NotFromOrbax) for present in logger.filters):
        logger.addFilter(_NotFromOrbax())
    asyncio_logger = logging.getLogger("asyncio")
    if not any(isinstance(present, _NotOfAbandonedWrites) for present in asyncio_logger.filters):
        asyncio_logger.addFilter(_NotOfAbandonedWrites())
    if not isinstance(sys.unraisablehook, _NotFromAbandonedWrites):
        sys.unraisablehook = _NotFromAbandonedWrites(sys.unraisablehook)
