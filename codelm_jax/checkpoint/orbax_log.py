"""Silences orbax's own log: every failure that matters reaches the caller as an exception of this room."""

import logging


class _NotFromOrbax(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return "/orbax/" not in record.pathname


def silence() -> None:
    """Drops the records that orbax writes to absl's logger; other users of that logger keep theirs."""
    logger = logging.getLogger("absl")
    if not any(isinstance(present, _NotFromOrbax) for present in logger.filters):
        logger.addFilter(_NotFromOrbax())
