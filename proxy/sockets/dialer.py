"""The dialer: opens every connection of the data path to others, a bounded number to each address.

Of the addresses that a host name has, one that refuses or does not answer is passed over for the next.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import cast

from proxy.contract.transport.streams import connect, connect_first
from proxy.errors import Reason
from proxy.sockets.dns_cache import DnsCache
from proxy.sockets.options import keep_alive

Outcome = Callable[[Reason | None, str], None]
"""Called when an attempt to connect has ended: without a reason it succeeded, else the detail says more."""


class OutgoingConnection(asyncio.Protocol):
    """A connection that we open to ``address`` (``host:port``); ``local`` is our own end of it.

    Once it is open ``address`` has no name any longer: it is the ``ip:port`` that accepted.
    """

    __slots__ = ("address", "local", "transport")

    transport: asyncio.Transport

    def __init__(self, address: str) -> None:
        self.address = address
        self.local = ("", 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        # No limit of time ends the wait for an answer, yet that its server is gone must be found out.
        keep_alive(transport.get_extra_info("socket"))
        self.local = transport.get_extra_info("sockname")[:2]


class Dialer:
    """Opens connections, at most ``limit`` at a time to one address.

    The kernel decides when to give up, as it does for applications; who routes a request gives up earlier.
    ``dns`` knows the addresses of names. ``own`` are the addresses at which this process takes requests to
    send on: a request sent there would come back for ever. ``local_addresses`` are our own ends of the open
    connections, by which the sidecar knows itself as a client.
    """

    def __init__(self, limit: int, dns: DnsCache) -> None:
        self._limit = limit
        self.dns = dns
        self._open: dict[str, int] = {}
        self._connecting: set[asyncio.Task[None]] = set()
        self.own: frozenset[str] = frozenset()
        self.local_addresses: set[tuple[str, int]] = set()

    @property
    def open(self) -> int:
        """Connections open or being opened, to all addresses."""
        return sum(self._open.values())

    def crowded(self, address: str) -> bool:
        """True if a good part of the connections that may be open to ``address`` are."""
        return self._open.get(address, 0) > self._limit // 4

    def dial(self, connection: OutgoingConnection, outcome: Outcome) -> None:
        """Open ``connection`` to its address; ``outcome`` is called later, never at once."""
        address = connection.address
        if self.dns.host(address):
            self.dns.resolve(address, lambda found: self.dial_any(connection, found, outcome))
        else:
            self.dial_any(connection, [address], outcome)

    def dial_any(self, connection: OutgoingConnection, addresses: Sequence[str], outcome: Outcome) -> None:
        """Open ``connection`` to the first of its ``addresses`` (``ip:port``) that accepts.

        None says that its name has no address. ``outcome`` is called later, never at once.
        """
        loop = asyncio.get_running_loop()
        if not self.own.isdisjoint(addresses):
            detail = f"{connection.address} is the sidecar itself: name the destination, not its proxy"
            loop.call_soon(outcome, Reason.LOOP, detail)
            return
        # Connections being opened count too: a destination that does not answer must not collect sockets.
        free = [each for each in addresses if self._open.get(each, 0) < self._limit]
        if not free:
            name = connection.address
            detail = f"{self._limit} connections to {name} are in use"
            failure = (Reason.OVERLOAD, detail) if addresses else _unknown(name)
            loop.call_soon(outcome, *failure)
            return
        connection.address = free[0]
        # Counted before the connection exists, or many dials at once would all pass the limit.
        self._count(free[0], 1)
        task = loop.create_task(self._connect(connection, free, outcome))
        self._connecting.add(task)  # the loop itself keeps only a weak reference to it
        task.add_done_callback(self._connecting.discard)

    def closed(self, connection: OutgoingConnection) -> None:
        """Stop counting a connection that is gone, or about to be; called once for each that was open."""
        self.local_addresses.discard(connection.local)
        self._count(connection.address, -1)

    def close(self) -> None:
        """Give up all attempts to connect."""
        for task in self._connecting:
            task.cancel()

    async def _connect(self, connection: OutgoingConnection, addresses: list[str], outcome: Outcome) -> None:
        address = connection.address
        try:
            if len(addresses) == 1:
                await connect(address, lambda: connection)
            else:
                connection.address, refused = await connect_first(addresses, connection)
                self.dns.refused(refused)
        except OSError as error:
            self._count(address, -1)
            outcome(*_explain(error, address))
            return
        except asyncio.CancelledError:
            self._count(address, -1)
            raise
        if connection.address != address:
            self._count(address, -1)
            self._count(connection.address, 1)
        self.local_addresses.add(connection.local)
        outcome(None, "")

    def _count(self, address: str, change: int) -> None:
        count = self._open.get(address, 0) + change
        if count > 0:
            self._open[address] = count
        else:
            self._open.pop(address, None)


def _explain(error: OSError, address: str) -> tuple[Reason, str]:
    """Return the reason for a connection that could not be opened, and what to do about it."""
    if isinstance(error, ConnectionRefusedError):
        return Reason.CONNECT_REFUSED, f"nothing listens at {address}: is it running?"
    if isinstance(error, TimeoutError):
        return Reason.CONNECT_TIMEOUT, f"{address} did not accept"
    return Reason.CONNECT_FAILED, f"cannot connect to {address}: {error}"


def _unknown(address: str) -> tuple[Reason, str]:
    return Reason.DNS_FAILURE, f"no address for {address}: check the name"
