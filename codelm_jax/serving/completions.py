"""The life of a completion request: it gets its place, its completions arrive, its place becomes free."""

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

from codelm_jax.generation.generator import Generator
from codelm_jax.generation.scoring import score_prompt
from codelm_jax.generation.transcript import ScoredToken
from codelm_jax.serving.choices import collapse, finish_reason, logprobs
from codelm_jax.serving.decoder import Decoder
from codelm_jax.serving.errors import ApiError
from codelm_jax.serving.metrics import Metrics
from codelm_jax.serving.preparation import check_request, prepare
from codelm_jax.serving.prompts import SentPrompt
from codelm_jax.serving.protocol import Choice, CompletionRequest, CompletionResponse, Usage
from codelm_jax.serving.settings import ServingSettings
from codelm_jax.serving.ticket import DecodingFailed, Progress, Ticket


@dataclass(frozen=True)
class Accepted:
    """A request that has its place.

    Attributes:
        body: of the request.
        seed: of the sampling.
        prompts: to complete.
        scored: tokens of each prompt, where the answer returns them with probabilities.
        ticket: the completions, those of one prompt in a row.
        began: arrival on the monotonic clock.
        id: of the answer.
        created: arrival in seconds since 1970.
    """

    body: CompletionRequest
    seed: int
    prompts: Sequence[SentPrompt]
    scored: Sequence[Sequence[ScoredToken]]
    ticket: Ticket
    began: float
    id: str
    created: int

    @property
    def prompt_tokens(self) -> int:
        """Tokens of all prompts, as the client sent them."""
        return sum(prompt.count for prompt in self.prompts)


