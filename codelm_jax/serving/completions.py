"""From a request to its completions: checked, prepared, queued, told as they come."""

import asyncio
import secrets
import time
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

from codelm_jax.errors import UserError
from codelm_jax.generation.generator import Generator
from codelm_jax.generation.job import Job
from codelm_jax.generation.params import SamplingParams
from codelm_jax.serving.choices import collapse, finish_reason, logprobs, tokens_of_prompt
from codelm_jax.serving.decoder import Decoder, DecodingFailed, Progress, Ticket, Token
from codelm_jax.serving.errors import ApiError
from codelm_jax.serving.metrics import Metrics
from codelm_jax.serving.prompts import SentPrompt, read_prompts
from codelm_jax.serving.protocol import (
    DEFAULT_MAX_TOKENS,
    MAX_RULED_LENGTH,
    Choice,
    CompletionRequest,
    CompletionResponse,
    ServedOverflow,
    Usage,
)
from codelm_jax.serving.settings import ServingSettings

# Keys that SamplingParams and the interface share, name and default.
_SHARED = (
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "repetition_penalty",
    "no_repeat_ngram",
    "spare_syntax",
    "heal",
    "n",
)


@dataclass(frozen=True)
class Accepted:
    """A request that has its place.

    Attributes:
        request: what was asked.
        seed: of the sampling.
        prompts: what is to be completed.
        before: their tokens, where these come back with probabilities.
        ticket: the completions, those of one prompt in a row.
        began: when it came, on the monotonic clock.
        id: of the answer.
        created: when it came, in seconds since 1970.
    """

    request: CompletionRequest
    seed: int
    prompts: Sequence[SentPrompt]
    before: Sequence[Sequence[Token]]
    ticket: Ticket
    began: float
    id: str
    created: int

    @property
    def prompt_tokens(self) -> int:
        """Tokens of all prompts, as the client sent them."""
        return sum(prompt.count for prompt in self.prompts)


