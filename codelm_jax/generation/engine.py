"""Takes any number of completions through the jitted core: admits, decodes in chunks, slides, compacts.

The host sees the tokens of a chunk at a time. It is here that texts end, rows become free and waiting completions
take their place; none of that changes what a completion says, since its randomness is its own.
"""

import dataclasses
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from codelm_jax.generation.decode import (
    NO_TOKEN,
    Admission,
    Prompts,
    Rows,
    Vocabulary,
    admit,
    decode,
    empty_rows,
    take_rows,
    widen,
)
from codelm_jax.generation.filters import RowSampling
from codelm_jax.generation.healing import MAX_BACKED_UP, NO_HEALING, Healing, TokenPrefixes
from codelm_jax.generation.params import SamplingParams
from codelm_jax.generation.transcript import Transcript
from codelm_jax.model.transformer import Transformer

# Lengths compile: they come in powers of two from these up.
_SMALLEST_PROMPT = 16
_SMALLEST_CONTEXT = 64
# Prompt tokens run at once, which bounds the memory of a prefill.
_PREFILL_TOKENS = 16_384


@dataclasses.dataclass(frozen=True, eq=False)
class Prompt:
    """Tokens to start from, shared by the completions that start from it.

    Attributes:
        ids: the context, what healing takes back included.
        healing: how its end is healed.
        shift: tokens of the text that were dropped before the context.
    """

    ids: tuple[int, ...]
    healing: Healing
    shift: int

    @property
    def kept(self) -> int:
        """Tokens that healing leaves."""
        return len(self.ids) - self.healing.backed_up


class Job:
    """One completion on its way."""

    def __init__(self, prompt: Prompt, params: SamplingParams, sample: int, transcript: Transcript):
        self.prompt = prompt
        self.params = params
        self.sample = sample
        self.transcript = transcript
        self.ids = list(prompt.ids)

    @property
    def remaining(self) -> int:
        """Tokens it may still add."""
        return self.params.max_new_tokens - self.transcript.token_count


