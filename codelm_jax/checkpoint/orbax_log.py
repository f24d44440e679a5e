"""Silences orbax's own noise: every failure that matters reaches the caller as an exception of this room."""

import logging
import sys
from collections.abc import Callable
from typing import Any


class _NotFromOrbax(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return "/orbax/" not in record.pathname


class _NotOfAbandonedWrites(logging.Filter):
    """Drops what asyncio says when the failure of such a write is collected and nobody has asked for it."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = f"{record.getMessage()} {record.exc_info}"
        return not ("exception was never retrieved" in said and "orbax" in said)


class _NotFromAbandonedWrites:
    """Drops what the other writes of a failed save complain of when they end: the event loop of that save is gone."""

    def __init__(self, hook: Callable[[Any], Any]) -> None:
        self._hook = hook

    def __call__(self, unraisable: Any) -> None:
        abandoned = unraisable.object is None and str(unraisable.exc_value) == "Event loop is closed"
        if not abandoned:
            self._hook(unraisable)


def silence() -> None:
    """Drops the records that orbax writes to absl's logger, and its abandoned writes' complaints; nobody else's."""
    logger = logging.getLogger("absl")
    if not any(isinstance(present, _NotFromOrbax) for present in logger.filters):
        logger.addFilter(_NotFromOrbax())
    asyncio_logger = logging.getLogger("asyncio")
    if not any(isinstance(present, _NotOfAbandonedWrites) for present in asyncio_logger.filters):
        asyncio_logger.addFilter(_NotOfAbandonedWrites())
    if not isinstance(sys.unraisablehook, _NotFromAbandonedWrites):
        sys.unraisablehook = _NotFromAbandonedWrites(sys.unraisablehook)
