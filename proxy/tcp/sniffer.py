"""The sniffer of intercepted connections, which finds the original destination and the protocol of each.

A connection is held here until both are known, then handed to ``ClientConnection`` or to
``OpaqueConnection``. A silent client may speak a server-first protocol (SMTP, MySQL) or keep a
connection ready for later. After ``patience`` seconds it is connected as opaque TCP, and detection
runs again if the client turns out to speak first.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from proxy.contract.address import join_address, split_address
from proxy.contract.transport.streams import hand_over
from proxy.errors import Reason
from proxy.http.http1.client_connection import ClientConnection
from proxy.http.http1.encoder import closing_response
from proxy.http.listener_context import ListenerContext
from proxy.http.refusals import refusal
from proxy.sockets.options import reset
from proxy.tcp.http_detection import speaks_http
from proxy.tcp.opaque import OpaqueConnection, TcpDirection
from proxy.tcp.original_dst import original_destination


@dataclass(frozen=True, slots=True)
class ListenerRules:
    """The rules by which a listener chooses a protocol for accepted connections.

    An intercepted connection to the port of ``app`` (``host:port``, empty for outbound), whatever its
    address, is for our own application, which speaks ``protocol``: "http", "tcp" or "auto".
    With ``intercept`` it asks for the original destination. ``patience`` is seconds of silence.
    """

    context: ListenerContext
    direction: TcpDirection
    app: str
    protocol: str
    intercept: bool
    patience: float

    def accept(self) -> asyncio.Protocol:
        """Return the protocol for one accepted connection."""
        if self.intercept or self.protocol == "tcp":
            return ProtocolSniffer(self)
        return ClientConnection(self.context)

    def destination(self, transport: asyncio.Transport) -> str:
        """Return the ``host:port`` an intercepted connection was going to; empty for one made to us."""
        if not self.intercept:
            return ""
        original = original_destination(transport.get_extra_info("socket"))
        name = transport.get_extra_info("sockname")
        # A client that connected to the sidecar's own port was not redirected: it knows us as a proxy.
        return "" if original == join_address(name[0], name[1]) else original

    def ours(self, address: str) -> bool:
        """True if an original destination is our application."""
        # By port alone: under interception the application is reached at every address of the machine.
        return bool(self.app) and split_address(address)[1] == split_address(self.app)[1]


class ProtocolSniffer(asyncio.Protocol):
    """One connection whose protocol is not known yet."""

    _transport: asyncio.Transport

    def __init__(self, rules: ListenerRules) -> None:
        self._rules = rules
        self._held = b""
        self._address = ""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def busy(self) -> bool:
        return False

    # asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        rules = self._rules
        address = rules.destination(self._transport)
        protocol = rules.protocol
        if not address:
            # Connected to us directly, as to a proxy: "auto" means HTTP here, since other TCP names no
            # destination.
            protocol = "http" if protocol == "auto" else protocol
        # An empty address means the configured application; the ``protocol`` of the rules applies to it.
        elif rules.ours(address):
            address = ""
        else:
            protocol = "auto"
        self._address = address
        if protocol == "http":
            self._pass_http()
        elif protocol == "tcp":
            self._pass_opaque(None)
        else:
            rules.context.connections.add(self)
            # Only here is waiting needed: the client must be the first to speak, or nobody will.
            self._timer = asyncio.get_running_loop().call_later(rules.patience, self._silent)

    def data_received(self, data: bytes) -> None:
        self._held += data
        # True, False, or None while the bytes could still become either: then wait for the next read.
        http = speaks_http(self._held)
        if http:
            self._pass_http()
        elif http is False:
            self._pass_opaque(None)

    def eof_received(self) -> bool:
        # A client that ended before a whole method was there: its few bytes still go to the server.
        if self._held:
            self._pass_opaque(None, ended=True)
            return True
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._leave()

    # from the listener
    def sweep(self, now: float) -> None:
        pass  # its own timer is shorter

    def drain(self) -> None:
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def _silent(self) -> None:
        # After some bytes that began like HTTP nothing more came: detection has ended for good then.
        self._pass_opaque(None if self._held else self._spoke)

    def _spoke(self, data: bytes) -> bool:
        """Take over as HTTP when the client of a silent connection is the first to speak and speaks that."""
        if not speaks_http(data):
            return False
        self._held = data
        self._pass_http()
        return True

    def _pass_http(self) -> None:
        context = self._rules.context
        if self._looped():
            context.count_refusal(Reason.LOOP)
            detail = "the sidecar's own connection came back: run intercept.sh with the user it runs as"
            self._leave()
            self._transport.write(closing_response(*refusal(Reason.LOOP, detail)))
            self._transport.close()
            return
        self._hand_to(ClientConnection(context, self._address))

    def _pass_opaque(self, take_over: Callable[[bytes], bool] | None, *, ended: bool = False) -> None:
        if self._looped():
            self._leave()
            self._rules.context.count_refusal(Reason.LOOP)
            reset(self._transport)
            return
        opaque = OpaqueConnection(self._rules.context, self._rules.direction, self._address, take_over)
        self._hand_to(opaque, ended=ended)

    def _looped(self) -> bool:
        """True if the client is this very process, whose connections must not be intercepted.

        Of N workers a connection that comes back meets its own with a chance of 1 in N: a loop ends
        after N turns on average.
        """
        address = self._transport.get_extra_info("peername")
        return address is not None and tuple(address[:2]) in self._rules.context.dialer.local_addresses

    def _hand_to(self, protocol: asyncio.Protocol, *, ended: bool = False) -> None:
        self._leave()
        held, self._held = self._held, b""
        hand_over(self._transport, protocol, held, ended=ended)

    def _leave(self) -> None:
        self._rules.context.connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
