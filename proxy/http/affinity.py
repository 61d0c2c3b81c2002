"""The affinity of one client connection: where it was going to, and the connections that it owns. Pure.

What answers at an address that the client named itself is drawn with each connection, by DNS, by a virtual
IP or by a load balancer: each client connection draws for itself, and keeps what it drew.

NTLM and Negotiate authenticate a connection, not a request (RFC 4559, section 6; MS-NTHT 1.3): whoever
sends the next request over it is served as the first one's user. Once either scheme was seen on an
upstream connection, that connection serves the requests of one client connection alone and ends with it.
"""

from typing import Final

from proxy.http.http1.upstream_connection import UpstreamConnection
from proxy.routing.router import Attempt

# Destinations that are remembered for one client connection: one that asks for ever new ones (a crawler) must
# not fill the memory.
_MAX_DESTINATIONS: Final = 64


class Affinity:
    """The destination, the own connections and the handshakes of one client connection.

    ``original`` is the ``host:port`` that an intercepted connection was going to, empty for one made to the
    sidecar itself. ``addresses`` maps names (``host:port``) to the ``ip:port`` that they meant for this
    client: a connection that it keeps stays with one address, as it would without the sidecar. ``own`` are
    the client's own connections by ``host:port``, idle or not.
    """

    __slots__ = ("_attempts", "_closed", "addresses", "original", "own")

    def __init__(self, original: str = "") -> None:
        self.original = original
        self.addresses: dict[str, str] = {}
        self.own: dict[str, UpstreamConnection] = {}
        self._attempts: dict[str, Attempt] = {}
        self._closed = False

    def attempt(self, server: str, chosen: Attempt, *, identity: bool) -> Attempt:
        """Return where a request to ``server`` goes: ``chosen``, or where this client is known already.

        ``identity`` says that the request authenticates its connection. The legs of one handshake must
        reach one connection, so the mesh does not balance them.
        """
        known = self._attempts.get(server)
        own = self.own.get(known.address) if known is not None else None
        if known is not None and own is not None and own.identity and own.alive:
            return known
        if identity:
            if len(self._attempts) >= _MAX_DESTINATIONS:
                self._attempts.clear()
            self._attempts[server] = chosen
        return chosen

    def remember(self, name: str, address: str) -> None:
        """Remember the ``ip:port`` that ``name`` means for this client."""
        if len(self.addresses) >= _MAX_DESTINATIONS:
            self.addresses.clear()
        self.addresses[name] = address

    def keep(self, connection: UpstreamConnection) -> None:
        """Keep a connection that is the client's own; it is closed with the client's."""
        own, destination = self.own, connection.destination
        before = own.get(destination)
        if before is connection:
            return
        if self._closed:
            connection.discard()
            return
        if before is None and len(own) >= _MAX_DESTINATIONS:
            before = own.pop(next(iter(own)))
        if before is not None:
            before.discard()
        own[destination] = connection

    def close(self) -> None:
        """Close the client's own connections."""
        self._closed = True
        for connection in self.own.values():
            connection.discard()
        self.own.clear()
