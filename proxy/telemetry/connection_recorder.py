"""The facts of an opaque connection to histogram entries and, when sampled, one span. Pure.

Its instruments are its own: what a connection lasts says nothing of how fast a server answers, so
it must not mix with the durations of requests that the mesh steers by. How long it took to stand
does say something: that makes the edges of the graph. Times are monotonic nanoseconds; ``epoch()``
added to them gives nanoseconds since 1970.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from proxy.contract import attributes
from proxy.contract.address import split_address
from proxy.errors import Reason
from proxy.telemetry import otlp
from proxy.telemetry.meter import Meter
from proxy.telemetry.metrics import Gauge
from proxy.telemetry.trace_context import TraceContext

_TRANSPORT: Final = otlp.Attribute(attributes.TRANSPORT).text("tcp")
_SENT: Final = otlp.Attribute(attributes.BYTES_SENT)
_RECEIVED: Final = otlp.Attribute(attributes.BYTES_RECEIVED)
_SERVER_ADDRESS: Final = otlp.Attribute(attributes.SERVER_ADDRESS)
_SERVER_PORT: Final = otlp.Attribute(attributes.SERVER_PORT)
_ERROR: Final = otlp.Attribute(attributes.ERROR_TYPE)
_PEER_SERVICE: Final = otlp.Attribute(attributes.PEER_SERVICE)
_ENDPOINT: Final = otlp.Attribute(attributes.ENDPOINT)
_ARM: Final = otlp.Attribute(attributes.ARM)
_TLS: Final = otlp.Attribute(attributes.TLS)


Labels = tuple[tuple[str, str], ...]


def client_labels(service: str, endpoint: str) -> Labels:
    """What a connection of our application is counted under."""
    return (attributes.PEER_SERVICE, service), (attributes.ENDPOINT, endpoint)


def server_labels(endpoint: str) -> Labels:
    """As ``client_labels``; ``endpoint`` is the ``host:port`` addressed, empty for the application's."""
    return ((attributes.ENDPOINT, endpoint),)


def told(labels: Labels, tls: bool | None) -> Labels:
    """The labels, and whether the connection is encrypted where that is known."""
    return labels if tls is None else (*labels, (attributes.TLS, str(tls).lower()))


def open_gauges(name: str, standing: Iterable[Labels]) -> list[Gauge]:
    """One reading for each kind of connection that stands now."""
    return [Gauge(name, count, dict(labels)) for labels, count in Counter(standing).items()]


class ConnectionRecorder:
    """Counts every connection in ``meter`` and hands the spans of sampled ones to ``keep``."""

    def __init__(self, meter: Meter, keep: Callable[[bytes], None], epoch: Callable[[], int]) -> None:
        self._meter = meter
        self._keep = keep
        self._epoch = epoch

    def server(
        self,
        context: TraceContext,
        start: int,
        connected: int,
        end: int,
        *,
        endpoint: str,
        server: str,
        sent: int,
        received: int,
        error: str,
        place: bytes,
        tls: bool | None = None,
    ) -> None:
        """A connection to our application. ``sent`` bytes went to the client, ``place`` encoded;
        ``connected`` is 0 when it never stood, ``endpoint`` as in ``server_labels``."""
        given = told(server_labels(endpoint if connected else ""), tls)
        self._count(attributes.TCP_SERVER_DURATION, {attributes.ERROR_TYPE: error}, end - start)
        self._stood(attributes.TCP_SERVER_CONNECT, given, (connected or end) - start, error)
        name = otlp.constant("TCP", otlp.KIND_SERVER, bool(error))
        self._span(context, start, end, name + place + _secret(tls), server, sent, received, error)

    def client(
        self,
        context: TraceContext,
        start: int,
        connected: int,
        end: int,
        *,
        service: str,
        endpoint: str,
        arm: str,
        server: str,
        sent: int,
        received: int,
        error: str,
        place: bytes,
        tls: bool | None = None,
    ) -> None:
        """A connection of our application. ``sent`` bytes went to the server, ``place`` encoded;
        ``connected`` is 0 when it never stood."""
        given = {
            attributes.PEER_SERVICE: service,
            attributes.ENDPOINT: endpoint,
            attributes.ARM: arm,
            attributes.ERROR_TYPE: error,
        }
        self._count(attributes.TCP_CLIENT_DURATION, given, end - start)
        labels = told(client_labels(service, endpoint), tls)
        self._stood(attributes.TCP_CLIENT_CONNECT, labels, (connected or end) - start, error)
        pieces = otlp.constant(f"TCP {service}", otlp.KIND_CLIENT, bool(error)) + place
        pieces += _PEER_SERVICE.text(service) + _ENDPOINT.text(endpoint) + _ARM.text(arm) + _secret(tls)
        self._span(context, start, end, pieces, server, sent, received, error)

    def moved(self, name: str, labels: Labels, transmitted: int, received: int) -> None:
        """Bytes since the last time, as seen from our side; ``name`` is one of the io instruments."""
        for direction, size in ((attributes.TRANSMIT, transmitted), (attributes.RECEIVE, received)):
            if size:
                given = {**dict(labels), attributes.DIRECTION: direction}
                self._meter.series(name, given).histogram.record(size)

    def _stood(self, name: str, labels: Labels, took: int, error: str) -> None:
        # A client that breaks off is no failure of its server.
        error = "" if error == Reason.CLIENT_DISCONNECT else error
        self._count(name, {**dict(labels), attributes.ERROR_TYPE: error}, took)

    def _count(self, name: str, given: dict[str, str], took: int) -> None:
        self._meter.series(name, given).histogram.record(took * 1e-9)

    def _span(
        self,
        context: TraceContext,
        start: int,
        end: int,
        pieces: bytes,
        server: str,
        sent: int,
        received: int,
        error: str,
    ) -> None:
        if not context.flags & 1:
            return
        host, port = split_address(server)
        pieces += _TRANSPORT + _SERVER_ADDRESS.text(host) + _SERVER_PORT.number(port)
        pieces += _SENT.number(sent) + _RECEIVED.number(received)
        pieces += _ERROR.text(error) if error else b""
        epoch = self._epoch()
        self._keep(
            otlp.span(
                context.trace_id,
                context.span_id,
                context.parent_id,
                context.flags,
                context.state,
                start + epoch,
                end + epoch,
                pieces,
            )
        )


def _secret(tls: bool | None) -> bytes:
    return b"" if tls is None else _TLS.truth(tls)
