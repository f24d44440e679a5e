"""How sizes, durations and counts are written; `evals.wording` has the rest."""

_GLUE = "\u00a0"  # no line breaks between a figure and its unit


def megabytes(size: float) -> str:
    """Bytes as MB, or kB where it is little."""
    return f"{size / 1e6:,.1f}{_GLUE}MB" if size >= 1e5 else f"{size / 1e3:,.1f}{_GLUE}kB"


def duration(seconds: float) -> str:
    r"""Seconds in the unit that a reader would choose.

    >>> duration(90), duration(7200), duration(3)
    ('1.5\xa0min', '2.0\xa0h', '3.0\xa0s')
    """
    if seconds < 60:
        return f"{seconds:.1f}{_GLUE}s"
    return f"{seconds / 60:.1f}{_GLUE}min" if seconds < 3600 else f"{seconds / 3600:.1f}{_GLUE}h"


def count_of(count: int, noun: str) -> str:
    """A count with its noun, in the plural where it needs one."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
