"""Where intercepted connections enter: to whom were they sent, and is it HTTP what they carry?

A connection is held here until that is known, then handed to ``Downstream`` or to ``Opaque``. Who
says nothing for a while is waiting for the server to speak first, or keeps a connection ready; it
gets its server, and is looked at again when it turns out to be the first to speak.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from proxy import errors
from proxy.contract.address import join_address, split_address
from proxy.errors import Reason
from proxy.http.client_connection import Downstream
from proxy.http.listener_context import ListenerContext
from proxy.tcp.http_detection import speaks_http
from proxy.tcp.opaque import Carrier, Opaque
from proxy.tcp.original_dst import original_destination
from proxy.transport.sockets import reset


@dataclass(frozen=True, slots=True)
class Entrance:
    """What all gates of one listener share.

    ``here``: an intercepted connection to this port (of whatever address) is for ``place``, our own
    application; empty for outbound. ``speaks`` is what it speaks: "http", "tcp" or "auto".
    ``intercept``: ask for the original destination at all. ``patience`` is seconds of silence.
    """

    side: ListenerContext
    carrier: Carrier
    place: str
    speaks: str
    intercept: bool
    patience: float

    def protocol(self) -> asyncio.Protocol:
        """A protocol for one accepted connection."""
        return Gate(self) if self.intercept or self.speaks == "tcp" else Downstream(self.side)

    def destination(self, transport: asyncio.Transport) -> str:
        """``host:port`` an intercepted connection was going to; empty when it came to us by itself."""
        if not self.intercept:
            return ""
        original = original_destination(transport.get_extra_info("socket"))
        name = transport.get_extra_info("sockname")
        return "" if original == join_address(name[0], name[1]) else original

    def ours(self, address: str) -> bool:
        """Whether an original destination is our application."""
        return bool(self.place) and split_address(address)[1] == split_address(self.place)[1]


class Gate(asyncio.Protocol):
    """One connection that is not yet known for what it is."""

    _transport: asyncio.Transport

    def __init__(self, entrance: Entrance) -> None:
        self._entrance = entrance
        self._held = b""
        self._address = ""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def busy(self) -> bool:
        return False

    # asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        entrance = self._entrance
        address = entrance.destination(self._transport)
        speaks = entrance.speaks
        if not address:
            speaks = "http" if speaks == "auto" else speaks
        elif entrance.ours(address):
            address = ""
        else:
            speaks = "auto"
        self._address = address
        if speaks == "http":
            self._pass_http()
        elif speaks == "tcp":
            self._pass_opaque(None)
        else:
            entrance.side.connections.add(self)
            self._timer = asyncio.get_running_loop().call_later(entrance.patience, self._silent)

    def data_received(self, data: bytes) -> None:
        self._held += data
        http = speaks_http(self._held)
        if http:
            self._pass_http()
        elif http is False:
            self._pass_opaque(None)

    def eof_received(self) -> bool:
        if self._held:
            self._pass_opaque(None, ended=True)
            return True
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._leave()

    # from the side
    def sweep(self, now: float, clock: int) -> None:
        pass  # its own timer is shorter

    def drain(self) -> None:
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def _silent(self) -> None:
        self._pass_opaque(None if self._held else self._spoken)

    def _spoken(self, data: bytes) -> bool:
        """The client of a silent connection is the first to speak: whether it was taken for HTTP."""
        if not speaks_http(data):
            return False
        self._held = data
        self._pass_http()
        return True

    def _pass_http(self) -> None:
        side = self._entrance.side
        if self._looped():
            side.refused(Reason.LOOP)
            detail = "the sidecar's own connection came back: run intercept.sh with the user it runs as"
            self._leave()
            self._transport.write(errors.response(Reason.LOOP, detail, close=True))
            self._transport.close()
            return
        self._hand_to(Downstream(side, self._address))

    def _pass_opaque(self, speaks: Callable[[bytes], bool] | None, *, ended: bool = False) -> None:
        if self._looped():
            self._leave()
            self._entrance.side.refused(Reason.LOOP)
            reset(self._transport)
            return
        opaque = Opaque(self._entrance.side, self._entrance.carrier, self._address, speaks)
        self._hand_to(opaque)
        if ended:
            opaque.eof_received()

    def _looped(self) -> bool:
        """Whether the client is this very process, whose connections are not to be intercepted.

        Of N workers a connection that comes back meets its own with a chance of 1 in N: a loop ends
        after N turns on average.
        """
        address = self._transport.get_extra_info("peername")
        return address is not None and tuple(address[:2]) in self._entrance.side.pool.places

    def _hand_to(self, protocol: asyncio.Protocol) -> None:
        self._leave()
        held, self._held = self._held, b""
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        if held:
            protocol.data_received(held)

    def _leave(self) -> None:
        self._entrance.side.connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