class Completions:
    """Answers completion requests of all clients with one decoder."""

    def __init__(
        self,
        generator: Generator,
        decoder: Decoder,
        band: Mapping[str, Any],
        settings: ServingSettings,
        metrics: Metrics,
    ):
        """Begins with no request.

        Args:
            generator: prepares prompts.
            decoder: runs them.
            band: of human code, for collapse figures.
            settings: limits and defaults.
            metrics: counts.
        """
        self._generator = generator
        self._decoder = decoder
        self._band = band
        self._settings = settings
        self._metrics = metrics
        self._capacity = generator.max_rows + settings.max_queue
        self._in_flight = 0

    async def accept(self, request: CompletionRequest) -> Accepted:
        """Checks a request and queues it.

        Raises:
            ApiError: it asks for what is not possible, or there is no room.
        """
        began = time.monotonic()
        if request.model not in (None, self._settings.model_name):
            raise ApiError(
                HTTPStatus.NOT_FOUND,
                f"the model {request.model!r} does not exist; this server has {self._settings.model_name!r}",
                param="model",
                code="model_not_found",
            )
        if request.best_of not in (None, request.n or 1):
            raise ApiError(
                HTTPStatus.BAD_REQUEST,
                f"best_of = {request.best_of}: all completions are returned, so it can only equal n",
                param="best_of",
            )
        seed = secrets.randbits(32) if request.seed is None else request.seed
        contents = request.contents()
        count = len(contents) * (request.n or 1)
        if count > self._capacity:
            raise ApiError(
                HTTPStatus.BAD_REQUEST,
                f"{len(contents)} prompts with n = {request.n or 1} are {count} completions; "
                f"this server takes {self._capacity} at once",
                param="n",
            )
        # The place is taken before anything that waits, and given back whatever happens after.
        if self._in_flight + count > self._capacity:
            raise ApiError(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"{self._in_flight} completions are under way or waiting already; try again later",
                code="queue_full",
                retry_after=1,
            )
        self._in_flight += count
        try:
            prompts = await asyncio.to_thread(read_prompts, self._generator, contents)
            jobs = await asyncio.to_thread(self._jobs, prompts, request, seed)
            before = await self._before(prompts, request)
        except UserError as error:
            self._in_flight -= count
            raise ApiError(HTTPStatus.BAD_REQUEST, str(error), param="prompt") from None
        except BaseException:
            self._in_flight -= count
            raise
        ticket = Ticket(jobs, streams=bool(request.stream), began=began)
        # Where nothing is to be written, nothing is under way.
        self._in_flight -= count - len(jobs)
        if jobs:
            self._decoder.submit(ticket)
        accepted = Accepted(
            request=request,
            seed=seed,
            prompts=prompts,
            before=before,
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
        return self._response(accepted, choices, usage=self._usage(accepted))

    async def stream(self, accepted: Accepted) -> AsyncGenerator[CompletionResponse, None]:
        """The answer in pieces.

        Raises:
            ApiError: it took too long.
        """
        request, begun = accepted.request, set()
        async for progress in self._progress(accepted):
            for each in progress:
                yield self._response(accepted, [self._choice(accepted, each, echoes=each.index not in begun)])
                begun.add(each.index)
        if request.stream_options and request.stream_options.include_usage:
            yield self._response(accepted, [], usage=self._usage(accepted))

    def release(self, accepted: Accepted) -> None:
        """Gives back what a request still occupies; to be called at its end, whatever that was."""
        ticket = accepted.ticket
        if ticket.unfinished:
            self._in_flight -= ticket.unfinished
            ticket.unfinished = 0
            self._decoder.cancel(ticket)

    async def _progress(self, accepted: Accepted) -> AsyncGenerator[Sequence[Progress], None]:
        ticket, settings = accepted.ticket, self._settings
        end = accepted.began + settings.request_timeout
        limit = min(end, accepted.began + settings.queue_timeout)
        first = True
        if not ticket.jobs:
            count = len(accepted.prompts) * (accepted.request.n or 1)
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

    def _params(self, request: CompletionRequest, seed: int, overflow: ServedOverflow) -> SamplingParams:
        if request.stop and request.stop_rule:
            raise ApiError(
                HTTPStatus.BAD_REQUEST, "stop and stop_rule exclude each other: give one", param="stop_rule"
            )
        stop = (request.stop,) if isinstance(request.stop, str) else tuple(request.stop or ())
        values = {key: value for key in _SHARED if (value := getattr(request, key)) is not None}
        return SamplingParams(
            **values,
            stop=request.stop_rule or stop,
            seed=seed,
            # What is capped fits.
            overflow="error" if overflow == "cap" else overflow,
        )

    def _jobs(self, prompts: Sequence[SentPrompt], request: CompletionRequest, seed: int) -> list[Job]:
        """The completions, none of which has begun; none at all where no token is asked for."""
        if request.max_tokens == 0:
            if not request.echo:
                raise ApiError(
                    HTTPStatus.BAD_REQUEST, "max_tokens = 0 asks for nothing without echo", param="max_tokens"
                )
            return []
        overflow = request.overflow or self._settings.overflow
        params = self._params(request, seed, overflow)
        ruled = sum(len(prompt.content) for prompt in prompts) * params.n
        if request.stop_rule and ruled > MAX_RULED_LENGTH:
            # A rule reads the code before it, for each completion and on the thread that serves everybody.
            raise ApiError(
                HTTPStatus.BAD_REQUEST,
                f"stop_rule reads the prompts once for each completion, {ruled} characters or tokens in all; at most "
                f"{MAX_RULED_LENGTH} are taken: send the end of the text only, or use stop",
                param="stop_rule",
            )
        asked = DEFAULT_MAX_TOKENS if request.max_tokens is None else request.max_tokens
        # All of them are checked before the first is prepared.
        limits = [prompt.most_tokens(asked, overflow) for prompt in prompts]
        return [
            job
            for prompt, limit in zip(prompts, limits, strict=True)
            for job in self._generator.jobs(
                prompt.content, params.replace(max_new_tokens=limit), alternatives=request.logprobs or 0
            )
        ]

    async def _before(
        self, prompts: Sequence[SentPrompt], request: CompletionRequest
    ) -> list[tuple[Token, ...]]:
        if not request.echo or request.logprobs is None:
            return []
        for prompt in prompts:
            prompt.require_room_for_scores()
        try:
            async with asyncio.timeout(self._settings.queue_timeout):
                return [
                    tokens_of_prompt(
                        self._generator.tokenizer,
                        await self._decoder.call(partial(self._generator.rank, prompt.content)),
                        brings_endoftext=not prompt.added,
                    )
                    for prompt in prompts
                ]
        except TimeoutError:
            raise self._too_late(waited=True) from None

    def _choice(self, accepted: Accepted, progress: Progress, *, echoes: bool) -> Choice:
        request = accepted.request
        number = progress.index // (request.n or 1)
        prompt = accepted.prompts[number].text if request.echo else ""
        before = accepted.before[number] if echoes and accepted.before else ()
        reason = finish_reason(progress.finish_reason)
        judged = accepted.ticket.jobs if reason and request.collapse else ()
        return Choice(
            index=progress.index,
            text=(prompt if echoes else "") + progress.text,
            logprobs=None
            if request.logprobs is None
            else logprobs(self._generator.tokenizer, before, progress.tokens, len(prompt), request.logprobs),
            finish_reason=reason,
            collapse=collapse(judged[progress.index], self._band) if judged else None,
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

    def _usage(self, accepted: Accepted) -> Usage:
        prompt = accepted.prompt_tokens
        completion = sum(job.transcript.token_count for job in accepted.ticket.jobs)
        return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)
