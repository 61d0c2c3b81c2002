"""The answer of the sidecar where it cannot forward a request. Pure."""

from http import HTTPStatus

from proxy.contract import attributes
from proxy.errors import STATUS, Reason
from proxy.http.messages import RequestHead, ResponseHead
from proxy.http.streams import ClientStream


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


def send_refusal(client: ClientStream, request: RequestHead, reason: Reason, detail: str) -> None:
    """Answer a request in its destination's place, with the whole response in one flush."""
    head, body = refusal(reason, detail)
    client.send_head(head)
    # Content-Length stays, as a response to GET would have it (RFC 9110, 9.3.2).
    if request.method != b"HEAD":
        client.send_data(body)
    client.send_end(())
    client.flush()
