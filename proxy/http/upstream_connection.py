"""One connection to an upstream: bytes out as they are, bytes in through the response parser."""

import asyncio
from typing import Protocol, cast

from proxy.contract.transport.peer import peer_of
from proxy.errors import Reason, RefusedError
from proxy.http.http1.responses import ResponseParser, ResponseSink
from proxy.telemetry.call_recorder import peer_facts
from proxy.telemetry.facts import NOBODY


class Boarding(Protocol):
    """Who waits for a connection."""

    def attach(self, upstream: "Upstream") -> None: ...
    def upstream_failed(self, reason: Reason, detail: str) -> None: ...


class Passenger(Boarding, ResponseSink, Protocol):
    """What an upstream connection carries: an exchange, which is told how the journey goes."""

    def relay(self) -> None: ...
    def upstream_lost(self) -> None: ...
    def half_closed(self) -> None: ...
    def upstream_full(self, full: bool) -> None: ...


class Owner(Protocol):
    """Who keeps account of connections: the pool."""

    def give(self, upstream: "Upstream") -> None: ...
    def lost(self, link: "Link") -> None: ...


class Link(asyncio.Protocol):
    """A connection to ``address``; ``local`` is our own end of it, ``peer`` is the other."""

    __slots__ = ("address", "local", "peer", "transport")

    transport: asyncio.Transport

    def __init__(self, address: str) -> None:
        self.address = address
        self.local = ("", 0)
        self.peer = NOBODY

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.local = transport.get_extra_info("sockname")[:2]
        self.peer = peer_facts(peer_of(transport), client=False)


class Upstream(Link):
    """A pooled connection; it serves one exchange at a time, or is one side of a tunnel."""

    __slots__ = ("_pool", "alive", "exchange", "idle_since", "parser", "reused", "tunnel")

    def __init__(self, pool: Owner, address: str) -> None:
        super().__init__(address)
        self._pool = pool
        self.parser = ResponseParser()
        self.exchange: Passenger | None = None
        self.tunnel: asyncio.Transport | None = None
        self.alive = True
        self.reused = False
        self.idle_since = 0.0

    def serve(self, exchange: Passenger, head_only: bool) -> None:
        """Carry this exchange's response; its request may be written now."""
        self.exchange = exchange
        self.parser.begin(exchange, head_only)

    def release(self) -> None:
        """The exchange is over: back to the pool when the connection may carry another."""
        self.exchange = None
        if self.alive and self.parser.reusable and not self.transport.is_closing():
            self.reused = True
            self._pool.give(self)
        else:
            self.discard()

    def discard(self) -> None:
        """Close without ceremony."""
        self.exchange = None
        if self.alive:
            self.alive = False
            self._pool.lost(self)
            if self.tunnel is None:
                self.transport.abort()
            else:
                self.transport.close()  # what is still to be written belongs to the other side

    # asyncio.Protocol
    def data_received(self, data: bytes) -> None:
        if self.tunnel is not None:
            self.tunnel.write(data)
            return
        exchange = self.exchange
        if exchange is None:
            self.discard()  # nobody asked: a late answer, or the server saying goodbye
            return
        try:
            self.parser.feed(data)
        except RefusedError as refusal:
            exchange.upstream_failed(refusal.reason, refusal.detail)
            return
        exchange.relay()

    def eof_received(self) -> bool:
        if self.tunnel is None:
            return False
        self.tunnel.write_eof()
        if self.exchange is not None:
            self.exchange.half_closed()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        if self.alive:
            self.alive = False
            self._pool.lost(self)
        exchange, self.exchange = self.exchange, None
        if exchange is None:
            return
        if error is None and self.parser.finish():
            exchange.relay()
        else:
            exchange.upstream_lost()

    def pause_writing(self) -> None:
        if self.exchange is not None:
            self.exchange.upstream_full(True)

    def resume_writing(self) -> None:
        if self.exchange is not None:
            self.exchange.upstream_full(False)
