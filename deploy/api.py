"""The collector's query API as the command line uses it: JSON over plain HTTP, no proxy in between."""

import json
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import Request

from proxy.contract.option import named
from proxy.contract.transport.http_client import opener

_OPENER: Final = opener()


class ApiError(Exception):
    """The API refused or did not answer; the text is one line for a person."""


def get(base: str, path: str, *, timeout: float = 5.0) -> Any:
    """Decoded JSON of ``GET base + path``. Raises ApiError."""
    return _call(Request(base + path), base, timeout)


def put(base: str, path: str, body: Any, *, timeout: float = 5.0) -> Any:
    """Decoded JSON of ``PUT base + path`` with a JSON body. Raises ApiError."""
    data = json.dumps(body).encode()
    request = Request(base + path, data=data, method="PUT", headers={"content-type": "application/json"})
    return _call(request, base, timeout)


def answers(base: str, path: str) -> bool:
    """Whether ``GET base + path`` is answered with success."""
    try:
        with _OPENER.open(base + path, timeout=1.0):
            return True
    except (OSError, ValueError):
        return False


def _call(request: Request, base: str, timeout: float) -> Any:
    try:
        with _OPENER.open(request, timeout=timeout) as response:
            return json.load(response)
    except HTTPError as error:
        raise ApiError(_message(error)) from None
    except (URLError, OSError, ValueError):
        raise ApiError(
            f"no collector answers at {base}: start one with `spanmesh up`, "
            f"or name another with {named('api')}"
        ) from None


def _message(error: HTTPError) -> str:
    try:
        return str(json.load(error)["errors"][0]["msg"])
    except (ValueError, LookupError, TypeError):
        return f"the collector answered {error.code} {error.reason}"
