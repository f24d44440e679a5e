"""How the server answers requests that fail."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from codelm_jax.serving.errors import CLIENT_CLOSED_REQUEST, ApiError
from codelm_jax.serving.streaming import Disconnected

_ROUTES = (
    "this server completes text with POST /v1/completions, which takes a prompt and no chat messages, and has "
    "GET /v1/models, /health, /metrics, /openapi.json and a page at /"
)


def answer_errors(app: FastAPI) -> None:
    """Gives every error the form that OpenAI's clients read; none of them reveals how the server works inside."""

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
        asked_for = f"{request.method} {request.url.path}"
        if error.status_code == HTTPStatus.NOT_FOUND:
            message = f"there is no {asked_for}: {_ROUTES}"
        elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            message = (
                f"{asked_for} is not possible, only {(error.headers or {}).get('Allow', 'other methods')}"
            )
        else:
            message = str(error.detail)
        response = ApiError(error.status_code, message).response()
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        return ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, "the server made a mistake").response()
