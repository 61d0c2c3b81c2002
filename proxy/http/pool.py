"""Idle connections to upstreams, kept by address, and new ones when there is none."""

import asyncio
import socket
from collections.abc import Callable
from errno import ECONNREFUSED

from proxy.contract.transport.streams import connect
from proxy.errors import Reason
from proxy.http.upstream_connection import Boarding, Link, Upstream
from proxy.transport.write_batch import Outbox

Outcome = Callable[[Reason | None, str], None]
"""Told how an attempt to connect ended: without a reason it succeeded, else the detail says more."""


class Pool:
    """Connections to every destination of one sidecar. ``now`` is the coarse clock, in seconds."""

    def __init__(self, now: Callable[[], float], connect_timeout: float, idle: float, limit: int) -> None:
        self._now = now
        self._connect_timeout = connect_timeout
        self._idle_time = idle
        self._limit = limit
        self._idle: dict[str, list[Upstream]] = {}
        self._open: dict[str, int] = {}
        self._connecting: set[asyncio.Task[None]] = set()
        self.outbox = Outbox()
        self.places: set[tuple[str, int]] = set()  # our own ends, by which we know ourselves as a client

    @property
    def open(self) -> int:
        """Connections open or being opened, to all destinations."""
        return sum(self._open.values())

    @property
    def idle(self) -> int:
        return sum(map(len, self._idle.values()))

    def take(self, address: str) -> Upstream | None:
        """The idle connection used last, or None."""
        idle = self._idle.get(address)
        while idle:
            upstream = idle.pop()
            if upstream.alive and not upstream.transport.is_closing():
                return upstream
        return None

    def give(self, upstream: Upstream) -> None:
        """Keep a connection for the next request."""
        upstream.idle_since = self._now()
        idle = self._idle.get(upstream.address)
        if idle is None:
            idle = self._idle[upstream.address] = []
        idle.append(upstream)

    def lost(self, link: Link) -> None:
        """A connection is gone, or about to be."""
        self.places.discard(link.local)
        self._count(link.address, -1)

    def connect(self, exchange: Boarding, address: str) -> None:
        """Open a connection for an exchange; it is told of the outcome, never at once."""
        upstream = Upstream(self, address)

        def outcome(reason: Reason | None, detail: str) -> None:
            if reason is None:
                exchange.attach(upstream)
            else:
                exchange.upstream_failed(reason, detail)

        self.dial(address, upstream, outcome)

    def dial(self, address: str, link: Link, outcome: Outcome) -> None:
        """Connect ``link``; ``outcome`` is called later, with no reason when that succeeded."""
        if self._open.get(address, 0) >= self._limit:
            detail = f"{self._limit} connections to {address} are in use"
            asyncio.get_running_loop().call_soon(outcome, Reason.OVERLOAD, detail)
            return
        self._count(address, 1)
        task = asyncio.get_running_loop().create_task(self._connect(address, link, outcome))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    def sweep(self) -> None:
        """Close what has been idle too long."""
        before = self._now() - self._idle_time
        for address, idle in list(self._idle.items()):
            keep = [upstream for upstream in idle if upstream.alive and upstream.idle_since >= before]
            old = [upstream for upstream in idle if upstream.alive and upstream.idle_since < before]
            if keep:
                self._idle[address] = keep
            else:
                del self._idle[address]
            for upstream in old:
                upstream.discard()

    def close(self) -> None:
        """Close every idle connection and stop connecting."""
        for task in self._connecting:
            task.cancel()
        for idle in self._idle.values():
            for upstream in idle:
                upstream.discard()
        self._idle.clear()

    async def _connect(self, address: str, link: Link, outcome: Outcome) -> None:
        try:
            async with asyncio.timeout(self._connect_timeout):
                await connect(address, lambda: link)
        except (OSError, TimeoutError) as error:
            self._count(address, -1)
            outcome(*_explain(error, address, self._connect_timeout))
            return
        except asyncio.CancelledError:
            self._count(address, -1)
            raise
        self.places.add(link.local)
        outcome(None, "")

    def _count(self, address: str, change: int) -> None:
        count = self._open.get(address, 0) + change
        if count > 0:
            self._open[address] = count
        else:
            self._open.pop(address, None)


def _explain(error: Exception, address: str, timeout: float) -> tuple[Reason, str]:
    """What to answer when no connection could be opened."""
    # With several addresses for a name uvloop joins their errors into one text.
    if isinstance(error, ConnectionRefusedError) or f"[Errno {ECONNREFUSED}]" in str(error):
        return Reason.CONNECT_REFUSED, f"nothing listens at {address}: is it running?"
    if isinstance(error, TimeoutError):
        return Reason.CONNECT_TIMEOUT, f"{address} did not accept within {timeout:g} s"
    if isinstance(error, socket.gaierror):
        return Reason.DNS_FAILURE, f"no address for {address}: check the name"
    return Reason.CONNECT_FAILED, f"cannot connect to {address}: {error}"
