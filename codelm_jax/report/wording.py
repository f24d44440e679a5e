"""How figures and foreign text are written out, the same on the page, in plots and on the model card."""

import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

# `count, n, rate, low, high`, as the evaluations write it.
Rate = Mapping[str, Any]

# The sets that are held out, and what they hold.
HELD_OUT = {"val": "files of packages seen in training", "test": "packages never seen"}
NONE = "–"
# Between a figure and its unit, so that no line breaks there.
_GLUE = "\u00a0"
_MANY_BLANKS = re.compile(" {4,}")
_SHOWN_AS_THEMSELVES = "\n\t"


def percent(value: float | None, digits: int = 1) -> str:
    r"""A share in per cent; a dash where there is none. What belongs together is kept on one line.

    >>> percent(0.1454)
    '14.5\xa0%'
    """
    return NONE if value is None else f"{100 * value:.{digits}f}{_GLUE}%"


def bounds(rate: Mapping[str, Any]) -> str:
    """The 95 % interval of a rate, in per cent: `[7.6, 26.2]`."""
    return f"[{100 * rate['low']:.1f},{_GLUE}{100 * rate['high']:.1f}]"


def interval(rate: Rate) -> str:
    """A rate with its 95 % interval, as `14.5 % [7.6, 26.2] (8 of 55)`."""
    return f"{percent(rate['rate'])} {bounds(rate)} ({rate['count']:,}{_GLUE}of{_GLUE}{rate['n']:,})"


def by_prompt(rate: Mapping[str, Any]) -> str:
    """The interval of a rate that allows for samples of one prompt being alike; with no event there is none."""
    if rate["cluster_low"] == rate["cluster_high"]:
        return NONE
    return bounds({"low": rate["cluster_low"], "high": rate["cluster_high"]})


def estimate(found: Mapping[str, Any]) -> str:
    """A score with its interval; without, where all tasks came out alike and a bootstrap had nothing to draw from."""
    shown = percent(found["value"])
    return shown if found["low"] == found["high"] else f"{shown} {bounds(found)}"


def task_scores(result: Mapping[str, Any]) -> list[list[str]]:
    """The scores of a task suite's result, each with its measure and the tasks that it covers."""
    return [
        [f"{measure}, {which} {result[count]} tasks", estimate(found)]
        for key, which, count in (
            ("score", "all", "tasks"),
            ("answerable_score", "those that fit the context with their solution, all", "answerable"),
        )
        for measure, found in result[key].items()
    ]


def number(value: float | None, digits: int = 3) -> str:
    """A figure: whole numbers with separators, others with so many digits after the point."""
    if value is None:
        return NONE
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.{digits}f}" if math.isfinite(value) else "∞"


def megabytes(size: float) -> str:
    """Bytes as MB, with a digit more where it is little."""
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


def sampling_in_words(sampling: Mapping[str, Any]) -> str:
    """How samples were drawn."""
    each = sampling.get("samples_per_prompt") or sampling.get("samples_per_task")
    per = "prompt" if "samples_per_prompt" in sampling else "task"
    return (
        f"{each} a {per}, temperature {sampling['temperature']:g}, top-k {sampling['top_k'] or 'off'}, "
        f"top-p {sampling['top_p']:g}, at most {sampling['max_new_tokens']} new tokens"
    )


def visible(text: str) -> str:
    r"""Text with every character that would show as nothing, or reorder its surroundings, spelled out.

    Generated text may hold any: control characters that no page may hold, or marks that turn the direction of reading.

    >>> visible("a\u202eb\x00")
    'a\\u202eb\\x00'
    """
    return "".join(char if _is_plain(char) else _spelled(char) for char in text)


def token_name(token: str) -> str:
    r"""A token on one line, its blanks visible, and counted where they are many.

    >>> token_name("\n  "), token_name("        ")
    ('↵␣␣', '␣×8')
    """
    counted = _MANY_BLANKS.sub(lambda blanks: f"␣×{len(blanks[0])}", token)
    named = counted.replace("\r", "␍").replace("\n", "↵").replace("\t", "⇥").replace(" ", "␣")
    return visible(named) or "(empty)"


def _is_plain(char: str) -> bool:
    return char in _SHOWN_AS_THEMSELVES or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _spelled(char: str) -> str:
    return char.encode("ascii", "backslashreplace").decode() if ord(char) > 127 else f"\\x{ord(char):02x}"
