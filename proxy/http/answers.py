"""The class of a response, and the pause that an overloaded server asks for. Pure.

Sources: RFC 9110, 10.2.3 (Retry-After) and 15.5 (4xx); RFC 6585, 4 (429); gRPC's status codes
(doc/statuscodes.md), which a response without a body has among its header fields, and others as a trailer.
"""

from email.utils import parsedate_to_datetime
from typing import Final

from proxy.contract.traffic import Answer
from proxy.http.messages import Fields, ResponseHead

_UNAVAILABLE: Final = 503
# OK blames nobody, RESOURCE_EXHAUSTED asks for less load; UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE
# and DATA_LOSS are the server's. All others blame the request, as 4xx do.
_GRPC: Final = {
    b"0": Answer.OK,
    b"8": Answer.SHED,
    **dict.fromkeys((b"2", b"4", b"13", b"14", b"15"), Answer.FAILED),
}


def answer_of(head: ResponseHead) -> Answer:
    """Return the class of a response by its head."""
    status = head.status
    if status == _UNAVAILABLE and _field(head.fields, b"retry-after"):
        return Answer.SHED
    return Answer.of_status(status) if status != 200 else grpc_answer(head.fields)


def grpc_answer(fields: Fields) -> Answer:
    """Return the class that a gRPC status among header fields or trailers says; OK without one."""
    status = _field(fields, b"grpc-status")
    return _GRPC.get(status, Answer.REFUSED) if status else Answer.OK


def retry_after(fields: Fields) -> float:
    """Return the seconds until a server wants to be asked again, at least 0; 0 if it does not say.

    A date counts from the Date of the same response, so that no clocks are compared.
    """
    text = _field(fields, b"retry-after").decode("ascii", "replace")
    if text.isdigit():
        return float(text[:9])
    try:
        begin = parsedate_to_datetime(_field(fields, b"date").decode("ascii", "replace"))
        return max(0.0, (parsedate_to_datetime(text) - begin).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def _field(fields: Fields, wanted: bytes) -> bytes:
    for name, value in fields:
        # The length first: lowering each name of each response would cost more than the comparison.
        if len(name) == len(wanted) and name.lower() == wanted:
            return value.strip()
    return b""
