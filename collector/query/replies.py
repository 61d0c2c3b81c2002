"""The envelope that answers and errors of the query API come in.

Jaeger's: ``{"data", "total", "limit", "offset", "errors"}``, errors as ``{"code", "msg"}``
(structuredResponse of jaeger-query).
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from aiohttp import web

_RETRY_AFTER: Final = {"Retry-After": "2"}


def render(value: object) -> str:
    """Compact JSON in ASCII; ValueError for NaN and infinities, which JSON does not have."""
    # ASCII, so that a lone surrogate in a stored text is escaped and not an error of encoding.
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def indented(text: str) -> str:
    """Rendered JSON with line breaks, for people."""
    return json.dumps(json.loads(text), indent=4)


def envelope(data: list[Any] | list[str], limit: int = 0) -> dict[str, Any]:
    """Jaeger's reply around a list of results."""
    return {"data": data, "total": len(data), "limit": limit, "offset": 0, "errors": None}


def json_response(text: str) -> web.Response:
    """200 with rendered JSON."""
    return web.Response(text=text, content_type="application/json")


def ok(value: object) -> web.Response:
    """200 with a JSON body."""
    return json_response(render(value))


async def rendered(make: Callable[[], object]) -> web.Response:
    """200 with what ``make`` returns, made in a thread: a large trace takes long to convert, and
    the event loop also takes in spans."""
    return json_response(await asyncio.to_thread(lambda: render(make())))


def failure(
    status: int, message: str, path: str = "", where: Mapping[str, int] | None = None
) -> web.Response:
    """Return the error envelope, the message brought to one line; for a path of v3 also as its clients read
    it (``GRPCGatewayError``). ``where`` points into what was sent."""
    line = " ".join(message.split())
    body: dict[str, Any] = {
        "data": None,
        "total": 0,
        "limit": 0,
        "offset": 0,
        "errors": [{"code": status, "msg": line}],
    }
    # Clients of v3 read gRPC-gateway's error, those of v1 the envelope: both are in one body.
    if path.startswith("/api/v3/"):
        body["error"] = {"httpCode": status, "message": line}
    if where:
        body["error"] = {**body.get("error", {}), "code": status, "message": line, **where}
    return web.Response(
        status=status,
        text=render(body),
        content_type="application/json",
        headers=_RETRY_AFTER if status == 503 else None,
    )
