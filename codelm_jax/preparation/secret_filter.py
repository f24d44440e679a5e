"""A filter for source files that look as if they hold keys, tokens or passwords.

It drops when in doubt: a lost file costs little, a key that a model recites costs a lot. It does not find every secret
and does not replace a secret scanner.
"""

import math
import re
from collections import Counter

# Formats with a prefix by which issuers make keys recognisable.
_ISSUED = re.compile(
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{36}"
    r"|\bgithub_pat_[A-Za-z0-9_]{50}"
    r"|\bglpat-[A-Za-z0-9_-]{20}"
    r"|\bxox[abeprs]-[A-Za-z0-9-]{10}"
    r"|\b[rs]k_live_[A-Za-z0-9]{20}"
    r"|\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32}"
    r"|\bAIza[A-Za-z0-9_-]{35}"
    r"|\bhf_[A-Za-z0-9]{34}"
    r"|\bnpm_[A-Za-z0-9]{36}"
    r"|\bpypi-AgEI[A-Za-z0-9_-]{20}"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10}"
)
# Every match of `_ISSUED` contains one of these; a search for plain strings first is ten times faster.
_ISSUED_MARKS = (
    "PRIVATE KEY", "AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "k_live_",
    "sk-", "AIza", "hf_", "npm_", "pypi-AgEI", "eyJ",
)  # fmt: skip

# A quoted value after `=` or `:`, and the kind of name that must precede it. Values are searched first: a pattern that
# begins with the name would be tried at every letter of the file.
_ASSIGNED = re.compile(r"[:=]\s{0,4}[\"']([A-Za-z0-9+/=_.~-]{16,256})[\"']")
_SECRET_NAME = re.compile(
    r"(?:secret|passw(?:or)?d|passphrase|api_?key|access_?key|private_?key|auth_?token|access_?token)\w{0,20}"
    r"[\"']?\s{0,4}$",
    re.IGNORECASE,
)
_LONGEST_NAME = 60
_RANDOM_BITS_PER_CHARACTER = 3.5


def holds_secret(text: str) -> bool:
    """Says whether `text` has something of the form of an issued key, or a random-looking value named like one."""
    if any(mark in text for mark in _ISSUED_MARKS) and _ISSUED.search(text):
        return True
    return any(
        _looks_random(found.group(1))
        and _SECRET_NAME.search(text[max(0, found.start() - _LONGEST_NAME) : found.start()])
        for found in _ASSIGNED.finditer(text)
    )


def _looks_random(value: str) -> bool:
    """Words and placeholders repeat letters and hold no digits; keys mix both."""
    has_both = any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    counts = Counter(value).values()
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts)
    return has_both and entropy >= _RANDOM_BITS_PER_CHARACTER
