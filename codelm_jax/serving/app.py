"""Joins the parts of the server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.routing import BaseRoute

from codelm_jax.generation.generator import Generator
from codelm_jax.serving.completions import Completions
from codelm_jax.serving.decoder import Decoder
from codelm_jax.serving.error_responses import answer_errors
from codelm_jax.serving.gate import Gate
from codelm_jax.serving.metrics import Metrics
from codelm_jax.serving.protocol import ModelCard
from codelm_jax.serving.routes import completion_routes, model_routes, status_routes
from codelm_jax.serving.settings import ServingSettings

# Time that a client has to take an answer that is ready.
_GRACE_SECONDS = 30.0


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
        created: creation time of the model, in seconds since 1970.
        routes: further routes, e.g. the playground's.
        api_key: key that clients must send; None: none.
        hosts: names that clients may call the server by; None: any.
        compile_ahead: whether to compile all programs before the first request.
        show: takes a line for each step of the start.
    """
    metrics = Metrics()
    decoder = Decoder(generator, metrics.observe, compile_ahead=compile_ahead, show=show)
    _add_gauges(metrics, decoder)
    app = _empty_app(decoder, routes)
    answer_errors(app)
    model = ModelCard(
        id=settings.model_name,
        created=created,
        context_length=generator.text_model.context_length,
        vocab_size=generator.text_model.tokenizer.vocab_size,
    )
    app.include_router(completion_routes(Completions(generator, decoder, band, settings, metrics)))
    app.include_router(model_routes(model))
    app.include_router(status_routes(decoder, metrics))
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


def _empty_app(decoder: Decoder, routes: Sequence[BaseRoute]) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        decoder.start()
        yield
        await asyncio.to_thread(decoder.stop)

    return FastAPI(
        title="codelm_jax",
        version="1",
        summary="Completes Python code; speaks OpenAI's completions interface.",
        lifespan=lifespan,
        # Those pages load scripts from other servers.
        docs_url=None,
        redoc_url=None,
        routes=list(routes),
    )


def _add_gauges(metrics: Metrics, decoder: Decoder) -> None:
    metrics.gauge("rows", "Rows decoded together, free ones included.", lambda: decoder.rows)
    metrics.gauge("running", "Completions that have a row.", lambda: decoder.running)
    metrics.gauge("waiting", "Completions that wait for a row.", lambda: decoder.waiting)
