"""Checks every request before the application sees it: host, origin, key and size."""

import asyncio
import contextlib
import hmac
from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from codelm_jax.serving.bodies import JSON_PATHS, require_json
from codelm_jax.serving.errors import ApiError
from codelm_jax.serving.metrics import Metrics

# The page, its files and the routes for load balancers; they reveal nothing about the model.
_OPEN_PATHS = frozenset({"/", "/health", "/openapi.json"})
_OPEN_PREFIX = "/playground/"
_BODY_SECONDS = 10.0


class Gate:
    """ASGI middleware that checks and counts requests."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        paths: Sequence[str],
        api_key: str | None,
        hosts: frozenset[str] | None,
        max_body_bytes: int,
        deadline: float,
        metrics: Metrics,
    ):
        """Wraps `app`.

        Args:
            app: of the server.
            paths: those that are counted by name.
            api_key: key that clients must send; None: none.
            hosts: host names that clients may use; None: any. Without a key this list stops pages whose own name
                resolves to this server (DNS rebinding).
            max_body_bytes: of a request.
            deadline: seconds after which a connection is closed if its client does not read the answer.
            metrics: counts.
        """
        self._app = app
        self._paths = frozenset(paths)
        self._api_key = api_key.encode() if api_key is not None else None
        self._hosts = hosts
        self._max_body_bytes = max_body_bytes
        self._deadline = deadline
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"] if scope["path"] in self._paths else "other"
        status = [HTTPStatus.INTERNAL_SERVER_ERROR.value]

        async def counting_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
            await send(message)

        headers = Headers(scope=scope)
        try:
            try:
                await self._check_headers(scope["path"], headers, receive)
                body = await self._read_body(receive)
                if scope["method"] == "POST" and scope["path"] in JSON_PATHS:
                    require_json(headers, body)
            except ApiError as error:
                await error.response()(scope, receive, counting_send)
                return
            if scope["method"] == "HEAD":
                # As GET; the server knows the original method and sends no body.
                scope = {**scope, "method": "GET"}
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._deadline):
                    await self._app(scope, _replaying(body, receive), counting_send)
        finally:
            self._metrics.requests.labels(path, str(status[0])).inc()

    async def _check_headers(self, path: str, headers: Headers, receive: Receive) -> None:
        try:
            self._check_origin(headers)
            self._check_key(path, headers)
            announced = headers.get("content-length", "0")
            if announced.isdecimal() and int(announced) > self._max_body_bytes:
                raise self._too_large()
        except ApiError:
            if headers.get("expect", "").lower() != "100-continue":
                await _discard_body(receive)
            raise

    def _too_large(self) -> ApiError:
        return ApiError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"a request may have {self._max_body_bytes} bytes here",
            code="request_too_large",
        )

    def _check_origin(self, headers: Headers) -> None:
        host = headers.get("host", "")
        if self._hosts is not None and _name(host) not in self._hosts:
            raise ApiError(
                HTTPStatus.FORBIDDEN, f"this server is not called {_name(host)!r}", code="host_not_allowed"
            )
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in (f"http://{host.lower()}", f"https://{host.lower()}"):
            raise ApiError(
                HTTPStatus.FORBIDDEN, "pages of other origins may not ask here", code="origin_not_allowed"
            )

    def _check_key(self, path: str, headers: Headers) -> None:
        if self._api_key is None or path in _OPEN_PATHS or path.startswith(_OPEN_PREFIX):
            return
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._api_key):
            raise ApiError(
                HTTPStatus.UNAUTHORIZED,
                "the API key is missing or wrong: send it as 'Authorization: Bearer KEY'",
                code="invalid_api_key",
            )

    async def _read_body(self, receive: Receive) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return bytes(body)
                    body += message.get("body", b"")
                    more = message.get("more_body", False)
                    if len(body) > self._max_body_bytes:
                        if more:
                            await _discard_body(receive)
                        raise self._too_large()
                    if not more:
                        return bytes(body)
        except TimeoutError:
            raise ApiError(
                HTTPStatus.REQUEST_TIMEOUT, "the request came too slowly", code="timeout"
            ) from None


async def _discard_body(receive: Receive) -> None:
    """Reads the rest of a refused request: a client that is still sending would get a reset instead of the answer."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_BODY_SECONDS):
            while (await receive()).get("more_body", False):
                pass


def _name(host: str) -> str:
    """A host without its port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _replaying(body: bytes, receive: Receive) -> Receive:
    """A `receive` that first returns the body that has been read."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay
