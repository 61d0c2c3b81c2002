"""One connection whose bytes pass as they are, both ways, counted: TCP that is not HTTP.

A full writer on one side pauses the reader on the other, so nothing is collected; the end of one
direction is passed on and the other goes on; what breaks on one side is a reset on the other.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, cast

from proxy.errors import Reason, RefusedError
from proxy.http.listener_context import Side
from proxy.http.pool import Pool
from proxy.http.upstream_connection import Link
from proxy.routing.router import Choice
from proxy.tcp.encryption_detection import agrees_to_tls, in_the_clear
from proxy.telemetry.call_recorder import peer
from proxy.telemetry.metrics import Gauge
from proxy.transport.sockets import keep_alive, reset

# Reads of the server's answer in which TLS may be agreed to; after that nobody asks for it any more.
_LOOKS = 8


class Carrier(Protocol):
    """Says where a connection goes and records it. ``carried`` counts those that are over."""

    carried: int

    def begin(self, opaque: "Opaque") -> str:
        """``host:port`` to connect to. Raises RefusedError."""
        ...

    def moved(self, opaque: "Opaque", sent: int, received: int) -> None:
        """Count bytes that went to and came from the server since the last time."""
        ...

    def gauges(self, standing: Iterable["Opaque"]) -> list[Gauge]:
        """Readings of the connections that stand."""
        ...

    def finished(self, opaque: "Opaque", end: int) -> None:
        """Record the connection; ``end`` in monotonic nanoseconds."""
        ...


class Opaque(asyncio.Protocol):
    """The client's side. ``address`` is where it was going, empty when it came to us by itself.

    ``sent`` and ``received`` count bytes to and from the server, times are monotonic nanoseconds;
    ``connected`` is 0 until the server's side stands.
    ``tls`` is whether it is encrypted, None while that is not known.
    ``speaks`` is given for a client that has been silent: when it is the first to speak, its first
    bytes are shown to ``speaks``, which may take the connection over.
    """

    _transport: asyncio.Transport

    def __init__(
        self, side: Side, carrier: Carrier, address: str, speaks: Callable[[bytes], bool] | None = None
    ) -> None:
        self.address = address
        self.start = side.clock()
        self.connected = 0
        self.sent = self.received = 0
        self.tls: bool | None = None
        self.error = ""
        self.place = b""  # the client, encoded
        self.far_place = b""  # the server, encoded
        self.choice: Choice | None = None  # of the outbound carrier
        self._side = side
        self._carrier = carrier
        self._speaks = speaks
        self._far: Far | None = None
        self._held = b""
        self._looks = _LOOKS
        self._told = (0, 0)  # what of ``sent`` and ``received`` the carrier has counted
        self._ended = self._far_ended = self._over = False

    @property
    def busy(self) -> bool:
        return not self._over

    # asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.pause_reading()
        self.place = peer(transport.get_extra_info("peername"), client=True)
        keep_alive(transport)
        self._side.connections.add(self)
        try:
            address = self._carrier.begin(self)
        except RefusedError as refusal:
            self._side.refused(refusal.reason)
            self._break_off(refusal.reason)
            return
        far = Far(self, self._side.pool, address)
        self._side.pool.dial(address, far, lambda reason, _: self._dialled(far, reason))

    def data_received(self, data: bytes) -> None:
        speaks, self._speaks = self._speaks, None
        if not self.sent and not self._held and in_the_clear(data):
            self.tls = False
        if speaks is not None and not self.received and speaks(data):
            self._withdraw()
        elif self._far is None:
            self._held += data
        else:
            self.sent += len(data)
            self._far.transport.write(data)

    def eof_received(self) -> bool:
        self._ended = True
        if self._far is not None:
            self._far.transport.write_eof()
            self._settle()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self._side.connections.discard(self)
        if not self._over:
            self._finish(Reason.CLIENT_DISCONNECT if error is not None else "")
            if self._far is not None:
                self._far.transport.abort()

    def pause_writing(self) -> None:
        _read(self._far.transport if self._far else None, on=False)

    def resume_writing(self) -> None:
        _read(self._far.transport if self._far else None, on=True)

    # from the side
    def sweep(self, now: float, clock: int) -> None:
        # Silence is no fault here; a peer that is gone is found by TCP keep-alive.
        self._tell()

    def drain(self) -> None:
        pass  # where a message ends is not known: it may go on until the drain is over

    def abort(self) -> None:
        self._transport.abort()

    # from the server's side
    def back(self, data: bytes) -> None:
        if not self._over:
            if self._looks:
                self._looks -= 1
                if agrees_to_tls(data):
                    self.tls, self._looks = True, 0
            self.received += len(data)
            self._transport.write(data)

    def far_ended(self) -> None:
        if self._over:
            return
        self._far_ended = True
        self._transport.write_eof()
        self._settle()

    def far_lost(self) -> None:
        if not self._over:
            self._break_off(Reason.UPSTREAM_RESET)

    def far_full(self, full: bool) -> None:
        _read(self._transport, on=not full)

    def _dialled(self, far: "Far", reason: Reason | None) -> None:
        if self._over:
            if reason is None:
                far.transport.abort()
            return
        if reason is not None:
            self._break_off(reason)
            return
        self._far = far
        self.connected = self._side.clock()
        self.far_place = far.place
        held, self._held = self._held, b""
        if held:
            self.sent += len(held)
            far.transport.write(held)
        if self._ended:
            far.transport.write_eof()
        _read(self._transport, on=True)

    def _settle(self) -> None:
        if self._ended and self._far_ended and not self._over:
            self._finish("")
            self._transport.close()
            if self._far is not None:
                self._far.transport.close()

    def _break_off(self, reason: Reason) -> None:
        """End it so that the client cannot take it for an ordinary end."""
        self._finish(reason)
        reset(self._transport)
        if self._far is not None:
            self._far.transport.abort()

    def _withdraw(self) -> None:
        """It is somebody else's connection now."""
        self._over = True
        self._side.connections.discard(self)
        if self._far is not None:
            self._far.transport.abort()

    def _finish(self, error: str) -> None:
        self._over = True
        self.error = error
        self._tell()
        self._carrier.finished(self, self._side.clock())

    def _tell(self) -> None:
        (sent, received), self._told = self._told, (self.sent, self.received)
        if self._told != (sent, received):
            self._carrier.moved(self, self.sent - sent, self.received - received)


class Far(Link):
    """The server's side."""

    def __init__(self, opaque: Opaque, pool: Pool, address: str) -> None:
        super().__init__(address)
        self._opaque = opaque
        self._pool = pool

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        keep_alive(transport)

    def data_received(self, data: bytes) -> None:
        self._opaque.back(data)

    def eof_received(self) -> bool:
        self._opaque.far_ended()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self._pool.lost(self)
        self._opaque.far_lost()

    def pause_writing(self) -> None:
        self._opaque.far_full(True)

    def resume_writing(self) -> None:
        self._opaque.far_full(False)


def standing(connections: Iterable[object]) -> Iterator[Opaque]:
    """Of a side's connections the opaque ones that have their server."""
    return (each for each in connections if isinstance(each, Opaque) and each.connected)


def _read(transport: asyncio.Transport | None, *, on: bool) -> None:
    if transport is not None and not transport.is_closing():
        if on:
            transport.resume_reading()
        else:
            transport.pause_reading()
