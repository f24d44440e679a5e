"""Takes any number of completions through the jitted core: admits, decodes in chunks, slides, compacts.

The host sees the tokens of a chunk at a time. It is here that texts end, rows become free and waiting completions
take their place; none of that changes what a completion says, since its randomness is its own.
"""

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

import jax.numpy as jnp
import numpy as np

from codelm_jax.generation.admission import Sizes, admission_arrays, padded, prompt_arrays
from codelm_jax.generation.decode import (
    MAX_ALTERNATIVES,
    NO_TOKEN,
    Choice,
    Prefilled,
    Prompts,
    Rows,
    Vocabulary,
    admit,
    choose_first,
    decode,
    empty_rows,
    prefill,
    rank_tokens,
    resize,
    take_rows,
)
from codelm_jax.generation.healing import NO_HEALING, TokenPrefixes
from codelm_jax.generation.job import Alternative, Job, Prompt, Ranked
from codelm_jax.model.transformer import Transformer

_SMALLEST_PROMPT = 16
_SMALLEST_CONTEXT = 64
# Prompt tokens run at once, which bounds the memory of a prefill.
_PREFILL_TOKENS = 16_384


class Engine:
    """Runs jobs for one model on one tokenizer; everything in it lasts, completions live in its batches."""

    def __init__(
        self,
        model: Transformer,
        vocabulary: Vocabulary,
        token_bytes: Sequence[bytes],
        *,
        max_rows: int,
        chunk: int,
        sizes: Sizes | None = None,
    ):
        """Prepares the tokenizer's side.

        Args:
            model: static side of the model; its parameters come with each run.
            vocabulary: what sampling must know of the tokens.
            token_bytes: the bytes of each token id.
            max_rows: completions decoded at once; more wait.
            chunk: steps between two looks at the text.
            sizes: of the arrays.
        """
        self.model = model
        self.vocabulary = vocabulary
        self.token_bytes = token_bytes
        self.max_rows = max_rows
        self.chunk = chunk
        self.sizes = sizes or Sizes()
        self.endoftext = int(vocabulary.endoftext)
        self.context_length = model.config.max_seq_length
        self._prefixes = TokenPrefixes(token_bytes)

    def run(self, params: dict, jobs: Sequence[Job]) -> Iterator[None]:
        """Completes the jobs; yields whenever their transcripts have grown."""
        # Neighbours of one length waste least padding, and completions of one prompt share its prefill.
        number = {prompt: i for i, prompt in enumerate(dict.fromkeys(job.prompt for job in jobs))}
        batch = Batch(self, params)
        batch.add(sorted(jobs, key=lambda job: (len(job.prompt.ids), number[job.prompt])))
        while batch.busy:
            yield from batch.step()

    def rank(self, params: dict, ids: Sequence[int]) -> list[Ranked]:
        """Each token but the first as if it had been chosen after those before it.

        Args:
            params: of the model.
            ids: no more than the context holds.
        """
        width = self.sizes.at_least(len(ids), _SMALLEST_PROMPT, self.context_length)
        tokens = np.full((1, width), self.endoftext, np.int32)
        tokens[0, : len(ids)] = ids
        tokens_on_host = _Tokens(rank_tokens(self.model, params, jnp.asarray(tokens)))
        return [tokens_on_host.ranked((0, place)) for place in range(len(ids) - 1)]

    def compile_ahead(self, params: dict) -> Iterator[tuple[int, int]]:
        """Compiles all that single admissions and decoding can need, by running it on nothing.

        Yields:
            How many groups of programs are compiled, and how many there are; first 0 of them.
        """
        counts = list(self.sizes.all(1, self.max_rows))
        contexts = list(self.sizes.all(_SMALLEST_CONTEXT, self.context_length))
        widths = list(self.sizes.all(_SMALLEST_PROMPT, self.context_length))
        total = len(widths) + len(contexts) * len(counts)
        for done, _ in enumerate(self._compile_groups(params, counts, contexts, widths)):
            yield done, total

    def _compile_groups(
        self, params: dict, counts: Sequence[int], contexts: Sequence[int], widths: Sequence[int]
    ) -> Iterator[None]:
        """Yields before the first group and after each."""
        yield
        # A row of this number is nowhere, so nothing is admitted.
        admission = admission_arrays([], [], count=1, beyond=self.max_rows, most=self.context_length)
        begun = []
        for width in widths:
            prompts = self.prompts([Prompt((self.endoftext,), NO_HEALING, 0)], width)
            prefilled = prefill(self.model, params, prompts)
            choice, slot_N = choose_first(self.model, self.vocabulary, prompts, prefilled, admission)
            begun.append((width, prompts, prefilled, choice.token, slot_N))
            self.rank(params, [self.endoftext] * width)
            yield
        for slots, count in itertools.product(contexts, counts):
            rows = empty_rows(self.model, count, slots)
            for width, prompts, prefilled, token_N, slot_N in begun:
                if width <= slots:
                    rows = admit(
                        self.model, self.vocabulary, rows, prompts, prefilled, admission, token_N, slot_N
                    )
            rows, _ = decode(self.model, params, self.vocabulary, rows, steps=self.chunk)
            for other in counts:
                if other != count:
                    take_rows(self.model, rows, padded([], other, fill=count))
            for other in contexts:
                if other != slots:
                    resize(rows, slots=other)
            yield

    def prompts(self, prompts: Sequence[Prompt], width: int) -> Prompts:
        """Prompts as padded arrays."""
        count = self.sizes.at_least(len(prompts), 1, _PREFILL_TOKENS)
        return prompt_arrays(
            prompts, self._prefixes, count=count, width=width, vocab_size=len(self.token_bytes)
        )

    def prompt_width(self, prompts: Sequence[Prompt]) -> int:
        """Tokens to which these prompts are padded."""
        longest = max(len(prompt.ids) for prompt in prompts)
        return self.sizes.at_least(longest, _SMALLEST_PROMPT, self.context_length)

    def slots(self, jobs: Iterable[Job]) -> int:
        """Slots that hold each job and its next chunk."""
        longest = max(len(job.ids) + min(self.chunk, job.remaining) for job in jobs)
        return self.sizes.at_least(longest, _SMALLEST_CONTEXT, self.context_length)

    def groups(self, entering: Sequence[tuple[int, Job]]) -> Iterator[list[tuple[int, Job]]]:
        """Cuts an admission where its distinct prompts would hold too many tokens, or are run one by one."""
        group: list[tuple[int, Job]] = []
        prompts: list[Prompt] = []
        for row, job in entering:
            more = prompts if job.prompt in prompts[-1:] else [*prompts, job.prompt]
            count = self.sizes.at_least(len(more), 1, _PREFILL_TOKENS)
            if group and (
                len(more) > self.sizes.together or count * self.prompt_width(more) > _PREFILL_TOKENS
            ):
                yield group
                group, more = [], [job.prompt]
            group.append((row, job))
            prompts = more
        yield group


class Batch:
    """Completions decoded together; they may join and leave between any two steps."""

    def __init__(self, engine: Engine, params: dict):
        self._engine = engine
        self._params = params
        self._rows: Rows | None = None
        self._standing: list[Job | None] = []
        self._waiting: deque[Job] = deque()

    @property
    def row_count(self) -> int:
        """Rows that a step decodes, free ones included."""
        return len(self._standing)

    @property
    def slot_count(self) -> int:
        """Slots of each row."""
        return self._rows.tokens_RS.shape[1] if self._rows is not None else 0

    @property
    def running(self) -> list[Job]:
        """Completions that have a row."""
        return [job for job in self._standing if job is not None]

    @property
    def waiting(self) -> Sequence[Job]:
        """Completions that have none yet, first come first."""
        return self._waiting

    def add(self, jobs: Iterable[Job]) -> None:
        """Lets jobs wait for the next step that has rows for them; one prompt's jobs in a row share its prefill."""
        self._waiting.extend(jobs)

    def remove(self, job: Job) -> None:
        """Frees the place of a job, if it has one."""
        if job in self._waiting:
            self._waiting.remove(job)
        self._standing = [None if standing is job else standing for standing in self._standing]

    @property
    def busy(self) -> bool:
        """Whether a step has anything to do."""
        return bool(self._waiting or self.running)

    def step(self) -> Iterator[None]:
        """Admits what waits, or decodes a chunk; yields whenever transcripts have grown.

        Nothing may join or leave before the iterator is exhausted.
        """
        rows = self._fit_rows()
        if rows is None:
            return
        full = self._engine.context_length
        sliding = [
            (row, job) for row, job in enumerate(self._standing) if job is not None and len(job.ids) == full
        ]
        if entering := self._entering():
            yield from self._admit(rows, entering)
        elif sliding:
            yield from self._admit(rows, [(row, self._slide(job)) for row, job in sliding])
        else:
            self._rows = self._decode(rows)
            yield
        if not self.busy:
            # Their length goes with them: the next completions may be short.
            self._rows, self._standing = None, []

    def _fit_rows(self) -> Rows | None:
        """Brings the rows to the number that the completions need; None without any."""
        engine, running, count = self._engine, len(self.running), self.row_count
        needed = running + len(self._waiting)
        if not needed:
            self._rows, self._standing = None, []
            return None
        wanted = engine.sizes.at_least(needed, 1, engine.max_rows)
        if self._rows is None:
            self._standing = [None] * wanted
            return empty_rows(engine.model, wanted, engine.slots([self._waiting[0]]))
        if wanted > count or (wanted < count and not self._waiting):
            kept = [row for row, job in enumerate(self._standing) if job is not None]
            self._standing = [*self.running, *[None] * (wanted - running)]
            return take_rows(engine.model, self._rows, padded(kept, wanted, fill=count))
        return self._rows

    def _entering(self) -> list[tuple[int, Job]]:
        free = [row for row, job in enumerate(self._standing) if job is None]
        # An admission stalls all rows: where more wait than can stand, better few large ones.
        if len(free) < min(len(self._waiting), max(1, self.row_count // 4)):
            return []
        return [
            (row, self._waiting.popleft()) for row, _ in zip(free, range(len(self._waiting)), strict=False)
        ]

    def _decode(self, rows: Rows) -> Rows:
        engine = self._engine
        rows = self._fit_slots(rows)
        rows, choice_RC = decode(engine.model, self._params, engine.vocabulary, rows, steps=engine.chunk)
        tokens = _Tokens(choice_RC, with_rankings=any(job.alternatives for job in self.running))
        for row, job in enumerate(self._standing):
            for place in range(engine.chunk if job is not None else 0):
                assert job is not None
                ranked = tokens.ranked((row, place), job.alternatives)
                if ranked.token_id == NO_TOKEN:
                    break
                if self._take(job, ranked, skip=0):
                    self._standing[row] = None
                    break
        return rows

    def _admit(self, rows: Rows, entering: Sequence[tuple[int, Job]]) -> Iterator[None]:
        engine = self._engine
        rows = self._fit_slots(rows, [job for _, job in entering])
        for group in engine.groups(entering):
            prompts = list(dict.fromkeys(job.prompt for _, job in group))
            arrays = engine.prompts(prompts, engine.prompt_width(prompts))
            prefilled = prefill(engine.model, self._params, arrays)
            together = engine.sizes.together
            for first in range(0, len(group), together):
                rows = self._enter(rows, group[first : first + together], prompts, arrays, prefilled)
                self._rows = rows
                yield

    def _enter(
        self,
        rows: Rows,
        group: Sequence[tuple[int, Job]],
        prompts: Sequence[Prompt],
        arrays: Prompts,
        prefilled: Prefilled,
    ) -> Rows:
        engine = self._engine
        count = engine.sizes.at_least(len(group), 1, max(engine.max_rows, len(group)))
        admission = admission_arrays(
            group, prompts, count=count, beyond=self.row_count, most=engine.context_length
        )
        choice, slot_N = choose_first(engine.model, engine.vocabulary, arrays, prefilled, admission)
        rows = admit(
            engine.model, engine.vocabulary, rows, arrays, prefilled, admission, choice.token, slot_N
        )
        tokens = _Tokens(choice, with_rankings=any(job.alternatives for _, job in group))
        for place, ((row, job), slot) in enumerate(zip(group, np.asarray(slot_N).tolist(), strict=False)):
            first = tokens.ranked((place,), job.alternatives)
            stands_as_typed = slot < len(job.ids) and first.token_id == job.ids[slot]
            del job.ids[slot:]
            self._standing[row] = job
            if stands_as_typed:
                job.ids.append(first.token_id)
            elif self._take(job, first, skip=job.prompt.healing.skip(slot - job.prompt.kept)):
                self._standing[row] = None
        return rows

    def _fit_slots(self, rows: Rows, entering: Sequence[Job] = ()) -> Rows:
        slots = self._engine.slots([*self.running, *entering])
        return resize(rows, slots=slots) if slots != rows.tokens_RS.shape[1] else rows

    def _take(self, job: Job, token: Ranked, *, skip: int) -> bool:
        """Gives the job its next token; whether that was its last."""
        job.ranking.append(token.ranking)
        if token.token_id == self._engine.endoftext:
            job.transcript.end_of_text(token.token_id, token.logprob)
            return True
        job.ids.append(token.token_id)
        job.transcript.add(token.token_id, self._engine.token_bytes[token.token_id][skip:], token.logprob)
        if not job.transcript.finished and job.remaining == 0:
            job.transcript.finish("length")
        return job.transcript.finished

    def _slide(self, job: Job) -> Job:
        """Moves the job's full window on, so that its more recent half stays."""
        full = self._engine.context_length
        dropped = full - full // 2
        job.prompt = Prompt(tuple(job.ids[dropped:]), NO_HEALING, job.prompt.shift + dropped)
        job.ids = list(job.prompt.ids)
        return job


class _Tokens:
    """Chosen tokens on the host."""

    def __init__(self, choice: Choice, *, with_rankings: bool = True):
        self._token = np.asarray(choice.token)
        self._logprob = np.asarray(choice.logprob)
        if with_rankings:
            self._alternative = np.asarray(choice.alternative)
            self._alternative_logprob = np.asarray(choice.alternative_logprob)

    def ranked(self, place: tuple[int, ...], alternatives: int = MAX_ALTERNATIVES) -> Ranked:
        """The token at a place, with so many alternatives."""
        ranking: tuple[Alternative, ...] = ()
        if alternatives:
            rivals = self._alternative[place].tolist(), self._alternative_logprob[place].tolist()
            ranking = tuple(map(Alternative, *rivals))[:alternatives]
        return Ranked(int(self._token[place]), float(self._logprob[place]), ranking)


def chunk_steps(on_cpu: bool) -> int:
    """Steps between two looks at the text: few on a CPU, where a look is cheap; an accelerator would wait for it."""
    return 8 if on_cpu else 32
