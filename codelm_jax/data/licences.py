"""Whether an SPDX licence expression is accepted by an allow-list."""

import re
from collections.abc import Collection

UNKNOWN = "unknown"

# Allow use, change and passing on, in source or not, for at most a notice kept: no copyleft, no field of use left out.
PERMISSIVE = (
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "HPND", "ISC", "MIT", "MIT-0", "MIT-CMU",
    "PSF-2.0", "Python-2.0", "Unlicense", "Zlib", "ZPL-2.1",
)  # fmt: skip

_SPDX_TOKEN = re.compile(r"[()]|[^\s()]+")


def is_allowed(expression: str, allowed: Collection[str]) -> bool:
    """Evaluates an SPDX expression: every `AND` side and one `OR` side must be in `allowed`, compared without case.

    `WITH` exceptions only add permissions and are ignored. Anything that is not an expression is refused.
    """
    accepted = {name.lower() for name in allowed}
    tokens = _SPDX_TOKEN.findall(expression)
    try:
        verdict, rest = _any_of(tokens, accepted)
    except IndexError:
        return False
    return verdict and not rest


def _any_of(tokens: list[str], accepted: set[str]) -> tuple[bool, list[str]]:
    verdict, rest = _all_of(tokens, accepted)
    while rest and rest[0].upper() == "OR":
        another, rest = _all_of(rest[1:], accepted)
        verdict = verdict or another
    return verdict, rest


def _all_of(tokens: list[str], accepted: set[str]) -> tuple[bool, list[str]]:
    verdict, rest = _single(tokens, accepted)
    while rest and rest[0].upper() == "AND":
        another, rest = _single(rest[1:], accepted)
        verdict = verdict and another
    return verdict, rest


def _single(tokens: list[str], accepted: set[str]) -> tuple[bool, list[str]]:
    first, rest = tokens[0], tokens[1:]
    if first == "(":
        verdict, rest = _any_of(rest, accepted)
        if rest[0] != ")":
            return False, rest
        return verdict, rest[1:]
    if rest and rest[0].upper() == "WITH":
        rest = rest[2:]
    return first.lower() in accepted, rest