class Completions:
    """Answers the completion requests of all clients with one decoder."""

    def __init__(
        self,
        generator: Generator,
        decoder: Decoder,
        band: Mapping[str, Any],
        settings: ServingSettings,
        metrics: Metrics,
    ):
        """No request is under way.

        Args:
            generator: prepares prompts.
            decoder: decodes.
            band: of human code, for collapse figures.
            settings: limits and defaults.
            metrics: counts.
        """
        self._generator = generator
        self._decoder = decoder
        self._band = band
        self._settings = settings
        self._metrics = metrics
        self._capacity = generator.engine.max_rows + settings.max_queue
        self._in_flight = 0

    async def accept(self, body: CompletionRequest) -> Accepted:
        """Checks a request and queues it.

        Raises:
            ApiError: it asks for something that is not possible, or there is no room.
        """
        began = time.monotonic()
        check_request(body, self._settings.model_name)
        count = self._take_place(body)
        try:
            prepared = await asyncio.to_thread(
                prepare, self._generator.text_model, body, self._settings.overflow
            )
            scored = await self._scored(prepared.prompts, body)
        except BaseException:
            self._in_flight -= count
            raise
        ticket = Ticket(prepared.completions, streams=bool(body.stream), began=began)
        # A request for no new token is answered at once and needs no place.
        self._in_flight -= count - len(ticket.completions)
        if ticket.completions:
            self._decoder.submit(ticket)
        accepted = Accepted(
            body=body,
            seed=prepared.seed,
            prompts=prepared.prompts,
            scored=scored,
            ticket=ticket,
            began=began,
            id=f"cmpl-{uuid.uuid4().hex}",
            created=int(time.time()),
        )
        self._metrics.prompt_tokens.inc(accepted.prompt_tokens)
        return accepted

    async def complete(self, accepted: Accepted) -> CompletionResponse:
        """The whole answer.

        Raises:
            ApiError: it took too long.
        """
        ends: dict[int, Progress] = {}
        async for progress in self._progress(accepted):
            ends.update({each.index: each for each in progress})
        choices = [self._choice(accepted, ends[i], echoes=True) for i in sorted(ends)]
        return self._response(accepted, choices, usage=_usage(accepted))

    async def stream(self, accepted: Accepted) -> AsyncGenerator[CompletionResponse, None]:
        """The answer in pieces.

        Raises:
            ApiError: it took too long.
        """
        options, begun = accepted.body.stream_options, set()
        async for progress in self._progress(accepted):
            for each in progress:
                yield self._response(accepted, [self._choice(accepted, each, echoes=each.index not in begun)])
                begun.add(each.index)
        if options and options.include_usage:
            yield self._response(accepted, [], usage=_usage(accepted))

    def release(self, accepted: Accepted) -> None:
        """Frees what a request still occupies; to be called at its end, whatever that was."""
        ticket = accepted.ticket
        if ticket.unfinished:
            self._in_flight -= ticket.unfinished
            ticket.unfinished = 0
            self._decoder.cancel(ticket)

    def _take_place(self, body: CompletionRequest) -> int:
        """Counts the request's completions as under way, before anything that waits, and returns their number."""
        prompts, n = len(body.contents()), body.n or 1
        count = prompts * n
        if count > self._capacity:
            raise ApiError(
                HTTPStatus.BAD_REQUEST,
                f"{prompts} prompts with n = {n} are {count} completions; this server takes {self._capacity} at once",
                param="n",
            )
        if self._in_flight + count > self._capacity:
            raise ApiError(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"{self._in_flight} completions are under way or waiting already; try again later",
                code="queue_full",
                retry_after=1,
            )
        self._in_flight += count
        return count

    async def _scored(
        self, prompts: Sequence[SentPrompt], body: CompletionRequest
    ) -> list[list[ScoredToken]]:
        """Tokens of the prompts with their probabilities, where the request asks for them."""
        if not body.echo or body.logprobs is None:
            return []
        for prompt in prompts:
            prompt.require_room_for_scores()
        model, buckets = self._generator.text_model, self._generator.engine.buckets
        # A client's own <|endoftext|> has no probability: nothing precedes it.
        first = ScoredToken(model.tokenizer.endoftext_id, 0, None)
        scored = []
        try:
            async with asyncio.timeout(self._settings.queue_timeout):
                for prompt in prompts:
                    call = partial(score_prompt, model, prompt.encoded.ids, buckets)
                    own = [] if prompt.encoded.added else [first]
                    scored.append(own + await self._decoder.call(call))
        except TimeoutError:
            raise self._too_late(waited=True) from None
        return scored

    async def _progress(self, accepted: Accepted) -> AsyncGenerator[Sequence[Progress], None]:
        ticket, settings = accepted.ticket, self._settings
        end = accepted.began + settings.request_timeout
        limit = min(end, accepted.began + settings.queue_timeout)
        first = True
        if not ticket.completions:
            count = len(accepted.prompts) * (accepted.body.n or 1)
            yield [Progress(index, "", (), "length") for index in range(count)]
        try:
            while ticket.unfinished:
                async with asyncio.timeout(max(0.0, limit - time.monotonic())):
                    progress = await ticket.progress()
                done = sum(each.finish_reason is not None for each in progress)
                ticket.unfinished -= done
                self._in_flight -= done
                first, limit = False, end
                yield progress
        except TimeoutError:
            raise self._too_late(waited=first) from None
        except DecodingFailed:
            raise ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, "the model failed; the log says why") from None

    def _too_late(self, *, waited: bool) -> ApiError:
        what = "wait for a row" if waited else "take"
        seconds = self._settings.queue_timeout if waited else self._settings.request_timeout
        return ApiError(
            HTTPStatus.SERVICE_UNAVAILABLE if waited else HTTPStatus.GATEWAY_TIMEOUT,
            f"no request may {what} longer than {seconds:g} s here; try again later, or ask for less",
            code="timeout",
            retry_after=1 if waited else None,
        )

    def _choice(self, accepted: Accepted, progress: Progress, *, echoes: bool) -> Choice:
        body, tokenizer = accepted.body, self._generator.text_model.tokenizer
        number = progress.index // (body.n or 1)
        prompt = accepted.prompts[number].encoded.text if body.echo else ""
        before = accepted.scored[number] if echoes and accepted.scored else ()
        reason = finish_reason(progress.finish_reason)
        judged = accepted.ticket.completions if reason and body.collapse else ()
        return Choice(
            index=progress.index,
            text=(prompt if echoes else "") + progress.text,
            logprobs=None
            if body.logprobs is None
            else logprobs(tokenizer, before, progress.tokens, len(prompt), body.logprobs),
            finish_reason=reason,
            collapse=collapse(judged[progress.index].transcript.completion(), self._band) if judged else None,
        )

    def _response(
        self, accepted: Accepted, choices: list[Choice], usage: Usage | None = None
    ) -> CompletionResponse:
        return CompletionResponse(
            id=accepted.id,
            created=accepted.created,
            model=self._settings.model_name,
            seed=accepted.seed,
            choices=choices,
            usage=usage,
        )


def _usage(accepted: Accepted) -> Usage:
    prompt = accepted.prompt_tokens
    completion = sum(each.transcript.token_count for each in accepted.ticket.completions)
    return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)
