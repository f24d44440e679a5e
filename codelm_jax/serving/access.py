"""Access to the server: the key that clients send, and the host names that they may use."""

import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path

from codelm_jax.errors import UserError

KEY_VARIABLE = "CODELM_API_KEY"
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_SHORTEST_KEY = 16


def read_api_key(path: str | None) -> str | None:
    """The key from a file, or else from the environment; None without either.

    Raises:
        UserError: the file cannot be read, or its text is no key.
    """
    if path is None:
        source, key = KEY_VARIABLE, os.environ.get(KEY_VARIABLE)
        if key is None:
            return None
    else:
        source = f"--api_key_file={path}"
        try:
            key = Path(path).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{source}: cannot read it: {error}") from None
    if len(key) < _SHORTEST_KEY or not key.isascii() or any(c.isspace() or not c.isprintable() for c in key):
        raise UserError(
            f"{source}: a key has at least {_SHORTEST_KEY} characters of ASCII without spaces, "
            "e.g. from `openssl rand -hex 32`"
        )
    return key


def allowed_hosts(host: str, api_key: str | None, more: Sequence[str]) -> frozenset[str] | None:
    """The host names that clients of a server on `host` may use; None is any.

    With a key, any name is allowed.

    Raises:
        UserError: others can reach the server and it asks for no key.
    """
    if api_key is not None:
        return None
    if not _is_loopback(host):
        raise UserError(
            f"--host={host}: others can reach it, so the server needs a key: give --api_key_file or ${KEY_VARIABLE}"
        )
    return _LOOPBACK_NAMES | {name.lower() for name in (host, *more)}


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
