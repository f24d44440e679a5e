"""The few array sizes that programs are compiled for; everything is padded to the next one."""

import dataclasses
from collections.abc import Iterator

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
        return list(self._sizes(_SMALLEST_PROMPT, context))

    def prompt_length(self, tokens: int, context: int) -> int:
        """The padded length of a prompt."""
        return self._fit(tokens, _SMALLEST_PROMPT, context)

    def cache_lengths(self, context: int) -> list[int]:
        """Lengths of the cache, in tokens."""
        return list(self._sizes(_SMALLEST_CACHE, context))

    def cache_length(self, tokens: int, context: int) -> int:
        """The length of a cache that holds so many tokens."""
        return self._fit(tokens, _SMALLEST_CACHE, context)

    def counts(self, most: int) -> list[int]:
        """Numbers of rows or prompts, up to `most`."""
        return list(self._sizes(1, most))

    def count(self, needed: int, most: int) -> int:
        """The number of rows or prompts that so many are padded to."""
        return self._fit(needed, 1, most)

    def _fit(self, needed: int, smallest: int, most: int) -> int:
        return next((size for size in self._sizes(smallest, most) if size >= needed), most)

    def _sizes(self, smallest: int, most: int) -> Iterator[int]:
        size = smallest
        while size < most:
            yield size
            size *= self.growth
        yield most
