"""The routes of the server, and how its errors look."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from codelm_jax.generation.generator import Generator
from codelm_jax.serving.completions import Completions
from codelm_jax.serving.decoder import Decoder
from codelm_jax.serving.errors import CLIENT_CLOSED_REQUEST, ApiError, as_json
from codelm_jax.serving.gate import Gate
from codelm_jax.serving.metrics import Metrics
from codelm_jax.serving.protocol import (
    CompletionRequest,
    CompletionResponse,
    ErrorResponse,
    Health,
    ModelCard,
    ModelList,
)
from codelm_jax.serving.settings import ServingSettings

T = TypeVar("T")

_SSE = "text/event-stream"
# An answer that is ready has so long to be taken.
_GRACE_SECONDS = 30.0
_REFUSALS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorResponse, "description": "The request is at fault, or has no place."},
    "5XX": {"model": ErrorResponse, "description": "The server is at fault, or was too slow."},
}


_HELD = (
    "this server completes text with POST /v1/completions, which takes a prompt and no chat messages, and has "
    "GET /v1/models, /health, /metrics, /openapi.json and a page at /"
)


class Disconnected(Exception):
    """The client has gone."""


def create_app(
    generator: Generator,
    settings: ServingSettings,
    *,
    band: Mapping[str, Any],
    created: int,
    routes: Sequence[BaseRoute] = (),
    api_key: str | None = None,
    hosts: frozenset[str] | None = None,
    compile_ahead: bool = True,
    show: Callable[[str], None] = lambda line: None,
) -> FastAPI:
    """The server as an ASGI application.

    Args:
        generator: of the completions.
        settings: limits and defaults.
        band: of human code, for collapse figures.
        created: when the model was made, in seconds since 1970.
        routes: more that it answers, e.g. the playground's.
        api_key: what clients must bring, if anything.
        hosts: names by which it may be called; None: any.
        compile_ahead: whether to compile all programs before the first request.
        show: takes lines that say how far the start is.
    """
    metrics = Metrics()
    decoder = Decoder(generator, metrics.observe, compile_ahead=compile_ahead, show=show)
    completions = Completions(generator, decoder, band, settings, metrics)
    metrics.gauge("rows", "Rows decoded together, free ones included.", lambda: decoder.rows)
    metrics.gauge("running", "Completions that have a row.", lambda: decoder.running)
    metrics.gauge("waiting", "Completions that wait for a row.", lambda: decoder.waiting)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        decoder.start()
        yield
        await asyncio.to_thread(decoder.stop)

    app = FastAPI(
        title="codelm_jax",
        version="1",
        summary="Completes Python code; speaks OpenAI's completions interface.",
        lifespan=lifespan,
        # Those pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        routes=list(routes),
    )
    _answer_errors(app)
    model = ModelCard(
        id=settings.model_name,
        created=created,
        context_length=generator.context_length,
        vocab_size=generator.tokenizer.vocab_size,
    )

    @app.post(
        "/v1/completions",
        response_model=CompletionResponse,
        responses={**_REFUSALS, 200: {"content": {_SSE: {"schema": {"type": "string"}}}}},
    )
    async def complete(body: CompletionRequest, request: Request) -> Response:
        """Completes each prompt `n` times; with `stream`, as server-sent events that end with `[DONE]`."""
        accepted = await completions.accept(body)
        release = partial(completions.release, accepted)
        if not body.stream:
            try:
                answer = await _unless_gone(request, completions.complete(accepted))
            finally:
                release()
            return Response(answer.model_dump_json(), media_type="application/json")
        events = _events(completions.stream(accepted))
        try:
            # What goes wrong before the first token still has a status of its own.
            first = await _unless_gone(request, anext(events))
        except BaseException:
            release()
            raise
        return _EventStream(first, events, release)

    @app.get("/v1/models", responses=_REFUSALS)
    async def models() -> ModelList:
        """The model that is served."""
        return ModelList(data=[model])

    @app.get("/v1/models/{model_id:path}", responses=_REFUSALS)
    async def one_model(model_id: str) -> ModelCard:
        """One model by its name."""
        if model_id != model.id:
            raise ApiError(
                HTTPStatus.NOT_FOUND, f"the model {model_id!r} does not exist", code="model_not_found"
            )
        return model

    @app.get("/health", responses={503: {"model": Health}})
    async def health() -> Response:
        """Whether requests are answered at once: 200, or 503 while programs are compiled."""
        state = Health(
            status="ok" if decoder.ready else "loading",
            compiled=decoder.compiled,
            programs=decoder.programs,
        )
        return JSONResponse(state.model_dump(), 200 if decoder.ready else 503)

    @app.get("/metrics", responses=_REFUSALS, response_class=PlainTextResponse)
    async def prometheus() -> Response:
        """Counts and latencies, for Prometheus."""
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    app.add_middleware(
        Gate,
        paths=["/", "/v1/completions", "/v1/models", "/health", "/metrics"],
        api_key=api_key,
        hosts=hosts,
        max_body_bytes=settings.max_body_bytes,
        deadline=settings.request_timeout + _GRACE_SECONDS,
        metrics=metrics,
    )
    return app


def _answer_errors(app: FastAPI) -> None:
    """Gives every error the shape that OpenAI's clients read; none of them tells of the inside."""

    @app.exception_handler(ApiError)
    async def refused(request: Request, error: ApiError) -> Response:
        return error.response()

    @app.exception_handler(Disconnected)
    async def gone(request: Request, error: Disconnected) -> Response:
        return Response(status_code=CLIENT_CLOSED_REQUEST)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = [str(part) for part in first["loc"][1:]]
        if first["type"] == "json_invalid":
            message = f"the body is not valid JSON: {first['ctx']['error']} at character {where[0]}"
            return ApiError(HTTPStatus.BAD_REQUEST, message).response()
        if not where:
            return ApiError(HTTPStatus.BAD_REQUEST, "the body must be a JSON object").response()
        unknown = first["type"] == "extra_forbidden"
        what = "no such key" if unknown else first["msg"]
        key = ".".join(where) if unknown else where[0]
        return ApiError(HTTPStatus.BAD_REQUEST, f"{key}: {what}", param=where[0]).response()

    @app.exception_handler(HTTPException)
    async def other(request: Request, error: HTTPException) -> Response:
        asked = f"{request.method} {request.url.path}"
        if error.status_code == HTTPStatus.NOT_FOUND:
            message = f"there is no {asked}: {_HELD}"
        elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            message = f"{asked} is not possible, only {(error.headers or {}).get('Allow', 'other methods')}"
        else:
            message = str(error.detail)
        response = ApiError(error.status_code, message).response()
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        return ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, "the server made a mistake").response()


async def _events(answers: AsyncGenerator[CompletionResponse, None]) -> AsyncGenerator[str, None]:
    """Server-sent events; an error on the way is one, too, and then the last."""
    begun = False
    try:
        async for answer in answers:
            yield f"data: {answer.model_dump_json()}\n\n"
            begun = True
    except ApiError as error:
        if not begun:
            raise
        yield f"data: {as_json(error.body())}\n\n"
    else:
        yield "data: [DONE]\n\n"


class _EventStream(StreamingResponse):
    """A stream that gives its place back at the end, however it comes."""

    def __init__(self, first: str, rest: AsyncGenerator[str, None], release: Callable[[], None]):
        async def all_events() -> AsyncGenerator[str, None]:
            yield first
            async for event in rest:
                yield event

        super().__init__(
            all_events(), media_type=_SSE, headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        )
        self._release = release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._release()


async def _unless_gone(request: Request, answer: Awaitable[T]) -> T:
    """Waits for the answer, and gives it up when the client leaves."""

    async def departure() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    working = asyncio.ensure_future(answer)
    leaving = asyncio.ensure_future(departure())
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Disconnected
        return working.result()
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)
