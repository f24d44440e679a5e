"""Values as bytes between judge and worker: tagged JSON, decoded into plain builtin values only.

Exact for None, bool, int, float (nan and infinities included), complex, str, bytes, bytearray, range, list, tuple, set,
frozenset and dict, nested to `MAX_DEPTH`, and for these types themselves. Subclasses flatten to their base (Counter to dict, an IntEnum member to int);
any other type becomes an `Opaque`, which equals nothing. Identity and sharing between values are not kept. Nothing is
unpickled and no attribute of a received value is ever looked up, so decoding runs no foreign code.
"""

import json
import math
import os
from collections.abc import Iterator
from typing import Any, cast

MAX_FRAME_BYTES = 16 * 2**20
MAX_DEPTH = 100

_SMALL = 2**63
_TYPES: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        bool,
        int,
        float,
        complex,
        str,
        bytes,
        bytearray,
        range,
        list,
        tuple,
        set,
        frozenset,
        dict,
        type(None),
    )
}
_SEQUENCES: dict[str, type[Any]] = {"l": list, "t": tuple, "s": set, "f": frozenset}


class Malformed(ValueError):
    """The bytes are no message of this codec."""


class TooLong(ValueError):
    """A message longer than `MAX_FRAME_BYTES`."""


class Closed(EOFError):
    """The other side is gone."""


class Opaque:
    """Replaces a value of a type that does not cross: equal to nothing, not even itself."""

    # Each for itself, so that a set or dict of such values crosses with as many entries as it has.
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return False

    def __bool__(self) -> bool:
        raise TypeError("the candidate returned a value of a type that cannot leave the sandbox")


def send(descriptor: int, message: Any) -> None:
    """Writes one message made of JSON's own types.

    Raises:
        TooLong: the message is over the cap, and nothing was written.
        Closed: the other side is gone.
    """
    body = json.dumps(message, allow_nan=False, separators=(",", ":")).encode("ascii")
    if len(body) > MAX_FRAME_BYTES:
        raise TooLong(f"a message of {len(body)} bytes, over the {MAX_FRAME_BYTES} allowed")
    view = memoryview(len(body).to_bytes(4, "big") + body)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
    except (BrokenPipeError, ConnectionResetError):
        raise Closed("the other side is gone") from None


def receive(descriptor: int) -> Any:
    """Reads one message.

    Raises:
        TooLong: it announces more bytes than the cap; none of them is read.
        Malformed: it is not JSON.
        Closed: the other side ended before or within a message.
    """
    length = int.from_bytes(_read_exactly(descriptor, 4), "big")
    if length > MAX_FRAME_BYTES:
        raise TooLong(f"a message of {length} bytes, over the {MAX_FRAME_BYTES} allowed")
    body = _read_exactly(descriptor, length)
    try:
        return json.loads(body.decode("ascii"), parse_constant=_reject_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not a message: {type(error).__name__}") from None


def encode(value: Any, *, strict: bool = False, depth: int = MAX_DEPTH) -> Any:
    """Turns a value into JSON's own types; `decode` gives it back.

    Args:
        value: anything.
        strict: raise for what cannot cross, instead of marking its place.
        depth: levels of nesting left.

    Raises:
        TypeError: `strict`, and the value holds one of another type or is nested too deeply.
    """
    kind = cast(type[Any], type(value))
    if value is None or kind is bool or kind is str:
        return value
    # The base classes' own methods throughout: an overridden one could disagree with what `==` on the base would see.
    if isinstance(value, int):
        number = int.__int__(value)
        return number if -_SMALL < number < _SMALL else ["i", hex(number)]
    if isinstance(value, float):
        number = float.__float__(value)
        return number if math.isfinite(number) else ["n", repr(number)]
    if isinstance(value, complex):
        number = complex.__complex__(value)
        return ["c", encode(number.real), encode(number.imag)]
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray)):
        return ["x" if isinstance(value, bytes) else "y", bytes(memoryview(value)).hex()]
    if kind is type and _TYPES.get(value.__name__) is value:
        return ["k", value.__name__]
    if kind is range:
        return ["r", *(encode(part) for part in (value.start, value.stop, value.step))]
    if depth > 0:
        for tag, base in _SEQUENCES.items():
            if isinstance(value, base):
                items: Iterator[Any] = base.__iter__(value)
                return [tag, *(encode(item, strict=strict, depth=depth - 1) for item in items)]
        if isinstance(value, dict):
            pairs = dict[Any, Any].items(cast(dict[Any, Any], value))
            return ["d", *(encode(part, strict=strict, depth=depth - 1) for pair in pairs for part in pair)]
    if strict:
        raise TypeError(f"a value of type {kind.__name__} cannot be passed into the sandbox")
    return ["?"]


def decode(tree: Any, *, depth: int = MAX_DEPTH) -> Any:
    """Builds the plain value that `encode` described.

    Raises:
        Malformed: the tree follows no rule of `encode`.
    """
    if tree is None or isinstance(tree, (bool, int, float, str)):
        return tree
    tag, *parts = as_list(tree) or [None]
    if not isinstance(tag, str) or depth < 0:
        raise Malformed("no value")
    try:
        if tag == "d" and len(parts) % 2 == 0:
            values = [decode(part, depth=depth - 1) for part in parts]
            return dict(zip(values[::2], values[1::2], strict=True))
        if tag in _SEQUENCES:
            return _SEQUENCES[tag](decode(part, depth=depth - 1) for part in parts)
        return _decode_scalar(tag, parts)
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise Malformed(f"no value under tag {tag[:1]!r}: {type(error).__name__}") from None


def as_list(value: Any) -> list[Any]:
    """`value` if it is a list, else an empty one."""
    return cast(list[Any], value) if isinstance(value, list) else []


def _decode_scalar(tag: str, parts: list[Any]) -> Any:
    if tag == "?" and not parts:
        return Opaque()
    if tag == "r":
        return range(*(_exactly(int, part) for part in parts))
    if tag == "c":
        real, imaginary = (_exactly(float, part) for part in parts)
        return complex(real, imaginary)
    (text,) = parts
    if not isinstance(text, str):
        raise TypeError("text expected")
    if tag == "i":
        return int(text, 16)
    if tag == "n" and text in ("nan", "inf", "-inf"):
        return float(text)
    if tag == "k":
        return _TYPES[text]
    if tag == "x":
        return bytes.fromhex(text)
    if tag == "y":
        return bytearray.fromhex(text)
    raise ValueError("unknown tag")


def _exactly(kind: type, part: Any) -> Any:
    value = decode(part)
    if type(value) is not kind:
        raise TypeError(f"{kind.__name__} expected")
    return value


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not sent bare")


def _read_exactly(descriptor: int, length: int) -> bytes:
    received = bytearray()
    while len(received) < length:
        try:
            part = os.read(descriptor, min(length - len(received), 2**20))
        except ConnectionResetError:
            part = b""
        if not part:
            raise Closed("the other side is gone")
        received += part
    return bytes(received)
