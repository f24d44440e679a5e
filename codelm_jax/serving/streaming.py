"""Answers that take a while: server-sent events, and clients that leave before the end."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

from fastapi import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from codelm_jax.serving.errors import ApiError, as_json
from codelm_jax.serving.protocol import CompletionResponse

T = TypeVar("T")

EVENT_STREAM = "text/event-stream"


class Disconnected(Exception):
    """The client has gone."""


async def events(answers: AsyncGenerator[CompletionResponse, None]) -> AsyncGenerator[str, None]:
    """Answers as server-sent events; an error after the first one is an event, too, and the last.

    Raises:
        ApiError: before the first event.
    """
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


class EventStream(StreamingResponse):
    """A stream of events that calls `release` at its end, whatever that is."""

    def __init__(self, first: str, rest: AsyncGenerator[str, None], release: Callable[[], None]):
        async def all_events() -> AsyncGenerator[str, None]:
            yield first
            async for event in rest:
                yield event

        super().__init__(
            all_events(),
            media_type=EVENT_STREAM,
            headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
        )
        self._release = release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._release()


async def unless_disconnected(request: Request, answer: Awaitable[T]) -> T:
    """Waits for the answer; cancels it when the client disconnects.

    Raises:
        Disconnected: the client has gone.
    """

    async def disconnection() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    working = asyncio.ensure_future(answer)
    gone = asyncio.ensure_future(disconnection())
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Disconnected
        return working.result()
    finally:
        for task in (working, gone):
            task.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)
