"""The programs of one model, compiled for a few array sizes; batches and parameters come and go."""

import itertools
from collections.abc import Iterator, Sequence

import jax.numpy as jnp

from codelm_jax.generation.batch_arrays import pad_column, pad_insertion, pad_prompts
from codelm_jax.generation.buckets import MAX_PREFILL_TOKENS, Buckets
from codelm_jax.generation.decode import decode, empty_rows, insert, resize, take_rows
from codelm_jax.generation.healing import NO_HEALING, TokenPrefixes
from codelm_jax.generation.next_token import Vocabulary
from codelm_jax.generation.prefill import PaddedPrompts, choose_first, prefill
from codelm_jax.generation.request import DecodeRequest, Prompt
from codelm_jax.generation.scoring import rank_tokens
from codelm_jax.model.transformer import Transformer


class Engine:
    """What all batches of a model share: its static side, the vocabulary and the array sizes."""

    def __init__(
        self,
        model: Transformer,
        vocabulary: Vocabulary,
        token_bytes: Sequence[bytes],
        *,
        max_rows: int,
        buckets: Buckets | None = None,
    ):
        """Prepares the tokenizer's side.

        Args:
            model: static; its parameters come with each batch.
            vocabulary: properties of the tokens.
            token_bytes: the bytes of each token id.
            max_rows: completions decoded at once; more wait.
            buckets: array sizes.
        """
        self.model = model
        self.vocabulary = vocabulary
        self.token_bytes = token_bytes
        self.max_rows = max_rows
        self.buckets = buckets or Buckets()
        self.endoftext = int(vocabulary.endoftext)
        self.context_length = model.config.max_seq_length
        # Steps between two looks at the text: few on a CPU, where a look is cheap; an accelerator would wait for it.
        self.chunk = 8 if model.backend.on_cpu else 32
        self._prefixes = TokenPrefixes(token_bytes)

    def pad_prompts(self, prompts: Sequence[Prompt]) -> PaddedPrompts:
        """Distinct prompts as arrays."""
        longest = max(len(prompt.ids) for prompt in prompts)
        return pad_prompts(
            prompts,
            self._prefixes,
            count=self.buckets.count(len(prompts), MAX_PREFILL_TOKENS),
            length=self.buckets.prompt_length(longest, self.context_length),
            vocab_size=len(self.token_bytes),
        )

    def cache_length(self, requests: Sequence[DecodeRequest]) -> int:
        """Length of the cache that holds each request and its next chunk."""
        longest = max(len(request.ids) + min(self.chunk, request.remaining) for request in requests)
        return self.buckets.cache_length(longest, self.context_length)

    def groups(
        self, entering: Sequence[tuple[int, DecodeRequest]]
    ) -> Iterator[list[tuple[int, DecodeRequest]]]:
        """Splits requests so that the distinct prompts of a group fit into one prefill."""
        group: list[tuple[int, DecodeRequest]] = []
        prompts: list[Prompt] = []
        for row, request in entering:
            more = prompts if request.prompt in prompts[-1:] else [*prompts, request.prompt]
            longest = max(len(prompt.ids) for prompt in more)
            tokens = self.buckets.count(len(more), MAX_PREFILL_TOKENS) * self.buckets.prompt_length(
                longest, self.context_length
            )
            if group and (len(more) > self.buckets.max_inserts or tokens > MAX_PREFILL_TOKENS):
                yield group
                group, more = [], [request.prompt]
            group.append((row, request))
            prompts = more
        yield group

    def compile_ahead(self, params: dict) -> Iterator[tuple[int, int]]:
        """Compiles all that single insertions and decoding can need, by running it on nothing.

        Yields:
            Number of compiled groups of programs, and their total; first 0.
        """
        counts = self.buckets.counts(self.max_rows)
        lengths = self.buckets.cache_lengths(self.context_length)
        widths = self.buckets.prompt_lengths(self.context_length)
        total = len(widths) + len(lengths) * len(counts)
        for done, _ in enumerate(self._compile_groups(params, counts, lengths, widths)):
            yield done, total

    def _compile_groups(
        self, params: dict, counts: Sequence[int], lengths: Sequence[int], widths: Sequence[int]
    ) -> Iterator[None]:
        """Yields before the first group and after each."""
        yield
        # There is no row of this number, so nothing is inserted.
        insertion = pad_insertion([], [], count=1, no_row=self.max_rows, context=self.context_length)
        started = []
        for width in widths:
            prompts = self.pad_prompts([Prompt((self.endoftext,) * width, NO_HEALING, 0)])
            prefilled = prefill(self.model, params, prompts)
            chosen, place_N = choose_first(self.model, self.vocabulary, prompts, prefilled, insertion)
            started.append((width, prompts, prefilled, chosen.token, place_N))
            rank_tokens(self.model, params, jnp.full((1, width), self.endoftext, jnp.int32))
            yield
        for length, count in itertools.product(lengths, counts):
            rows = empty_rows(self.model, count, length)
            for width, *start in started:
                if width <= length:
                    prompts, prefilled, token_N, place_N = start
                    rows = insert(
                        self.model, self.vocabulary, rows, prompts, prefilled, insertion, token_N, place_N
                    )
            rows, _ = decode(self.model, params, self.vocabulary, rows, steps=self.chunk)
            for other in counts:
                if other != count:
                    take_rows(self.model, rows, pad_column([], other, fill=count))
            for other in lengths:
                if other != length:
                    resize(rows, cache_length=other)
            yield
