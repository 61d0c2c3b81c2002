"""The pool of upstream connections: leases streams on them, kept by address. Pure.

A connection is kept while it has room for another stream; the one used last is used next, so that
those beyond the present need grow old and are closed.
"""

from collections.abc import Callable

from proxy.errors import Reason
from proxy.http.http1.upstream_connection import UpstreamConnection
from proxy.http.streams import StreamWaiter, UpstreamStream
from proxy.sockets.dialer import Dialer, OutgoingConnection
from proxy.sockets.write_batch import WriteBatch


class ConnectWaiter:
    """Links a connection that is being opened to whoever waits for a stream on it.

    Who stops waiting calls ``abandon``; the connection is kept for the next request when it still comes.
    """

    __slots__ = ("_connection", "_pool", "_waiter")

    def __init__(self, pool: "Pool", connection: UpstreamConnection, waiter: StreamWaiter) -> None:
        self._pool = pool
        self._connection = connection
        self._waiter: StreamWaiter | None = waiter

    def abandon(self) -> None:
        """Stop waiting."""
        self._waiter = None

    def outcome(self, reason: Reason | None, detail: str) -> None:
        """Take the outcome of the dialer."""
        waiter = self._waiter
        if waiter is None:
            if reason is None:
                self._pool.give(self._connection)
        elif reason is None:
            stream = self._connection.lease()
            if stream is not None:
                waiter.attach(stream)
            else:
                waiter.upstream_failed(Reason.UPSTREAM_RESET, "closed as soon as it was open")
        else:
            waiter.upstream_failed(reason, detail)


class Pool:
    """Connections to every destination of one sidecar. ``now`` is the coarse clock, in seconds; ``idle`` the
    seconds for which a connection is kept without a stream."""

    def __init__(self, dialer: Dialer, batch: WriteBatch, now: Callable[[], float], idle: float) -> None:
        self._dialer = dialer
        self._batch = batch
        self._now = now
        self._idle_time = idle
        self._ready: dict[str, list[UpstreamConnection]] = {}  # with room for a stream

    @property
    def idle(self) -> int:
        """Connections that wait for a request."""
        return sum(map(len, self._ready.values()))

    def lease(self, address: str) -> UpstreamStream | None:
        """Return a stream on the connection used last, or None when there is none with room."""
        ready = self._ready.get(address)
        # A server may have closed some of them while they were idle; these are passed over.
        while ready:
            # A connection with room for more than this one comes back by ``give``.
            stream = ready.pop().lease()
            if stream is not None:
                return stream
        return None

    def connect(self, address: str, waiter: StreamWaiter) -> ConnectWaiter:
        """Open a connection for a stream; the waiter learns the outcome later, never at once."""
        connection = UpstreamConnection(self, address, self._batch)
        waiting = ConnectWaiter(self, connection, waiter)
        self._dialer.dial(connection, waiting.outcome)
        return waiting

    def give(self, connection: UpstreamConnection) -> None:
        """Keep a connection that has room for another stream."""
        connection.idle_since = self._now()
        # From now on a reset before any response can mean that the server closed it while idle, see
        # ``attach``.
        connection.reused = True
        ready = self._ready.get(connection.address)
        if ready is None:
            ready = self._ready[connection.address] = []
        ready.append(connection)

    def lost(self, connection: OutgoingConnection) -> None:
        """Forget a connection that is gone, or about to be."""
        self._dialer.closed(connection)

    def sweep(self) -> None:
        """Close what has been idle too long."""
        # Must be shorter than the idle timeout of common servers, or requests meet connections that just
        # closed.
        before = self._now() - self._idle_time
        # Lists are rebuilt, not only emptied: endpoints come and go, and their addresses must not remain as
        # keys.
        for address, ready in list(self._ready.items()):
            alive = [connection for connection in ready if connection.alive]
            keep = [connection for connection in alive if connection.idle_since >= before]
            old = [connection for connection in alive if connection.idle_since < before]
            if keep:
                self._ready[address] = keep
            else:
                del self._ready[address]
            for connection in old:
                connection.discard()

    def close(self) -> None:
        """Close every idle connection and stop connecting."""
        self._dialer.close()
        for ready in self._ready.values():
            for connection in ready:
                connection.discard()
        self._ready.clear()
