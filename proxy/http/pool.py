"""The pool of upstream connections: leases streams on them, kept by address. Pure.

A connection is kept while it has room for another stream; the one used last is used next, so that
those beyond the present need grow old and are closed. Shared are connections to one known process: an
endpoint of the mesh, the application. Those to addresses that a client named itself, and those that carry
its identity, belong to the affinity of that client; the former unless there are very many.

An address may be a name. Which of its addresses a client connection means is found out anew for each one
and for each connection to be opened: names spread and follow their records as they would without the pool.
"""

from collections.abc import Callable
from enum import Enum, auto
from math import inf
from typing import Final

from proxy.errors import Reason
from proxy.http.affinity import Affinity
from proxy.http.http1.requests import MessageLimits
from proxy.http.http1.upstream_connection import UpstreamConnection
from proxy.http.streams import StreamWaiter, UpstreamStream
from proxy.routing.router import Attempt
from proxy.sockets.dialer import Dialer
from proxy.sockets.options import has_input
from proxy.sockets.write_batch import WriteBatch

# Seconds of idleness after which a connection carries no request that cannot be sent again: servers that
# announce nothing close idle connections after 2 s (gunicorn), 5 s (uvicorn) or whatever was set, and a
# request that meets the close on its way is lost. Where requests are rarer than this a new connection for
# each costs next to nothing.
_SURE: Final = 0.25


class Reuse(Enum):
    """The kept connections that may carry a request: any, those surely alive, or none."""

    ANY = auto()
    SURE = auto()
    NONE = auto()


class ConnectWaiter:
    """Links a connection that is being opened to whoever waits for a stream on it.

    Who stops waiting calls ``abandon``; the connection is kept for the next request when it still comes.
    """

    __slots__ = ("_connection", "_pool", "_waiter")

    def __init__(self, pool: "Pool", connection: UpstreamConnection, waiter: StreamWaiter) -> None:
        self._pool = pool
        self._connection = connection
        self._waiter: StreamWaiter | None = waiter

    @property
    def abandoned(self) -> bool:
        """True if nobody waits any longer."""
        return self._waiter is None

    def abandon(self) -> None:
        """Stop waiting."""
        self._waiter = None

    def attach(self, stream: UpstreamStream) -> None:
        """Take a stream that was found meanwhile."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.attach(stream)

    def late(self, seconds: float) -> None:
        """Let nobody wait any longer, after this many seconds."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            detail = f"{self._connection.address} did not accept within {seconds:g} s"
            waiter.upstream_failed(Reason.CONNECT_TIMEOUT, detail)

    def outcome(self, reason: Reason | None, detail: str) -> None:
        """Take the outcome of the dialer."""
        connection = self._connection
        waiter, self._waiter = self._waiter, None
        if reason is None and connection.address != connection.destination:
            connection.client.remember(connection.destination, connection.address)
        if waiter is None:
            if reason is None and connection.tunnel:
                connection.discard()
            elif reason is None:
                self._pool.give(connection)
        elif reason is None:
            stream = connection.lease()
            if stream is not None:
                waiter.attach(stream)
            else:
                waiter.upstream_failed(Reason.UPSTREAM_RESET, "closed as soon as it was open")
        else:
            waiter.upstream_failed(reason, detail)


