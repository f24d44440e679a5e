"""Bytes of a document as text."""


class Rejected(Exception):
    """A document is left out; the message is the reason under which it is counted."""


def decode(data: bytes, encoding: str = "utf-8-sig") -> str:
    """Strict `encoding`, by default UTF-8 with or without a byte-order mark; every line end becomes a newline.

    Raises:
        Rejected: the bytes are not in that encoding, or hold a null byte.
    """
    if b"\0" in data:
        raise Rejected("null byte")
    try:
        text = data.decode(encoding)
        text.encode()  # some encodings can spell half a surrogate pair, which UTF-8 cannot hold
    except (UnicodeError, LookupError):
        raise Rejected(
            "not UTF-8" if encoding.startswith("utf-8") else "not in its declared encoding"
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
