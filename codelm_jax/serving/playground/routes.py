"""Routes of the playground: the page at `/`, its files and its worked examples below `/playground/`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_STATIC = Path(__file__).parent / "static"
# The page loads from this server only, no other page may show it in a frame, and the browser refuses to turn text into
# markup (trusted types).
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "object-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Validated each time (304): a newer version of the package takes effect at once.
    "Cache-Control": "no-cache",
}
# Some systems' tables say text/plain, which browsers refuse for modules.
_MEDIA_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


class WorkedExamples(Protocol):
    """Worked examples and prompts that fit them."""

    @property
    def name(self) -> str:
        """Name in the page's list."""
        ...

    @property
    def prefix(self) -> str:
        """Code before the prompt."""
        ...

    @property
    def prompts(self) -> Sequence[str]:
        """Prompts to try after them."""
        ...


def playground_routes(examples: Sequence[WorkedExamples]) -> list[BaseRoute]:
    """The routes of the playground; they need no API key because they reveal nothing about the model."""
    offered = [{"name": each.name, "prefix": each.prefix, "prompts": list(each.prompts)} for each in examples]

    async def index(request: Request) -> Response:
        return FileResponse(_STATIC / "index.html", headers=_HEADERS)

    async def worked_examples(request: Request) -> Response:
        return JSONResponse({"examples": offered}, headers=_HEADERS)

    return [
        Route("/", index),
        Route("/playground/examples.json", worked_examples),
        Mount("/playground", _Files(directory=_STATIC)),
    ]


class _Files(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_HEADERS)
        media_type = _MEDIA_TYPES.get(Path(path).suffix)
        if media_type:
            response.headers["Content-Type"] = media_type
        return response
