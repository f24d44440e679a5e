"""Takes any number of completions through the programs: inserts, decodes in chunks, slides windows, frees rows.

The host sees the tokens of a chunk at a time. Between two chunks texts end, rows become free and waiting completions
take them. None of that changes a text, because its randomness depends on its own seed and positions only.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from codelm_jax.generation.batch_arrays import pad_column, pad_insertion
from codelm_jax.generation.decode import (
    NO_TOKEN,
    BatchRows,
    decode,
    empty_rows,
    insert,
    resize,
    take_rows,
)
from codelm_jax.generation.engine import Engine
from codelm_jax.generation.healing import NO_HEALING
from codelm_jax.generation.next_token import ChosenTokens
from codelm_jax.generation.prefill import PaddedPrompts, Prefilled, choose_first, prefill
from codelm_jax.generation.request import DecodeRequest, Prompt
from codelm_jax.generation.transcript import TopLogprob


class BatchScheduler:
    """Completions decoded together; they may join and leave between any two steps."""

    def __init__(self, engine: Engine, params: dict):
        """An empty batch.

        Args:
            engine: programs of the model.
            params: of the model.
        """
        self._engine = engine
        self._params = params
        self._rows: BatchRows | None = None
        # The request in each row.
        self._running: list[DecodeRequest | None] = []
        self._waiting: deque[DecodeRequest] = deque()

    @property
    def row_count(self) -> int:
        """Rows that a step decodes, including free ones."""
        return len(self._running)

    @property
    def running(self) -> list[DecodeRequest]:
        """Requests that have a row."""
        return [request for request in self._running if request is not None]

    @property
    def waiting(self) -> Sequence[DecodeRequest]:
        """Requests without a row, in order of arrival."""
        return self._waiting

    @property
    def busy(self) -> bool:
        """Whether a step has anything to do."""
        return bool(self._waiting or self.running)

    def add(self, requests: Iterable[DecodeRequest]) -> None:
        """Queues requests for the next step that has rows for them; neighbours with one prompt share its prefill."""
        self._waiting.extend(requests)

    def remove(self, request: DecodeRequest) -> None:
        """Takes a request out of the batch, if it is there."""
        if request in self._waiting:
            self._waiting.remove(request)
        self._running = [None if running is request else running for running in self._running]

    def run(self, requests: Sequence[DecodeRequest]) -> Iterator[None]:
        """Completes the requests; yields whenever their transcripts have grown."""
        # Neighbours of one length need least padding, and completions of one prompt share its prefill.
        number = {prompt: i for i, prompt in enumerate(dict.fromkeys(each.prompt for each in requests))}
        self.add(sorted(requests, key=lambda each: (len(each.prompt.ids), number[each.prompt])))
        while self.busy:
            yield from self.step()

    def step(self) -> Iterator[None]:
        """Inserts waiting requests, or decodes a chunk; yields whenever transcripts have grown.

        Nothing may join or leave before the iterator is exhausted.
        """
        rows = self._fit_rows()
        if rows is None:
            return
        full = self._engine.context_length
        sliding = [
            (row, request)
            for row, request in enumerate(self._running)
            if request is not None and len(request.ids) == full
        ]
        if entering := self._entering():
            yield from self._insert(rows, entering)
        elif sliding:
            yield from self._insert(rows, [(row, self._slide(request)) for row, request in sliding])
        else:
            self._rows = self._decode(rows)
            yield
        if not self.busy:
            # The cache goes, too: the next completions may be short.
            self._rows, self._running = None, []

    def _fit_rows(self) -> BatchRows | None:
        """The rows, brought to the number that the requests need; None without any request."""
        engine, running, count = self._engine, len(self.running), self.row_count
        needed = running + len(self._waiting)
        if not needed:
            self._rows, self._running = None, []
            return None
        wanted = engine.buckets.count(needed, engine.max_rows)
        if self._rows is None:
            self._running = [None] * wanted
            return empty_rows(engine.model, wanted, engine.cache_length([self._waiting[0]]))
        if wanted > count or (wanted < count and not self._waiting):
            kept = [row for row, request in enumerate(self._running) if request is not None]
            self._running = [*self.running, *[None] * (wanted - running)]
            return take_rows(engine.model, self._rows, pad_column(kept, wanted, fill=count))
        return self._rows

    def _entering(self) -> list[tuple[int, DecodeRequest]]:
        free = [row for row, request in enumerate(self._running) if request is None]
        # An insertion holds up all rows: under load a few large ones are better than many small ones.
        if len(free) < min(len(self._waiting), max(1, self.row_count // 4)):
            return []
        return [
            (row, self._waiting.popleft()) for row, _ in zip(free, range(len(self._waiting)), strict=False)
        ]

    def _decode(self, rows: BatchRows) -> BatchRows:
        engine = self._engine
        rows = self._fit_cache(rows)
        rows, chosen_RC = decode(engine.model, self._params, engine.vocabulary, rows, steps=engine.chunk)
        tokens = _HostTokens(chosen_RC, with_top=any(request.top_logprobs for request in self.running))
        for row, request in enumerate(self._running):
            for place in range(engine.chunk if request is not None else 0):
                assert request is not None
                token_id = tokens.token_id((row, place))
                if token_id == NO_TOKEN:
                    break
                if self._append(request, tokens, (row, place)):
                    self._running[row] = None
                    break
        return rows

    def _insert(self, rows: BatchRows, entering: Sequence[tuple[int, DecodeRequest]]) -> Iterator[None]:
        engine = self._engine
        rows = self._fit_cache(rows, [request for _, request in entering])
        for group in engine.groups(entering):
            prompts = list(dict.fromkeys(request.prompt for _, request in group))
            padded = engine.pad_prompts(prompts)
            prefilled = prefill(engine.model, self._params, padded)
            at_once = engine.buckets.max_inserts
            for first in range(0, len(group), at_once):
                rows = self._start(rows, group[first : first + at_once], prompts, padded, prefilled)
                self._rows = rows
                yield

    def _start(
        self,
        rows: BatchRows,
        group: Sequence[tuple[int, DecodeRequest]],
        prompts: Sequence[Prompt],
        padded: PaddedPrompts,
        prefilled: Prefilled,
    ) -> BatchRows:
        """Chooses the first tokens of the group and inserts its rows."""
        engine = self._engine
        count = engine.buckets.count(len(group), max(engine.max_rows, len(group)))
        insertion = pad_insertion(
            group, prompts, count=count, no_row=self.row_count, context=engine.context_length
        )
        chosen, place_N = choose_first(engine.model, engine.vocabulary, padded, prefilled, insertion)
        rows = insert(
            engine.model, engine.vocabulary, rows, padded, prefilled, insertion, chosen.token, place_N
        )
        tokens = _HostTokens(chosen, with_top=any(request.top_logprobs for _, request in group))
        for n, ((row, request), place) in enumerate(zip(group, np.asarray(place_N).tolist(), strict=False)):
            token_id = tokens.token_id((n,))
            as_typed = place < len(request.ids) and token_id == request.ids[place]
            del request.ids[place:]
            self._running[row] = request
            if as_typed:
                request.ids.append(token_id)
            else:
                skip = request.prompt.healing.skip(place - request.prompt.kept)
                if self._append(request, tokens, (n,), skip=skip):
                    self._running[row] = None
        return rows

    def _fit_cache(self, rows: BatchRows, entering: Sequence[DecodeRequest] = ()) -> BatchRows:
        length = self._engine.cache_length([*self.running, *entering])
        return resize(rows, cache_length=length) if length != rows.tokens_RS.shape[1] else rows

    def _append(
        self, request: DecodeRequest, tokens: "_HostTokens", place: tuple[int, ...], *, skip: int = 0
    ) -> bool:
        """Gives the request its next token, without its first `skip` bytes; True if that was its last."""
        token_id, logprob = tokens.token_id(place), tokens.logprob(place)
        top = tokens.top_logprobs(place, request.top_logprobs)
        if token_id == self._engine.endoftext:
            request.transcript.end_of_text(token_id, logprob, top)
            return True
        request.ids.append(token_id)
        request.transcript.add(token_id, self._engine.token_bytes[token_id][skip:], logprob, top)
        if not request.transcript.finished and request.remaining == 0:
            request.transcript.finish("length")
        return request.transcript.finished

    def _slide(self, request: DecodeRequest) -> DecodeRequest:
        """Moves the full window of a request forward: its more recent half stays."""
        full = self._engine.context_length
        dropped = full - full // 2
        offset = request.prompt.position_offset + dropped
        request.prompt = Prompt(tuple(request.ids[dropped:]), NO_HEALING, offset)
        request.ids = list(request.prompt.ids)
        return request


class _HostTokens:
    """Chosen tokens on the host."""

    def __init__(self, chosen: ChosenTokens, *, with_top: bool):
        self._token = np.asarray(chosen.token)
        self._logprob = np.asarray(chosen.logprob)
        if with_top:
            self._top_token = np.asarray(chosen.top_token)
            self._top_logprob = np.asarray(chosen.top_logprob)

    def token_id(self, place: tuple[int, ...]) -> int:
        return int(self._token[place])

    def logprob(self, place: tuple[int, ...]) -> float:
        return float(self._logprob[place])

    def top_logprobs(self, place: tuple[int, ...], count: int) -> tuple[TopLogprob, ...]:
        if not count:
            return ()
        top = self._top_token[place].tolist(), self._top_logprob[place].tolist()
        return tuple(map(TopLogprob, *top))[:count]
