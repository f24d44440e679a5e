"""Checks that a request body is JSON by its headers, in UTF-8 and uncompressed."""

import json
from email.message import Message
from http import HTTPStatus

from starlette.datastructures import Headers

from codelm_jax.serving.errors import ApiError

# No other path is served with POST.
JSON_PATHS = frozenset({"/v1/completions"})


def require_json(headers: Headers, body: bytes) -> None:
    """Checks headers and encoding.

    Pages of other origins can send other content types without permission, so these are never read.

    Raises:
        ApiError: with what to send instead.
    """
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise _refused(f"Content-Encoding is {encoding!r}: send the body uncompressed")
    media = Message()
    media["Content-Type"] = headers.get("content-type", "")
    kind = media.get_content_type() if headers.get("content-type") else ""
    main, _, sub = kind.partition("/")
    if main != "application" or not (sub == "json" or sub.endswith("+json")):
        raise _refused(
            f"Content-Type is {kind or 'missing'}: send JSON with 'Content-Type: application/json'"
        )
    try:
        body.decode(json.detect_encoding(body), "surrogatepass")
    except UnicodeDecodeError as error:
        byte = body[error.start]
        raise _refused(f"the body is not UTF-8: byte 0x{byte:02x} at position {error.start}") from None


def _refused(message: str) -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, message)
