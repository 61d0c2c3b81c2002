"""The facts of a finished opaque connection to one histogram entry and, when sampled, one span. Pure.

Its instruments are its own: what a connection lasts says nothing of how fast a server answers, so
it must not mix with the durations of requests that the mesh steers by. Times are monotonic
nanoseconds; ``epoch()`` added to them gives nanoseconds since 1970.
"""

from collections.abc import Callable
from typing import Final

from proxy import otlp
from proxy.contract import attributes
from proxy.contract.address import split_address
from proxy.meter import Meter
from proxy.tracecontext import TraceContext

_TRANSPORT: Final = otlp.Attribute(attributes.TRANSPORT).text("tcp")
_SENT: Final = otlp.Attribute(attributes.BYTES_SENT)
_RECEIVED: Final = otlp.Attribute(attributes.BYTES_RECEIVED)
_SERVER_ADDRESS: Final = otlp.Attribute(attributes.SERVER_ADDRESS)
_SERVER_PORT: Final = otlp.Attribute(attributes.SERVER_PORT)
_ERROR: Final = otlp.Attribute(attributes.ERROR_TYPE)
_PEER_SERVICE: Final = otlp.Attribute(attributes.PEER_SERVICE)
_ENDPOINT: Final = otlp.Attribute(attributes.ENDPOINT)
_ARM: Final = otlp.Attribute(attributes.ARM)


class ConnectionRecorder:
    """Counts every connection in ``meter`` and hands the spans of sampled ones to ``keep``."""

    def __init__(self, meter: Meter, keep: Callable[[bytes], None], epoch: Callable[[], int]) -> None:
        self._meter = meter
        self._keep = keep
        self._epoch = epoch

    def server(
        self, context: TraceContext, start: int, end: int, *, server: str, sent: int, received: int,
        error: str, place: bytes,
    ) -> None:
        """A connection to our application. ``sent`` bytes went to the client, ``place`` encoded."""
        given = {attributes.ERROR_TYPE: error}
        self._meter.series(attributes.TCP_SERVER_DURATION, given).histogram.record((end - start) * 1e-9)
        name = otlp.constant("TCP", otlp.KIND_SERVER, bool(error))
        self._span(context, start, end, name + place, server, sent, received, error)

    def client(
        self, context: TraceContext, start: int, end: int, *, service: str, endpoint: str, arm: str,
        server: str, sent: int, received: int, error: str, place: bytes,
    ) -> None:
        """A connection of our application. ``sent`` bytes went to the server, ``place`` encoded."""
        given = {
            attributes.PEER_SERVICE: service, attributes.ENDPOINT: endpoint, attributes.ARM: arm,
            attributes.ERROR_TYPE: error,
        }
        self._meter.series(attributes.TCP_CLIENT_DURATION, given).histogram.record((end - start) * 1e-9)
        pieces = otlp.constant(f"TCP {service}", otlp.KIND_CLIENT, bool(error)) + place
        pieces += _PEER_SERVICE.text(service) + _ENDPOINT.text(endpoint) + _ARM.text(arm)
        self._span(context, start, end, pieces, server, sent, received, error)

    def _span(
        self, context: TraceContext, start: int, end: int, pieces: bytes, server: str, sent: int,
        received: int, error: str,
    ) -> None:
        if not context.flags & 1:
            return
        host, port = split_address(server)
        pieces += _TRANSPORT + _SERVER_ADDRESS.text(host) + _SERVER_PORT.number(port)
        pieces += _SENT.number(sent) + _RECEIVED.number(received)
        pieces += _ERROR.text(error) if error else b""
        epoch = self._epoch()
        self._keep(otlp.span(
            context.trace_id, context.span_id, context.parent_id, context.flags, context.state,
            start + epoch, end + epoch, pieces,
        ))
