"""The opaque connection: TCP that is not HTTP, whose bytes pass as they are, counted both ways.

A full writer on one side pauses the reader on the other, so nothing is collected; the end of one
direction is passed on and the other goes on; what breaks on one side is a reset on the other.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol, cast

from proxy.contract.transport.peer import peer_of
from proxy.errors import Reason, RefusedError
from proxy.http.listener_context import ListenerContext
from proxy.sockets.dialer import Dialer, OutgoingConnection
from proxy.sockets.options import is_gone, reset
from proxy.tcp.encryption_detection import agrees_to_tls, in_the_clear
from proxy.telemetry.call_recorder import peer_facts
from proxy.telemetry.facts import ConnectionFacts
from proxy.telemetry.metrics import Gauge

# Reads of the server's bytes that are searched for a ServerHello: STARTTLS comes early in a dialogue.
_LOOKS: Final = 8


class TcpDirection(Protocol):
    """The choice of a connection's destination and its record: what a Direction is for requests.

    ``connection_count`` counts connections that are over.
    """

    connection_count: int

    def begin(self, connection: ConnectionFacts) -> str:
        """Return the ``host:port`` to connect to and note it. Raises RefusedError."""
        ...

    def count_bytes(self, connection: ConnectionFacts, sent: int, received: int) -> None:
        """Count bytes that went to and came from the server since the last time."""
        ...

    def gauges(self, open_connections: Iterable[ConnectionFacts]) -> list[Gauge]:
        """Return readings of the connections that are open."""
        ...

    def record(self, connection: ConnectionFacts) -> None:
        """Record a connection that is over."""
        ...


class OpaqueConnection(asyncio.Protocol):
    """The client's side of an opaque connection to ``address``, empty when it came to the sidecar itself.

    ``take_over`` is given for a client that has been silent: when it is the first to speak, its first
    bytes are shown to ``take_over``, which returns True if the connection is somebody else's now.
    """

    _transport: asyncio.Transport

    def __init__(
        self,
        context: ListenerContext,
        direction: TcpDirection,
        address: str,
        take_over: Callable[[bytes], bool] | None = None,
    ) -> None:
        self.facts = ConnectionFacts(address, context.clock())
        self._context = context
        self._direction = direction
        self._take_over = take_over
        self._upstream: OpaqueUpstream | None = None
        self._held = b""
        self._looks = _LOOKS
        self._counted = (0, 0)  # of ``sent`` and ``received``, by the direction
        self._ended = self._upstream_ended = self._over = False

    @property
    def busy(self) -> bool:
        return not self._over

    # asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        # Read nothing before the server is connected: what a client sends meanwhile stays in the kernel,
        # whose buffers already bound it.
        self._transport.pause_reading()
        self.facts.client_peer = peer_facts(peer_of(transport), client=True)
        self._context.connections.add(self)
        try:
            address = self._direction.begin(self.facts)
        except RefusedError as refusal:
            self._context.count_refusal(refusal.reason)
            self._break_off(refusal.reason)
            return
        dialer = self._context.dialer
        upstream = OpaqueUpstream(self, dialer, address)
        dialer.dial(upstream, lambda reason, _: self._dialled(upstream, reason))

    def data_received(self, data: bytes) -> None:
        take_over, self._take_over = self._take_over, None
        facts = self.facts
        # Only the very first bytes of a client name a protocol; later ones may look like anything.
        if not facts.sent and not self._held and in_the_clear(data):
            facts.encrypted = False
        # The server has not spoken either: so it is no server-first protocol, and HTTP is possible after
        # all.
        if take_over is not None and not facts.received and take_over(data):
            self._withdraw()
        elif self._upstream is None:
            self._held += data
        else:
            facts.sent += len(data)
            self._upstream.transport.write(data)

    def eof_received(self) -> bool:
        self._ended = True
        if self._upstream is not None:
            self._upstream.transport.write_eof()
            self._settle()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self._context.connections.discard(self)
        if not self._over:
            # An end without an error is the client's ordinary close, though the server had not closed yet.
            self._finish(Reason.CLIENT_DISCONNECT if error is not None else "")
            if self._upstream is not None and error is not None:
                reset(self._upstream.transport)  # nor may the server take it for an ordinary end
            elif self._upstream is not None:
                self._upstream.transport.abort()

    def pause_writing(self) -> None:
        _read(self._upstream.transport if self._upstream else None, on=False)

    def resume_writing(self) -> None:
        _read(self._upstream.transport if self._upstream else None, on=True)

    # from the listener
    def sweep(self, now: float) -> None:
        # Silence is no fault here; a peer that is gone is found by TCP keep-alive.
        self._count_bytes()
        if self._ended and not self._over and is_gone(self._transport):
            self._transport.abort()

    def drain(self) -> None:
        pass  # where a message ends is not known: it may go on until the drain is over

    def abort(self) -> None:
        self._transport.abort()

    # from the server's side
    def upstream_data(self, data: bytes) -> None:
        if not self._over:
            if self._looks:
                self._looks -= 1
                if agrees_to_tls(data):
                    self.facts.encrypted, self._looks = True, 0
            self.facts.received += len(data)
            self._transport.write(data)

    def upstream_ended(self) -> None:
        if self._over:
            return
        self._upstream_ended = True
        self._transport.write_eof()
        self._settle()

    def upstream_lost(self) -> None:
        if not self._over:
            self._break_off(Reason.UPSTREAM_RESET)

    def upstream_full(self, full: bool) -> None:
        _read(self._transport, on=not full)

    def _dialled(self, upstream: "OpaqueUpstream", reason: Reason | None) -> None:
        if self._over:
            if reason is None:
                upstream.transport.abort()
            return
        if reason is not None:
            self._break_off(reason)
            return
        self._upstream = upstream
        self.facts.connected = self._context.clock()
        self.facts.upstream_peer = peer_facts(peer_of(upstream.transport), client=False)
        # Order matters: the held bytes come first, then the end of the client, then new reads.
        held, self._held = self._held, b""
        if held:
            self.facts.sent += len(held)
            upstream.transport.write(held)
        if self._ended:
            upstream.transport.write_eof()
        _read(self._transport, on=True)

    def _settle(self) -> None:
        if self._ended and self._upstream_ended and not self._over:
            self._finish("")
            self._transport.close()
            if self._upstream is not None:
                self._upstream.transport.close()

    def _break_off(self, reason: Reason) -> None:
        """End the connection so that the client cannot take it for an ordinary end."""
        self._finish(reason)
        reset(self._transport)
        if self._upstream is not None:
            self._upstream.transport.abort()

    def _withdraw(self) -> None:
        """Leave the client to its new protocol, and drop the server."""
        self._over = True
        self._context.connections.discard(self)
        if self._upstream is not None:
            self._upstream.transport.abort()

    def _finish(self, error: str) -> None:
        self._over = True
        self._count_bytes()
        self.facts.error = error
        self.facts.end = self._context.clock()
        self._direction.record(self.facts)

    def _count_bytes(self) -> None:
        facts = self.facts
        # Counted at each sweep, not only at the end: a connection may live for days, and its bytes must
        # show in the graph while it does.
        (sent, received), self._counted = self._counted, (facts.sent, facts.received)
        if self._counted != (sent, received):
            self._direction.count_bytes(facts, facts.sent - sent, facts.received - received)


class OpaqueUpstream(OutgoingConnection):
    """The server's side of an opaque connection."""

    def __init__(self, opaque: OpaqueConnection, dialer: Dialer, address: str) -> None:
        super().__init__(address)
        self._opaque = opaque
        self._dialer = dialer

    def data_received(self, data: bytes) -> None:
        self._opaque.upstream_data(data)

    def eof_received(self) -> bool:
        self._opaque.upstream_ended()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        # Frees the place in the number of connections to this address, whoever closed it.
        self._dialer.closed(self)
        self._opaque.upstream_lost()

    def pause_writing(self) -> None:
        self._opaque.upstream_full(True)

    def resume_writing(self) -> None:
        self._opaque.upstream_full(False)


def established(connections: Iterable[object]) -> Iterator[ConnectionFacts]:
    """Return the facts of the opaque connections that have their server."""
    return (each.facts for each in connections if isinstance(each, OpaqueConnection) and each.facts.connected)


def _read(transport: asyncio.Transport | None, *, on: bool) -> None:
    if transport is not None and not transport.is_closing():
        if on:
            transport.resume_reading()
        else:
            transport.pause_reading()
