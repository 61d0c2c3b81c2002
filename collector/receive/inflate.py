"""Decompression of request bodies, within a limit."""

import zlib
from typing import Final

# zlib's window argument: 31 reads gzip, 47 would also guess; raw zlib streams are "deflate".
_WINDOWS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class EncodingError(ValueError):
    """The body cannot be decompressed."""


class UnknownEncodingError(ValueError):
    """A Content-Encoding that is not taken here."""


class TooLargeError(ValueError):
    """The body is larger than the limit."""


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """Return the decompressed body; at most ``limit`` bytes are ever made of it.

    Raises EncodingError, UnknownEncodingError or TooLargeError.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body
    if name not in _WINDOWS:
        raise UnknownEncodingError(f"Content-Encoding {encoding[:40]!r} is not gzip, deflate or identity")
    parts: list[bytes] = []
    size = 0
    rest = body
    try:
        # ``not parts``: an empty body is no gzip stream and must fail, not pass as nothing.
        while rest or not parts:
            stream = zlib.decompressobj(_WINDOWS[name])
            # One byte more than allowed tells "exactly the limit" from "more": a small body may inflate to
            # gigabytes.
            part = stream.decompress(rest, limit - size + 1)
            size += len(part)
            if size > limit:
                raise TooLargeError(f"the decompressed body is larger than {limit} bytes")
            if not stream.eof:
                raise EncodingError(f"the {name} body is cut short")
            parts.append(part)
            rest = stream.unused_data  # gzip allows members one after the other
    except zlib.error as error:
        raise EncodingError(f"the body is not {name}: {error}") from None
    return b"".join(parts)
