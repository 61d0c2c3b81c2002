"""The routes of opaque connections: where each one goes, and its record."""

from collections.abc import Iterable

from proxy.contract import attributes
from proxy.errors import Reason, RefusedError
from proxy.http.outbound import Outbound
from proxy.routing.router import Router, parse_authority
from proxy.tcp.opaque import TcpDirection
from proxy.telemetry.connection_recorder import (
    ConnectionRecorder,
    client_labels,
    open_gauges,
    server_labels,
    with_encryption,
)
from proxy.telemetry.facts import ConnectionFacts
from proxy.telemetry.metrics import Gauge
from proxy.telemetry.trace_context import Tracer


class InboundTcp(TcpDirection):
    """Connections to the application at ``app``, or to another port of this machine."""

    def __init__(self, app: str, recorder: ConnectionRecorder, tracer: Tracer) -> None:
        self._app = app
        self._recorder = recorder
        self._tracer = tracer
        self.connection_count = 0

    def begin(self, connection: ConnectionFacts) -> str:
        # The application has no name here but its service; another port is an endpoint of its own.
        connection.endpoint = connection.address
        connection.server = connection.address or self._app
        return connection.server

    def gauges(self, open_connections: Iterable[ConnectionFacts]) -> list[Gauge]:
        labels = (with_encryption(server_labels(each), each.encrypted) for each in open_connections)
        return open_gauges(attributes.TCP_SERVER_ACTIVE, labels)

    def count_bytes(self, connection: ConnectionFacts, sent: int, received: int) -> None:
        # Our side is the server's: what went to the application was received.
        self._recorder.count_bytes(attributes.TCP_SERVER_IO, server_labels(connection), received, sent)

    def record(self, connection: ConnectionFacts) -> None:
        self.connection_count += 1
        connection.trace = self._tracer.start()
        self._recorder.server(connection)


class OutboundTcp(TcpDirection):
    """Connections to the address that the application gave: without messages nothing can be balanced."""

    def __init__(
        self, outbound: Outbound, router: Router, recorder: ConnectionRecorder, tracer: Tracer
    ) -> None:
        self._outbound = outbound
        self._router = router
        self._recorder = recorder
        self._tracer = tracer
        self.connection_count = 0

    def begin(self, connection: ConnectionFacts) -> str:
        connection.server = connection.service = connection.address
        # A connection to our own listener would come back here and be dialled again without end.
        if connection.address in self._outbound.own:
            raise RefusedError(Reason.LOOP, "this is the sidecar itself")
        # ``direct`` counts the connection under its service, and keeps the address that the application
        # chose.
        attempt = self._router.direct(parse_authority(connection.address.encode()))
        connection.service = attempt.destination.name
        connection.endpoint = attempt.address
        connection.arm = attempt.arm
        return attempt.address

    def gauges(self, open_connections: Iterable[ConnectionFacts]) -> list[Gauge]:
        labels = (with_encryption(client_labels(each), each.encrypted) for each in open_connections)
        return open_gauges(attributes.TCP_CLIENT_ACTIVE, labels)

    def count_bytes(self, connection: ConnectionFacts, sent: int, received: int) -> None:
        self._recorder.count_bytes(attributes.TCP_CLIENT_IO, client_labels(connection), sent, received)

    def record(self, connection: ConnectionFacts) -> None:
        self.connection_count += 1
        connection.trace = self._tracer.start()
        self._recorder.client(connection)
