"""How figures and foreign text are written: the same on the terminal, on the page, in charts and on the model card."""

import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from codelm_jax.evals.statistics import ClusteredRate, Rate

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


def bounds(low: float, high: float) -> str:
    r"""A 95 % interval in per cent.

    >>> bounds(0.0756, 0.2616)
    '[7.6,\xa026.2]'
    """
    return f"[{100 * low:.1f},{_GLUE}{100 * high:.1f}]"


def interval(rate: Rate) -> str:
    """A rate with its 95 % interval, as `14.5 % [7.6, 26.2] (8 of 55)`."""
    return f"{percent(rate.rate)} {bounds(rate.low, rate.high)} ({rate.count:,}{_GLUE}of{_GLUE}{rate.n:,})"


def by_prompt(rate: ClusteredRate) -> str:
    """The interval that allows for samples of one prompt being alike; a dash where all prompts came out alike."""
    return bounds(*rate.by_cluster) if rate.by_cluster else NONE


def number(value: float | None, digits: int = 3) -> str:
    """A figure: whole numbers with separators, others with so many digits after the point."""
    if value is None:
        return NONE
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.{digits}f}" if math.isfinite(value) else "∞"


def sampling_in_words(sampling: Mapping[str, Any]) -> str:
    """How samples were drawn, from `Sampling.as_json`."""
    per = "prompt" if "samples_per_prompt" in sampling else "task"
    return (
        f"{sampling[f'samples_per_{per}']} a {per}, temperature {sampling['temperature']:g}, "
        f"top-k {sampling['top_k'] or 'off'}, top-p {sampling['top_p']:g}, "
        f"at most {sampling['max_new_tokens']} new tokens"
    )


def capitalised(text: str) -> str:
    """Text with a capital first letter; the rest stays as it is."""
    return text[:1].upper() + text[1:]


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
