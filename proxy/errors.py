"""The reasons for which the sidecar cannot forward: short, machine-readable, one for each cause.

The reason goes into the response header ``attributes.REASON_HEADER``, on the span and into the
metrics as ``error.type``. This table is the one place that turns a reason into an HTTP status.
"""

from enum import StrEnum


class Reason(StrEnum):
    """The reason for which a request was not answered by its destination."""

    # The request is at fault: the client must change it.
    BAD_REQUEST = "bad-request"
    SLOW_REQUEST = "slow-request"
    BODY_TOO_LARGE = "body-too-large"
    URI_TOO_LONG = "uri-too-long"
    HEADERS_TOO_LARGE = "headers-too-large"
    NOT_IMPLEMENTED = "not-implemented"
    LOOP = "loop"
    # The destination is at fault or out of reach.
    NO_HEALTHY_ENDPOINT = "no-healthy-endpoint"
    CONNECT_REFUSED = "connect-refused"
    CONNECT_FAILED = "connect-failed"
    CONNECT_TIMEOUT = "connect-timeout"
    DNS_FAILURE = "dns-failure"
    UPSTREAM_RESET = "upstream-reset"
    UPSTREAM_MALFORMED = "upstream-malformed"
    RESPONSE_HEADERS_TOO_LARGE = "response-headers-too-large"
    REQUEST_TIMEOUT = "request-timeout"
    OVERLOAD = "overload"
    # Nobody is left to answer; recorded, never sent.
    CLIENT_DISCONNECT = "client-disconnect"


STATUS: dict[Reason, int] = {
    Reason.BAD_REQUEST: 400,
    Reason.SLOW_REQUEST: 408,
    Reason.BODY_TOO_LARGE: 413,
    Reason.URI_TOO_LONG: 414,
    Reason.HEADERS_TOO_LARGE: 431,
    Reason.CLIENT_DISCONNECT: 499,
    Reason.NOT_IMPLEMENTED: 501,
    Reason.UPSTREAM_RESET: 502,
    Reason.UPSTREAM_MALFORMED: 502,
    Reason.RESPONSE_HEADERS_TOO_LARGE: 502,
    Reason.DNS_FAILURE: 502,
    Reason.NO_HEALTHY_ENDPOINT: 503,
    Reason.CONNECT_REFUSED: 503,
    Reason.CONNECT_FAILED: 503,
    Reason.OVERLOAD: 503,
    Reason.CONNECT_TIMEOUT: 504,
    Reason.REQUEST_TIMEOUT: 504,
    Reason.LOOP: 508,
}

# The client's doing: no failure of the destination.
CLIENT_FAULTS = frozenset(
    {
        Reason.BAD_REQUEST,
        Reason.SLOW_REQUEST,
        Reason.BODY_TOO_LARGE,
        Reason.URI_TOO_LONG,
        Reason.HEADERS_TOO_LARGE,
        Reason.NOT_IMPLEMENTED,
        Reason.LOOP,
        Reason.CLIENT_DISCONNECT,
    }
)

# Nothing of the request has reached the destination: another endpoint may be tried safely.
NOT_SENT = frozenset(
    {Reason.CONNECT_REFUSED, Reason.CONNECT_FAILED, Reason.CONNECT_TIMEOUT, Reason.DNS_FAILURE}
)


class RefusedError(Exception):
    """The client must change its request; ``detail`` is one line that says how."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
