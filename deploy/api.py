"""The collector's query API as the command line uses it: JSON over plain HTTP, no proxy in between."""

import json
from http.client import HTTPException
from typing import Final, TypeVar
from urllib.error import HTTPError, URLError
from urllib.request import Request

from proxy.contract.api.route import Route
from proxy.contract.option import named
from proxy.contract.transport.http_client import opener

_OPENER: Final = opener()

Reply = TypeVar("Reply")


class ApiError(Exception):
    """The API refused or did not answer; the text is one line for a person."""


def ask(base: str, route: Route[Reply], body: object = None, *, timeout: float = 5.0) -> Reply:
    """Return the reply of a route without parameters; ``body`` is sent as JSON. Raises ApiError."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(
        base + route.path, data=data, method=route.method, headers={"content-type": "application/json"}
    )
    try:
        with _OPENER.open(request, timeout=timeout) as response:
            return route.parse(response.read())
    except HTTPError as error:
        raise ApiError(_message(error)) from None
    except (URLError, OSError, ValueError, HTTPException):
        raise ApiError(
            f"no collector answers at {base}: start one with `spanmesh up`, "
            f"or name another with {named('api')}"
        ) from None


def answers(base: str, path: str) -> bool:
    """True if ``GET base + path`` is answered with success."""
    try:
        with _OPENER.open(base + path, timeout=1.0):
            return True
    except (OSError, ValueError, HTTPException):  # HTTPException: the port speaks something else
        return False


def _message(error: HTTPError) -> str:
    try:
        return str(json.load(error)["errors"][0]["msg"])
    except (ValueError, LookupError, TypeError):
        return f"the collector answered {error.code} {error.reason}"