class Engine:
    """Runs jobs for one model on one tokenizer."""

    def __init__(
        self,
        model: Transformer,
        vocabulary: Vocabulary,
        token_bytes: Sequence[bytes],
        *,
        max_rows: int,
        chunk: int,
    ):
        """Prepares the tokenizer's side.

        Args:
            model: static side of the model; its parameters come with each run.
            vocabulary: what sampling must know of the tokens.
            token_bytes: the bytes of each token id.
            max_rows: completions decoded at once; more wait.
            chunk: steps between two looks at the text.
        """
        self._model = model
        self._vocabulary = vocabulary
        self._token_bytes = token_bytes
        self._prefixes = TokenPrefixes(token_bytes)
        self._max_rows = max_rows
        self._chunk = chunk
        self._endoftext = int(vocabulary.endoftext)
        self._context_length = model.config.max_seq_length

    def run(self, params: dict, jobs: Sequence[Job]) -> Iterator[None]:
        """Completes the jobs; yields whenever their transcripts have grown."""
        # Neighbours of one length waste least padding, and completions of one prompt share its prefill.
        number = {prompt: i for i, prompt in enumerate(dict.fromkeys(job.prompt for job in jobs))}
        waiting = deque(sorted(jobs, key=lambda job: (len(job.prompt.ids), number[job.prompt])))
        if not waiting:
            return
        count = _bucket(min(len(waiting), self._max_rows), 1)
        rows = empty_rows(self._model, count, self._slots(waiting[0]))
        standing: list[Job | None] = [None] * count
        while True:
            free = [row for row, job in enumerate(standing) if job is None]
            # One admission stalls all rows: better few large ones.
            if waiting and len(free) >= max(1, count // 4):
                entering = [
                    (row, waiting.popleft()) for row, _ in zip(free, range(len(waiting)), strict=False)
                ]
                rows = self._admit(params, rows, standing, entering)
                yield
            sliding = [
                (row, job)
                for row, job in enumerate(standing)
                if job is not None and len(job.ids) == self._context_length
            ]
            if sliding:
                rows = self._admit(params, rows, standing, [(row, self._slide(job)) for row, job in sliding])
                yield
                continue
            running = [row for row, job in enumerate(standing) if job is not None]
            if not running:
                if waiting:
                    continue
                return
            if not waiting and _bucket(len(running), 1) < count:
                count = _bucket(len(running), 1)
                rows = take_rows(self._model, rows, _padded(running, count, fill=len(standing)))
                standing = [standing[row] for row in running] + [None] * (count - len(running))
                running = list(range(len(running)))
            rows = self._decode(params, rows, standing, running)
            yield

    def _decode(self, params: dict, rows: Rows, standing: list[Job | None], running: Sequence[int]) -> Rows:
        rows = self._widen(rows, [job for job in standing if job is not None])
        rows, token_RC, logprob_RC = decode(self._model, params, self._vocabulary, rows, steps=self._chunk)
        tokens, logprobs = np.asarray(token_RC), np.asarray(logprob_RC)
        for row in running:
            job = standing[row]
            assert job is not None
            for token, logprob in zip(tokens[row].tolist(), logprobs[row].tolist(), strict=True):
                if token == NO_TOKEN:
                    break
                if self._take(job, token, logprob, skip=0):
                    standing[row] = None
                    break
        return rows

    def _admit(
        self, params: dict, rows: Rows, standing: list[Job | None], entering: Sequence[tuple[int, Job]]
    ) -> Rows:
        rows = self._widen(rows, [job for _, job in entering])
        for group in self._groups(entering):
            prompts = list(dict.fromkeys(job.prompt for _, job in group))
            width = self._prompt_width(prompts)
            admission = _admission(group, prompts, beyond=rows.length_R.shape[0], most=self._context_length)
            rows, token_N, logprob_N, slot_N = admit(
                self._model, params, self._vocabulary, rows, self._prompts(prompts, width), admission
            )
            firsts = (np.asarray(x).tolist() for x in (token_N, logprob_N, slot_N))
            for (row, job), token, logprob, slot in zip(group, *firsts, strict=False):
                level = slot - job.prompt.kept
                stands_as_typed = slot < len(job.ids) and token == job.ids[slot]
                del job.ids[slot:]
                standing[row] = job
                if stands_as_typed:
                    job.ids.append(token)
                elif self._take(job, token, logprob, job.prompt.healing.skip(level)):
                    standing[row] = None
        return rows

    def _widen(self, rows: Rows, jobs: Sequence[Job]) -> Rows:
        slots = max(self._slots(job) for job in jobs)
        return widen(rows, slots=slots) if slots > rows.tokens_RS.shape[1] else rows

    def _slots(self, job: Job) -> int:
        """Slots that hold the job and its next chunk."""
        return self._lengths(_SMALLEST_CONTEXT, len(job.ids) + min(self._chunk, job.remaining))

    def _take(self, job: Job, token: int, logprob: float, skip: int) -> bool:
        """Gives the job its next token; whether that was its last."""
        if token == self._endoftext:
            job.transcript.finish("endoftext")
            return True
        job.ids.append(token)
        job.transcript.add(token, self._token_bytes[token][skip:], logprob)
        if not job.transcript.finished and job.remaining == 0:
            job.transcript.finish("length")
        return job.transcript.finished

    def _slide(self, job: Job) -> Job:
        """Moves the job's full window on, so that its more recent half stays."""
        dropped = self._context_length - self._context_length // 2
        job.prompt = Prompt(tuple(job.ids[dropped:]), NO_HEALING, job.prompt.shift + dropped)
        job.ids = list(job.prompt.ids)
        return job

    def _groups(self, entering: Sequence[tuple[int, Job]]) -> Iterator[list[tuple[int, Job]]]:
        """Cuts an admission where its distinct prompts would hold too many tokens."""
        group: list[tuple[int, Job]] = []
        prompts: list[Prompt] = []
        for row, job in entering:
            more = prompts if job.prompt in prompts[-1:] else [*prompts, job.prompt]
            if group and _bucket(len(more), 1) * self._prompt_width(more) > _PREFILL_TOKENS:
                yield group
                group, more = [], [job.prompt]
            group.append((row, job))
            prompts = more
        yield group

    def _prompt_width(self, prompts: Sequence[Prompt]) -> int:
        return self._lengths(_SMALLEST_PROMPT, max(len(prompt.ids) for prompt in prompts))

    def _prompts(self, prompts: Sequence[Prompt], width: int) -> Prompts:
        count = _bucket(len(prompts), 1)
        tokens_GT = np.zeros((count, width), np.int32)
        length_G, kept_G = np.ones(count, np.int32), np.ones(count, np.int32)
        allowed_GMV = np.zeros((count, MAX_BACKED_UP, len(self._token_bytes)), np.bool_)
        for g, prompt in enumerate(prompts):
            tokens_GT[g, : len(prompt.ids)] = prompt.ids
            length_G[g], kept_G[g] = len(prompt.ids), prompt.kept
            for level, rest in enumerate(prompt.healing.rest):
                allowed_GMV[g, level, self._prefixes.starting_with(rest)] = True
            if not prompt.healing.rest:
                allowed_GMV[g, 0] = True
        return Prompts(
            tokens_GT=jnp.asarray(tokens_GT),
            length_G=jnp.asarray(length_G),
            kept_G=jnp.asarray(kept_G),
            allowed_GMV=jnp.asarray(allowed_GMV),
        )

    def _lengths(self, smallest: int, needed: int) -> int:
        return min(_bucket(needed, smallest), self._context_length)


def chunk_steps() -> int:
    """Steps between two looks at the text: few on a CPU, where a look is cheap; an accelerator would wait for it."""
    return 8 if jax.default_backend() == "cpu" else 32


def _admission(
    group: Sequence[tuple[int, Job]], prompts: Sequence[Prompt], beyond: int, most: int
) -> Admission:
    count = _bucket(len(group), 1)
    number = {prompt: g for g, prompt in enumerate(prompts)}

    def column(value: Callable[[Job], float], dtype: type, fill: float = 0) -> jnp.ndarray:
        return _padded([value(job) for _, job in group], count, fill, dtype)

    return Admission(
        row_N=_padded([row for row, _ in group], count, fill=beyond),
        prompt_N=column(lambda job: number[job.prompt], np.int32),
        # A window holds no more; the sum of a place and what a caller may ask for would overflow.
        new_tokens_N=column(lambda job: min(job.remaining, most), np.int32),
        shift_N=column(lambda job: job.prompt.shift, np.int32),
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


def _padded(values: Sequence[float], count: int, fill: float, dtype: type = np.int32) -> jnp.ndarray:
    column = np.full(count, fill, dtype)
    column[: len(values)] = values
    return jnp.asarray(column)


def _bucket(needed: int, smallest: int) -> int:
    """The smallest power of two, times `smallest`, that holds `needed`."""
    size = smallest
    while size < needed:
        size *= 2
    return size
