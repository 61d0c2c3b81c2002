"""Reading the body of an HTTP request, inflated, within a limit."""

from aiohttp import web

from collector.receive.inflate import EncodingError, TooLargeError, inflate


async def read(request: web.Request, limit: int) -> bytes:
    """Return the whole body, decompressed; never hold more than ``limit`` bytes of it.

    Raises EncodingError (also when the sender left off), UnknownEncodingError or TooLargeError.
    """
    # Refused before a byte is read; a chunked body has no length and is counted below.
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.content.iter_any():
            size += len(part)
            if size > limit:
                break
            parts.append(part)
    except (web.HTTPException, OSError, ValueError) as error:
        raise EncodingError(f"the body could not be read: {error}") from None
    # Outside the ``try``: TooLargeError is a ValueError, which would be caught there as an unreadable body.
    if size > limit:
        raise _too_large(limit)
    return inflate(b"".join(parts), request.headers.get("Content-Encoding", ""), limit)


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"the body is larger than {limit} bytes")
