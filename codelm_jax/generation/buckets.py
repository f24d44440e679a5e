"""The few array sizes that programs are compiled for; everything is padded to the next one."""

import dataclasses
from collections.abc import Sequence

_SMALLEST_PROMPT = 16
_SMALLEST_CACHE = 64
# Prompt tokens run at once: bounds the memory of a prefill.
MAX_PREFILL_TOKENS = 16_384


@dataclasses.dataclass(frozen=True)
class Buckets:
    """How array sizes are rounded up.

    Attributes:
        growth: ratio of one size to the next. A larger one compiles fewer programs and pads more.
        max_inserts: completions inserted by one call. With 1, the programs of an insertion do not depend on how many
            requests arrive at the same time.
    """

    growth: int = 2
    max_inserts: int = 1024

    def prompt_lengths(self, context: int) -> list[int]:
        """Padded lengths of prompts, in tokens."""
        return self._sizes(_SMALLEST_PROMPT, context)

    def prompt_length(self, tokens: int, context: int) -> int:
        """The padded length of a prompt."""
        return _fit(tokens, self.prompt_lengths(context))

    def cache_lengths(self, context: int) -> list[int]:
        """Lengths of the cache, in tokens: the longer lengths of prompts, so that a padded prompt fits where it must."""
        return [length for length in self.prompt_lengths(context) if length >= min(_SMALLEST_CACHE, context)]

    def cache_length(self, tokens: int, context: int) -> int:
        """The length of a cache that holds so many tokens."""
        return _fit(tokens, self.cache_lengths(context))

    def counts(self, most: int) -> list[int]:
        """Numbers of rows or prompts, up to `most`."""
        return self._sizes(1, most)

    def count(self, needed: int, most: int) -> int:
        """The number of rows or prompts that so many are padded to."""
        return _fit(needed, self.counts(most))

    def _sizes(self, smallest: int, most: int) -> list[int]:
        sizes = []
        while smallest < most:
            sizes.append(smallest)
            smallest *= self.growth
        return [*sizes, most]


def _fit(needed: int, sizes: Sequence[int]) -> int:
    return next((size for size in sizes if size >= needed), sizes[-1])
