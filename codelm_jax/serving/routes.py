"""The routes of the server."""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from codelm_jax.serving.completions import Completions
from codelm_jax.serving.decoder import Decoder
from codelm_jax.serving.errors import ApiError
from codelm_jax.serving.metrics import Metrics
from codelm_jax.serving.protocol import (
    CompletionRequest,
    CompletionResponse,
    ErrorResponse,
    Health,
    ModelCard,
    ModelList,
)
from codelm_jax.serving.streaming import EVENT_STREAM, EventStream, events, unless_disconnected

_REFUSALS: Mapping[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorResponse, "description": "The request is at fault, or has no place."},
    "5XX": {"model": ErrorResponse, "description": "The server is at fault, or was too slow."},
}


def completion_routes(completions: Completions) -> APIRouter:
    """The route that completes prompts."""
    router = APIRouter()

    @router.post(
        "/v1/completions",
        response_model=CompletionResponse,
        responses={**_REFUSALS, 200: {"content": {EVENT_STREAM: {"schema": {"type": "string"}}}}},
    )
    async def complete(body: CompletionRequest, request: Request) -> Response:
        """Completes each prompt `n` times; with `stream`, as server-sent events that end with `[DONE]`."""
        accepted = await completions.accept(body)
        release = partial(completions.release, accepted)
        if not body.stream:
            try:
                answer = await unless_disconnected(request, completions.complete(accepted))
            finally:
                release()
            return Response(answer.model_dump_json(), media_type="application/json")
        stream = events(completions.stream(accepted))
        try:
            # An error before the first token still has its own status.
            first = await unless_disconnected(request, anext(stream))
        except BaseException:
            release()
            raise
        return EventStream(first, stream, release)

    return router


def model_routes(model: ModelCard) -> APIRouter:
    """The routes that describe the served model."""
    router = APIRouter()

    @router.get("/v1/models", responses={**_REFUSALS})
    async def models() -> ModelList:
        """The model that is served."""
        return ModelList(data=[model])

    @router.get("/v1/models/{model_id:path}", responses={**_REFUSALS})
    async def one_model(model_id: str) -> ModelCard:
        """One model by its name."""
        if model_id != model.id:
            raise ApiError(
                HTTPStatus.NOT_FOUND, f"the model {model_id!r} does not exist", code="model_not_found"
            )
        return model

    return router


def status_routes(decoder: Decoder, metrics: Metrics) -> APIRouter:
    """The routes for load balancers and Prometheus."""
    router = APIRouter()

    @router.get("/health", responses={503: {"model": Health}})
    async def health() -> Response:
        """Whether requests are answered at once: 200, or 503 while programs are compiled."""
        state = Health(
            status="ok" if decoder.ready else "loading",
            compiled=decoder.compiled,
            programs=decoder.programs,
        )
        return JSONResponse(state.model_dump(), 200 if decoder.ready else 503)

    @router.get("/metrics", responses={**_REFUSALS}, response_class=PlainTextResponse)
    async def prometheus() -> Response:
        """Counts and latencies, for Prometheus."""
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router
