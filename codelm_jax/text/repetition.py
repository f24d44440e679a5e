"""Repetition metrics of the evaluation, on tokens or on text.

Tokens can be anything hashable (ids, words, bytes). A metric with nothing to count is 0 (diversities: 1); empty samples
are handled by `band.collapsed`.
"""

import math
from collections.abc import Hashable, Iterator, Sequence

# Phrases of the 2025 reference report; four in a row count as collapse.
_LEGACY_PHRASES = (
    "):",
    "::",
    "))))",
    "((((",
    "____",
    "def def",
    "self self",
    "return return",
    "########",
    " " * 24,
)
_LEGACY_REPEATS = 4
_LEGACY_WORD_REPEATS = 3


def legacy_collapse(text: str) -> bool:
    """Collapse by the rule of the reference report; kept for comparison with its 14.5 %.

    True if one of ten phrases occurs four times in a row, or a whitespace-separated word of two or more characters
    three times in a row.
    """
    if any(phrase * _LEGACY_REPEATS in text for phrase in _LEGACY_PHRASES):
        return True
    words = text.split()
    shifted = zip(*(words[i:] for i in range(_LEGACY_WORD_REPEATS)), strict=False)
    return any(len(set(run)) == 1 and len(run[0]) >= 2 for run in shifted)


def seq_rep_n(tokens: Sequence[Hashable], n: int) -> float:
    """Share of n-grams that occur earlier in the sequence: 1 - unique / total (Welleck et al. 2020).

    >>> seq_rep_n("abab", 2)  # ab, ba, ab: two of three are new
    0.33333333333333337
    """
    total = len(tokens) - n + 1
    if total <= 0:
        return 0.0
    return 1.0 - len(set(_ngrams(tokens, n))) / total


def loop(tokens: Sequence[Hashable]) -> bool:
    """Whether the sequence ends in a loop (Holtzman et al. 2020).

    True if the sequence ends with a phrase of two or more tokens three or more times, or one token four or more times;
    it may stop in the middle of a further repetition.
    """
    length = len(tokens)
    for period in range(1, length // 3 + 1):
        repeats = 4 if period == 1 else 3
        if period * repeats <= length and _periodic_tail(tokens, period, period * repeats):
            return True
    return False


def rep_line(text: str) -> float:
    """Share of non-blank lines, stripped, that occur earlier in the text: 1 - unique / total."""
    lines = [stripped for line in text.splitlines() if (stripped := line.strip())]
    return 1.0 - len(set(lines)) / len(lines) if lines else 0.0


def diversity(tokens: Sequence[Hashable]) -> float:
    """Product of 1 - seq_rep_n over n = 2, 3, 4: 1 for no repetition at all (Su et al. 2022)."""
    return math.prod(1.0 - seq_rep_n(tokens, n) for n in (2, 3, 4))


def distinct_n(samples: Sequence[Sequence[Hashable]], n: int) -> float:
    """Unique / total n-grams over all samples of a prompt; 1 if no n-gram occurs twice (Li et al. 2016)."""
    grams = [gram for tokens in samples for gram in _ngrams(tokens, n)]
    return len(set(grams)) / len(grams) if grams else 1.0


def duplicates(texts: Sequence[str]) -> float:
    """Share of texts that are exact copies of an earlier one."""
    return 1.0 - len(set(texts)) / len(texts) if texts else 0.0


def _ngrams(tokens: Sequence[Hashable], n: int) -> Iterator[tuple[Hashable, ...]]:
    return zip(*(tokens[i:] for i in range(n)), strict=False)


def _periodic_tail(tokens: Sequence[Hashable], period: int, span: int) -> bool:
    """Whether the last `span` tokens repeat with `period`; fails at the first token that differs."""
    end = len(tokens)
    return all(tokens[i] == tokens[i - period] for i in range(end - 1, end - span + period - 1, -1))
