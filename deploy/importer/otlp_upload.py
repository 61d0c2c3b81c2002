"""The upload of spans to a collector over OTLP/HTTP, with retries where a retry can help.

Source: OTLP specification, "OTLP/HTTP response" and "OTLP/HTTP throttling".
"""

import http.client
from collections.abc import Callable
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.request import Request

from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from deploy.api import ApiError
from proxy.contract.option import named
from proxy.contract.transport.http_client import opener

_OPENER: Final = opener()
_PATIENCE: Final = 120.0  # seconds a collector may say that it is busy
_ABSENCE: Final = 10.0  # seconds there may be none, while it is started again
_LONGEST_PAUSE: Final = 10.0
_TIMEOUT: Final = 60.0
_AGAIN: Final = frozenset({429, 502, 503, 504})


class TooLargeError(Exception):
    """The collector wants smaller requests."""


def send(url: str, request: ExportTraceServiceRequest, sleep: Callable[[float], None]) -> tuple[int, str]:
    """Send a request; return how many of its spans the collector left out, and why.

    ``url`` is that of OTLP/HTTP, without ``/v1/traces``. Raises ApiError and TooLargeError.
    """
    # Encoded once: a collector knows a repeated request by its bytes, and stores it once.
    body = request.SerializeToString()
    pause, waited = 0.5, 0.0
    while True:
        try:
            reply = ExportTraceServiceResponse.FromString(_post(f"{url}/v1/traces", body))
            return reply.partial_success.rejected_spans, reply.partial_success.error_message
        except HTTPError as error:
            if error.code == 413:
                raise TooLargeError from None
            if error.code not in _AGAIN:
                raise ApiError(f"{url} answered {error.code}: {_reason(error)}") from None
            reason, patience = f"{error.code} {_reason(error)}", _PATIENCE
            pause = max(pause, _retry_after(error))
        except (URLError, OSError, http.client.HTTPException) as error:
            reason, patience = str(getattr(error, "reason", error)), _ABSENCE
        except (ValueError, DecodeError):
            raise ApiError(
                f"{url} is no OTLP/HTTP receiver; name the collector's with {named('to')}"
            ) from None
        if waited >= patience:
            raise ApiError(
                f"{url} took nothing for {waited:.0f} seconds ({reason}): start a collector with "
                f"`spanmesh up`, or name another with {named('to')}"
            )
        sleep(pause)
        waited, pause = waited + pause, min(2 * pause, _LONGEST_PAUSE)


def _post(url: str, body: bytes) -> bytes:
    request = Request(url, data=body, headers={"content-type": "application/x-protobuf"})
    with _OPENER.open(request, timeout=_TIMEOUT) as response:
        content: bytes = response.read()
        return content


def _retry_after(error: HTTPError) -> float:
    value = error.headers.get("Retry-After", "")
    return min(float(value), _LONGEST_PAUSE) if value.isascii() and value.isdigit() else 0.0


def _reason(error: HTTPError) -> str:
    """Return the collector's words, or the status where the answer is no OTLP status."""
    try:
        return Status.FromString(error.read()).message or str(error.reason)
    except (OSError, DecodeError):
        return str(error.reason)
