"""Errors of the interface, in the form that OpenAI's clients read."""

import json
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

CLIENT_CLOSED_REQUEST = 499
_TYPES = {
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
}


class ApiError(Exception):
    """A request that is answered with an error."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        retry_after: int | None = None,
    ):
        """An error.

        Args:
            status: of HTTP.
            message: one line for people; it goes to the client.
            param: the faulty key of the request.
            code: for programs.
            retry_after: seconds to wait before trying again.
        """
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code
        self.retry_after = retry_after

    def body(self) -> dict[str, Any]:
        """The body of the answer."""
        kind = _TYPES.get(HTTPStatus(self.status)) if self.status in _TYPES else None
        kind = kind or ("invalid_request_error" if self.status < 500 else "server_error")
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}

    def response(self) -> Response:
        """The answer."""
        headers = {"Retry-After": str(self.retry_after)} if self.retry_after is not None else None
        if self.status == HTTPStatus.UNAUTHORIZED:
            headers = {"WWW-Authenticate": "Bearer"}
        return Response(as_json(self.body()), self.status, headers, media_type="application/json")


def as_json(value: Any) -> str:
    """JSON in ASCII: a message may quote half a surrogate pair, which no UTF-8 can hold."""
    return json.dumps(value, separators=(",", ":"))
