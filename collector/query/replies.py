"""The envelope that answers and errors of the query API come in.

Jaeger's: ``{"data", "total", "limit", "offset", "errors"}``, errors as ``{"code", "msg"}``
(structuredResponse of jaeger-query).
"""

import json
from typing import Any, Final

from aiohttp import web

_RETRY_AFTER: Final = {"Retry-After": "2"}


def render(value: object) -> str:
    """Compact JSON in ASCII; ValueError for NaN and infinities, which JSON does not have."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def envelope(data: list[Any] | list[str], limit: int = 0) -> dict[str, Any]:
    """Jaeger's reply around a list of results."""
    return {"data": data, "total": len(data), "limit": limit, "offset": 0, "errors": None}


def ok(value: object) -> web.Response:
    """200 with a JSON body."""
    return web.Response(text=render(value), content_type="application/json")


def failure(status: int, message: str) -> web.Response:
    """The error envelope; the message is brought to one line."""
    error = {"code": status, "msg": " ".join(message.split())}
    body = {"data": None, "total": 0, "limit": 0, "offset": 0, "errors": [error]}
    return web.Response(
        status=status, text=render(body), content_type="application/json",
        headers=_RETRY_AFTER if status == 503 else None,
    )  # fmt: skip
