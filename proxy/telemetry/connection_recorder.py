"""The recorder of opaque connections: facts to histogram entries and, when sampled, one span. Pure.

Its instruments are its own: how long a connection lasts says nothing of how fast a server answers, so
it must not mix with the durations of requests that the mesh steers by. The time to connect does say
something: it is the latency of the edge in the graph. Times are monotonic nanoseconds; ``epoch()``
added to them gives nanoseconds since 1970.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from proxy.contract import attributes
from proxy.contract.address import split_address
from proxy.errors import Reason
from proxy.telemetry import otlp
from proxy.telemetry.facts import ConnectionFacts
from proxy.telemetry.meter import Meter
from proxy.telemetry.metrics import Gauge

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


def client_labels(connection: ConnectionFacts) -> Labels:
    """Return the labels under which a connection of our application is counted."""
    return (attributes.PEER_SERVICE, connection.service), (attributes.ENDPOINT, connection.endpoint)


def server_labels(connection: ConnectionFacts) -> Labels:
    """Return the labels under which a connection to this machine is counted."""
    return ((attributes.ENDPOINT, connection.endpoint),)


def with_encryption(labels: Labels, encrypted: bool | None) -> Labels:
    """Add whether the connection is encrypted, where that is known."""
    return labels if encrypted is None else (*labels, (attributes.TLS, str(encrypted).lower()))


def open_gauges(name: str, labels: Iterable[Labels]) -> list[Gauge]:
    """Return one reading for each kind of connection that is open now."""
    return [Gauge(name, count, dict(each)) for each, count in Counter(labels).items()]


class ConnectionRecorder:
    """Counts every connection in ``meter`` and hands the spans of sampled ones to ``keep``."""

    def __init__(self, meter: Meter, keep: Callable[[bytes], None], epoch: Callable[[], int]) -> None:
        self._meter = meter
        self._keep = keep
        self._epoch = epoch

    def server(self, connection: ConnectionFacts) -> None:
        """Record a connection to our application, or to another port of this machine."""
        given = {attributes.ERROR_TYPE: connection.error}
        self._count(attributes.TCP_SERVER_DURATION, given, connection.end - connection.start)
        # One that was never established has no endpoint: nothing of this machine was reached.
        labels = server_labels(connection) if connection.connected else ((attributes.ENDPOINT, ""),)
        self._connect_time(attributes.TCP_SERVER_CONNECT, connection, labels)
        pieces = otlp.constant("TCP", otlp.KIND_SERVER, bool(connection.error))
        pieces += connection.client_peer.attributes
        # The span is the server's: what went to the application is what it received.
        self._span(connection, pieces, sent=connection.received, received=connection.sent)

    def client(self, connection: ConnectionFacts) -> None:
        """Record a connection of our application."""
        given = {
            attributes.PEER_SERVICE: connection.service,
            attributes.ENDPOINT: connection.endpoint,
            attributes.ARM: connection.arm,
            attributes.ERROR_TYPE: connection.error,
        }
        self._count(attributes.TCP_CLIENT_DURATION, given, connection.end - connection.start)
        self._connect_time(attributes.TCP_CLIENT_CONNECT, connection, client_labels(connection))
        name = f"TCP {connection.service}"
        pieces = (
            otlp.constant(name, otlp.KIND_CLIENT, bool(connection.error))
            + connection.upstream_peer.attributes
        )
        pieces += _PEER_SERVICE.text(connection.service) + _ENDPOINT.text(connection.endpoint)
        pieces += _ARM.text(connection.arm)
        self._span(connection, pieces, sent=connection.sent, received=connection.received)

    def count_bytes(self, name: str, labels: Labels, transmitted: int, received: int) -> None:
        """Count bytes since the last time, as seen from our side; ``name`` is one of the io instruments."""
        for direction, size in ((attributes.TRANSMIT, transmitted), (attributes.RECEIVE, received)):
            if size:
                given = {**dict(labels), attributes.DIRECTION: direction}
                self._meter.series(name, given).histogram.record(size)

    def _connect_time(self, name: str, connection: ConnectionFacts, labels: Labels) -> None:
        # A client that breaks off is no failure of its server.
        error = "" if connection.error == Reason.CLIENT_DISCONNECT else connection.error
        given = {**dict(with_encryption(labels, connection.encrypted)), attributes.ERROR_TYPE: error}
        self._count(name, given, (connection.connected or connection.end) - connection.start)

    def _count(self, name: str, given: dict[str, str], took: int) -> None:
        self._meter.series(name, given).histogram.record(took * 1e-9)

    def _span(self, connection: ConnectionFacts, pieces: bytes, *, sent: int, received: int) -> None:
        if not connection.trace.sampled:
            return
        host, port = split_address(connection.server)
        if connection.encrypted is not None:
            pieces += _TLS.truth(connection.encrypted)
        pieces += _TRANSPORT + _SERVER_ADDRESS.text(host) + _SERVER_PORT.number(port)
        pieces += _SENT.number(sent) + _RECEIVED.number(received)
        pieces += _ERROR.text(connection.error) if connection.error else b""
        epoch = self._epoch()
        self._keep(otlp.span(connection.trace, connection.start + epoch, connection.end + epoch, pieces))
