"""Where opaque connections go, and one span each: what a direction is for requests."""

from collections.abc import Iterable

from proxy.contract import attributes
from proxy.errors import Reason, RefusedError
from proxy.http.outbound import Outbound
from proxy.routing.router import Router, parse_authority
from proxy.tcp.opaque import Carrier, Opaque
from proxy.telemetry.connection_recorder import (
    ConnectionRecorder,
    Labels,
    client_labels,
    open_gauges,
    server_labels,
    told,
)
from proxy.telemetry.metrics import Gauge
from proxy.telemetry.trace_context import Bits, Sampler, start


class InboundCarrier(Carrier):
    """To the application at ``app``, or to whatever else of this machine was addressed."""

    def __init__(self, app: str, recorder: ConnectionRecorder, sampler: Sampler, bits: Bits) -> None:
        self._app = app
        self._recorder = recorder
        self._sampler = sampler
        self._bits = bits
        self.carried = 0

    def begin(self, opaque: Opaque) -> str:
        return opaque.address or self._app

    def gauges(self, standing: Iterable[Opaque]) -> list[Gauge]:
        labels = (told(server_labels(opaque.address), opaque.tls) for opaque in standing)
        return open_gauges(attributes.TCP_SERVER_ACTIVE, labels)

    def moved(self, opaque: Opaque, sent: int, received: int) -> None:
        # Our side is the server's: what went to the application was received.
        self._recorder.moved(attributes.TCP_SERVER_IO, server_labels(opaque.address), received, sent)

    def finished(self, opaque: Opaque, end: int) -> None:
        self.carried += 1
        context = start(self._sampler, self._bits, b"", b"", None)
        self._recorder.server(
            context,
            opaque.start,
            opaque.connected,
            end,
            endpoint=opaque.address,
            server=opaque.address or self._app,
            sent=opaque.received,
            received=opaque.sent,
            error=opaque.error,
            place=opaque.place,
            tls=opaque.tls,
        )


class OutboundCarrier(Carrier):
    """To the address the application gave: nobody here understands what could be balanced."""

    def __init__(
        self, outbound: Outbound, router: Router, recorder: ConnectionRecorder, sampler: Sampler, bits: Bits
    ) -> None:
        self._outbound = outbound
        self._router = router
        self._recorder = recorder
        self._sampler = sampler
        self._bits = bits
        self.carried = 0

    def begin(self, opaque: Opaque) -> str:
        if opaque.address in self._outbound.own:
            raise RefusedError(Reason.LOOP, "this is the sidecar itself")
        opaque.choice = self._router.direct(parse_authority(opaque.address.encode()))
        return opaque.choice.address

    def gauges(self, standing: Iterable[Opaque]) -> list[Gauge]:
        labels = (told(_labels(opaque), opaque.tls) for opaque in standing)
        return open_gauges(attributes.TCP_CLIENT_ACTIVE, labels)

    def moved(self, opaque: Opaque, sent: int, received: int) -> None:
        self._recorder.moved(attributes.TCP_CLIENT_IO, _labels(opaque), sent, received)

    def finished(self, opaque: Opaque, end: int) -> None:
        self.carried += 1
        context = start(self._sampler, self._bits, b"", b"", None)
        choice = opaque.choice
        self._recorder.client(
            context,
            opaque.start,
            opaque.connected,
            end,
            service=choice.destination.name if choice else opaque.address,
            endpoint=choice.address if choice else "",
            arm=choice.arm if choice else "",
            server=opaque.address,
            sent=opaque.sent,
            received=opaque.received,
            error=opaque.error,
            place=opaque.far_place,
            tls=opaque.tls,
        )


def _labels(opaque: Opaque) -> Labels:
    choice = opaque.choice
    return client_labels(choice.destination.name, choice.address) if choice else client_labels("", "")