class Pool:
    """Connections to every destination of one sidecar.

    ``limits`` bound the heads of responses. ``now`` is the coarse clock, in seconds. A connection is kept for
    ``idle`` seconds without a stream, or for as long as its server announces, and for ``age`` seconds in all.
    """

    def __init__(
        self,
        dialer: Dialer,
        batch: WriteBatch,
        limits: MessageLimits,
        now: Callable[[], float],
        idle: float,
        age: float,
    ) -> None:
        self._dialer = dialer
        self._dns = dialer.dns
        self._batch = batch
        self._now = now
        self._idle_time = idle
        self._limits = limits
        self._age = age
        self._ready: dict[str, list[UpstreamConnection]] = {}  # with room for a stream
        self._own: set[UpstreamConnection] = set()  # kept by their clients, idle or not

    @property
    def idle(self) -> int:
        """Connections that wait for a request."""
        own = sum(connection.idle_until < inf for connection in self._own)
        return sum(map(len, self._ready.values())) + own

    def lease(self, attempt: Attempt, client: Affinity, reuse: Reuse) -> UpstreamStream | None:
        """Return a stream on a kept connection, or None when there is none with room.

        The client's own connection comes first, then the one used last of those that are shared.
        """
        if reuse is Reuse.NONE:
            return None
        address = attempt.address
        own = client.own.get(address)
        if own is not None and own.alive:
            host = self._dns.host(address)
            if host and not own.identity and not self._dns.holds(host, own.address):
                return None  # to be looked up first
            return self._take_own(own, reuse)
        # No key is a name, so that most requests need not ask whether theirs is one.
        if address in self._ready:
            return self._take(address, address, client, reuse)
        known = client.addresses.get(address)
        if known is None or not self._dns.holds(self._dns.host(address), known):
            return None
        return self._take(address, known, client, reuse)

    def connect(
        self, attempt: Attempt, client: Affinity, reuse: Reuse, waiter: StreamWaiter
    ) -> ConnectWaiter:
        """Open a connection for a stream; the waiter learns the outcome later, never at once.

        A name is looked up for it, and a connection that is kept to the address found serves instead.
        """
        address = attempt.address
        connection = UpstreamConnection(self, address, self._batch, self._limits, client, self._now())
        connection.shared = attempt.shared
        connection.tunnel = reuse is Reuse.NONE
        waiting = ConnectWaiter(self, connection, waiter)
        dialer = self._dialer

        def resolved(addresses: list[str]) -> None:
            if waiting.abandoned:
                return
            known = client.addresses.get(address)
            if known in addresses:
                addresses.sort(key=lambda each: each != known)  # the others keep their order
            stream = None
            if addresses and reuse is not Reuse.NONE:
                first, own = addresses[0], client.own.get(address)
                if own is not None and own.alive and own.address == first:
                    stream = self._take_own(own, reuse)
                else:
                    stream = self._take(address, first, client, reuse)
            if stream is not None:
                client.remember(address, addresses[0])
                waiting.attach(stream)
            else:
                dialer.dial_any(connection, addresses, waiting.outcome)

        if self._dns.host(address):
            self._dns.resolve(address, resolved)
        else:
            dialer.dial_any(connection, [address], waiting.outcome)
        return waiting

    def _take_own(self, own: UpstreamConnection, reuse: Reuse) -> UpstreamStream | None:
        """Return a stream on a client's own connection; close it and return None if it is too old."""
        now = self._now()
        # With an identity for however long: only its server may end it, or the client would have to prove
        # its identity anew.
        usable = now < own.idle_until and (own.identity or reuse is Reuse.ANY or _surely_alive(own, now))
        stream = own.lease() if usable else None
        if stream is None:
            own.discard()
        own.idle_until = inf  # in use
        return stream

    def _take(self, destination: str, address: str, client: Affinity, reuse: Reuse) -> UpstreamStream | None:
        """Return a stream on a kept connection to ``address``, one of ``destination``."""
        now, again = self._now(), reuse is Reuse.ANY
        ready = self._ready.get(address)
        # A server may have closed some of them while they were idle; these are passed over.
        while ready:
            connection = ready[-1]
            # The others have been idle for longer.
            if not again and now - connection.idle_since > _SURE:
                return None
            ready.pop()
            # A connection with room for more than this one comes back by ``give``.
            stream = connection.lease() if now < connection.idle_until else None
            if stream is not None and (again or _surely_alive(connection, now)):
                connection.client, connection.destination = client, destination
                return stream
            connection.discard()
        return None

    def give(self, connection: UpstreamConnection) -> None:
        """Keep a connection that has room for another stream."""
        connection.idle_since = now = self._now()
        # ``idle_time`` must be shorter than the idle timeout of common servers, or requests meet connections
        # that just closed.
        announced = connection.keep_alive.idle
        longest = inf if connection.identity else self._idle_time
        connection.idle_until = now + (announced if announced < longest else longest)
        # From now on a reset before any response can mean that the server closed it while idle, see
        # ``attach``.
        connection.reused = True
        if connection.identity:
            connection.client.keep(connection)
            return
        if now - connection.opened > self._age:
            connection.discard()
            return
        if connection in self._own:
            return
        # Thousands of clients of one address, each with a connection that is idle most of the time, would
        # reach the limit of connections though few requests are under way: then they share what is free.
        if not connection.shared and not self._dialer.crowded(connection.address):
            self._own.add(connection)
            connection.client.keep(connection)
            return
        ready = self._ready.get(connection.address)
        if ready is None:
            ready = self._ready[connection.address] = []
        ready.append(connection)

    def forget(self, address: str) -> None:
        """Close the idle connections to an address at which another process answers now."""
        for connection in self._ready.pop(address, ()):
            connection.discard()

    def lost(self, connection: UpstreamConnection) -> None:
        """Forget a connection that is gone, or about to be."""
        self._own.discard(connection)
        self._dialer.closed(connection)

    def sweep(self) -> None:
        """Close what has been idle too long."""
        now = self._now()
        # Lists are rebuilt, not only emptied: endpoints come and go, and their addresses must not remain as
        # keys.
        for address, ready in list(self._ready.items()):
            keep = []
            for connection in ready:
                if connection.alive and now < connection.idle_until:
                    keep.append(connection)
                else:
                    connection.discard()
            if keep:
                self._ready[address] = keep
            else:
                del self._ready[address]
        # A copy: what is discarded leaves the set.
        for connection in list(self._own):
            if now >= connection.idle_until:  # never while it is in use
                connection.discard()

    def close(self) -> None:
        """Close every idle connection and stop connecting."""
        self._dialer.close()
        for ready in self._ready.values():
            for connection in ready:
                connection.discard()
        self._ready.clear()


def _surely_alive(connection: UpstreamConnection, now: float) -> bool:
    """True if the server has most likely not closed an idle connection."""
    # Whatever has come to it and was not read yet is most likely its end.
    return now - connection.idle_since <= _SURE and not has_input(connection.transport)
