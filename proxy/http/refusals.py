"""The answers of the sidecar where it cannot forward a request, or is not to. Pure."""

from http import HTTPStatus
from typing import Final

from proxy.contract import attributes
from proxy.errors import STATUS, Reason
from proxy.http.messages import RequestHead, ResponseHead
from proxy.http.streams import ClientStream

_LIMITED: Final = frozenset({b"OPTIONS", b"TRACE"})
_DIGITS: Final = 18  # of a number of hops; a larger one is cut, which is allowed and ends all the same
_SECRET: Final = frozenset({b"authorization", b"cookie", b"proxy-authorization"})


def refusal(reason: Reason, detail: str) -> tuple[ResponseHead, bytes]:
    """Return head and body of the answer; ``detail`` is one line that says what to do about it."""
    body = f"spanmesh: {reason}: {detail}\n".encode()
    head = ResponseHead()
    head.status = status = STATUS[reason]
    head.phrase = HTTPStatus(status).phrase.encode()
    head.length = len(body)
    head.fields = [
        (attributes.REASON_HEADER.encode(), reason.encode()),
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
    ]
    return head, body


def last_hop(request: RequestHead) -> tuple[ResponseHead, bytes] | None:
    """Return head and body of the answer to a request that goes no further; None after counting one hop.

    Max-Forwards limits the hops of TRACE and OPTIONS (RFC 9110, 7.6.2). Who answers TRACE sends back what
    came, without credentials (9.3.8).
    """
    if request.method not in _LIMITED:
        return None
    ends, fields = False, []
    for name, value in request.fields:
        hops = value.strip()
        if name.lower() == b"max-forwards" and hops.isdigit():
            number = int(hops[:_DIGITS])
            ends = ends or not number
            value = b"%d" % max(0, number - 1)
        fields.append((name, value))
    if not ends:
        request.fields = fields
        return None
    body, head = b"", ResponseHead()
    head.status, head.phrase, head.fields = 200, b"OK", []
    if request.method == b"TRACE":
        lines = [b"TRACE %b HTTP/%b" % (request.path, request.version), b"host: " + request.authority]
        lines += [b"%b: %b" % field for field in request.fields if field[0].lower() not in _SECRET]
        body = b"\r\n".join([*lines, b"", b""])
        head.fields = [(b"content-type", b"message/http")]
    head.length = len(body)
    head.fields.append((b"content-length", b"%d" % len(body)))
    return head, body


def send_answer(client: ClientStream, request: RequestHead, head: ResponseHead, body: bytes) -> None:
    """Answer a request in its destination's place, with the whole response in one flush."""
    client.send_head(head)
    # Content-Length stays, as a response to GET would have it (RFC 9110, 9.3.2).
    if request.method != b"HEAD":
        client.send_data(body)
    client.send_end(())
    client.flush()
