"""Inbound: requests of others to our application; one server span each."""

from proxy.errors import Reason, RefusedError
from proxy.http.exchange import Exchange
from proxy.http.http1.encoder import origin_form, request_bytes
from proxy.telemetry.call_recorder import Recorder
from proxy.telemetry.trace_context import Bits, Sampler, start


class Inbound:
    """Forwards everything to ``app`` (``host:port``), but for what was intercepted on its way to another
    port of this machine. ``open`` maps open requests to their start."""

    def __init__(self, app: str, recorder: Recorder, sampler: Sampler, bits: Bits, max_requests: int) -> None:
        self._app = app
        self._max_requests = max_requests
        self._recorder = recorder
        self._sampler = sampler
        self._bits = bits
        self.open: dict[Exchange, int] = {}
        self.answered = 0

    def begin(self, exchange: Exchange) -> None:
        head = exchange.head
        exchange.trace = trace = start(self._sampler, self._bits, head.traceparent, head.tracestate, head.b3)
        target, host = origin_form(head)
        path, _, exchange.query = target.partition(b"?")
        exchange.path = self._recorder.path(path)
        exchange.url = host
        if len(self.open) >= self._max_requests:
            raise RefusedError(Reason.OVERLOAD, f"{self._max_requests} requests are open here")
        self.open[exchange] = exchange.start
        if not target.startswith(b"/") and target != b"*":
            raise RefusedError(Reason.NOT_IMPLEMENTED, "the target must be a path or an http:// address")
        address = exchange.client.original or self._app
        exchange.send(address, request_bytes(head, target, host, trace.fields()))

    def again(self, exchange: Exchange, reason: Reason) -> bool:
        return False  # there is one application

    def declines(self, exchange: Exchange, status: int) -> bool:
        return False

    def instead(self, exchange: Exchange) -> None:
        pass  # nothing was declined

    def answering(self, exchange: Exchange) -> None:
        pass  # nobody chooses between applications

    def finished(self, exchange: Exchange, end: int) -> None:
        self.open.pop(exchange, None)
        self.answered += 1
        head = exchange.head
        self._recorder.server(
            exchange.trace,
            exchange.start,
            end,
            method=head.method,
            path=exchange.path,
            query=exchange.query,
            host=exchange.url,
            status=exchange.answered,
            error=exchange.error,
            caller=head.caller,
            place=exchange.client.place,
        )
