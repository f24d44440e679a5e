"""The device's side of an admission: prompts and parameters as padded arrays, in the few sizes that are compiled."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import jax.numpy as jnp
import numpy as np

from codelm_jax.generation.decode import Admission, Prompts
from codelm_jax.generation.filters import RowSampling
from codelm_jax.generation.healing import MAX_BACKED_UP, TokenPrefixes
from codelm_jax.generation.job import Job, Prompt


@dataclasses.dataclass(frozen=True)
class Sizes:
    """Which sizes of arrays are compiled.

    Attributes:
        growth: from one number of rows, slots or tokens to the next. A larger one compiles fewer programs and pads
            more.
        together: completions that are admitted by one call. With 1, what an admission compiles does not depend on how
            many happen to arrive at the same time.
    """

    growth: int = 2
    together: int = 1024

    def at_least(self, needed: int, smallest: int, most: int) -> int:
        """The smallest size that holds `needed`, of those from `smallest` to `most`."""
        return next((size for size in self.all(smallest, most) if size >= needed), most)

    def all(self, smallest: int, most: int) -> Iterator[int]:
        """All sizes from `smallest` to `most`."""
        size = smallest
        while size < most:
            yield size
            size *= self.growth
        yield most


def prompt_arrays(
    prompts: Sequence[Prompt], prefixes: TokenPrefixes, *, count: int, width: int, vocab_size: int
) -> Prompts:
    """Pads prompts to `count` of `width` tokens."""
    tokens_GT = np.zeros((count, width), np.int32)
    length_G, kept_G = np.ones(count, np.int32), np.ones(count, np.int32)
    allowed_GMV = np.zeros((count, MAX_BACKED_UP, vocab_size), np.bool_)
    for g, prompt in enumerate(prompts):
        tokens_GT[g, : len(prompt.ids)] = prompt.ids
        length_G[g], kept_G[g] = len(prompt.ids), prompt.kept
        for level, rest in enumerate(prompt.healing.rest):
            allowed_GMV[g, level, prefixes.starting_with(rest)] = True
        if not prompt.healing.rest:
            allowed_GMV[g, 0] = True
    return Prompts(
        tokens_GT=jnp.asarray(tokens_GT),
        length_G=jnp.asarray(length_G),
        kept_G=jnp.asarray(kept_G),
        allowed_GMV=jnp.asarray(allowed_GMV),
    )


def admission_arrays(
    entering: Sequence[tuple[int, Job]], prompts: Sequence[Prompt], *, count: int, beyond: int, most: int
) -> Admission:
    """Pads rows and their jobs to `count`.

    Args:
        entering: which row takes which job.
        prompts: those of the jobs.
        count: padded length.
        beyond: a row that does not exist.
        most: slots of a context.
    """
    number = {prompt: g for g, prompt in enumerate(prompts)}

    def column(value: Callable[[Job], float], dtype: type, fill: float = 0) -> jnp.ndarray:
        return padded([value(job) for _, job in entering], count, fill, dtype)

    return Admission(
        row_N=padded([row for row, _ in entering], count, fill=beyond),
        prompt_N=column(lambda job: number[job.prompt], np.int32),
        # A window holds no more; the sum of a place and what a caller may ask for would overflow.
        new_tokens_N=column(lambda job: min(job.remaining, most), np.int32),
        shift_N=column(lambda job: job.prompt.shift, np.int32),
        alternatives_N=column(lambda job: job.alternatives > 0, np.bool_),
        sampling=RowSampling(
            temperature_R=column(lambda job: job.params.temperature, np.float32, 1.0),
            top_k_R=column(lambda job: job.params.top_k, np.int32),
            top_p_R=column(lambda job: job.params.top_p, np.float32, 1.0),
            min_p_R=column(lambda job: job.params.min_p, np.float32),
            repetition_penalty_R=column(lambda job: job.params.repetition_penalty, np.float32, 1.0),
            no_repeat_ngram_R=column(lambda job: job.params.no_repeat_ngram, np.int32),
            spare_syntax_R=column(lambda job: job.params.spare_syntax, np.bool_),
            seed_R=column(lambda job: job.params.seed, np.uint32),
            sample_R=column(lambda job: job.sample, np.uint32),
        ),
    )


def padded(values: Sequence[float], count: int, fill: float, dtype: type = np.int32) -> jnp.ndarray:
    """Values as an array of `count`, the rest of it `fill`."""
    column = np.full(count, fill, dtype)
    column[: len(values)] = values
    return jnp.asarray(column)
