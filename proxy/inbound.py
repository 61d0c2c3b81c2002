"""Inbound: requests of others to our application; one server span each."""


from proxy.errors import Reason, RefusedError
from proxy.exchange import Exchange
from proxy.headers import RequestHead
from proxy.record import Recorder
from proxy.tracecontext import Bits, Sampler, start


class Inbound:
    """Forwards everything to ``app`` (``host:port``). ``open`` maps open requests to their start."""

    def __init__(self, app: str, recorder: Recorder, sampler: Sampler, bits: Bits) -> None:
        self._app = app
        self._recorder = recorder
        self._sampler = sampler
        self._bits = bits
        self.open: dict[Exchange, int] = {}
        self.answered = 0

    def begin(self, exchange: Exchange) -> None:
        head = exchange.head
        exchange.trace = trace = start(
            self._sampler, self._bits, head.traceparent, head.tracestate, head.b3
        )
        target, host = origin_form(head)
        path, _, exchange.query = target.partition(b"?")
        exchange.path = self._recorder.path(path)
        exchange.url = host
        self.open[exchange] = exchange.start
        if not target.startswith(b"/") and head.method != b"OPTIONS":
            raise RefusedError(Reason.NOT_IMPLEMENTED, "the target must be a path or an http:// address")
        exchange.send(self._app, request_bytes(head, target, host, trace.fields()))

    def again(self, exchange: Exchange, reason: Reason) -> bool:
        return False  # there is one application

    def answering(self, exchange: Exchange) -> None:
        pass  # nobody chooses between applications

    def finished(self, exchange: Exchange, end: int) -> None:
        self.open.pop(exchange, None)
        self.answered += 1
        head = exchange.head
        self._recorder.server(
            exchange.trace, exchange.start, end, method=head.method, path=exchange.path,
            query=exchange.query, host=exchange.url, status=exchange.answered, error=exchange.error,
            caller=head.caller, place=exchange.client.place,
        )


def request_bytes(head: RequestHead, target: bytes, host: bytes, added: bytes) -> bytes:
    """The head of the forwarded request: HTTP/1.1, framed as it came, ``added`` fields last.

    ``added`` ends each field with CRLF.
    """
    if head.length >= 0:
        added += b"content-length: %d\r\n" % head.length
    elif head.chunked:
        added += b"transfer-encoding: chunked\r\n"
    if head.upgrade:
        added += b"connection: upgrade\r\nupgrade: " + head.upgrade + b"\r\n"
    fields = b"".join([b"%b: %b\r\n" % field for field in head.fields])
    return b"%b %b HTTP/1.1\r\nhost: %b\r\n%b%b\r\n" % (head.method, target, host, fields, added)


def origin_form(head: RequestHead) -> tuple[bytes, bytes]:
    """Target without its authority, and the authority, which overrules Host (RFC 9112, 3.2.2).

    What is neither a path nor an http address is returned as it is.
    """
    target = head.target
    if target.startswith(b"/") or target[:7].lower() != b"http://":
        return target, head.host or b""
    authority, slash, path = target[7:].partition(b"/")
    authority, mark, query = authority.partition(b"?")
    return slash + path if slash else b"/" + mark + query, authority
