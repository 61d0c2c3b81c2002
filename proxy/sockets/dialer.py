"""The dialer: opens every connection of the data path to others, a bounded number to each address."""

import asyncio
import socket
from collections.abc import Callable
from errno import ECONNREFUSED
from typing import cast

from proxy.contract.transport.streams import connect
from proxy.errors import Reason

Outcome = Callable[[Reason | None, str], None]
"""Called when an attempt to connect has ended: without a reason it succeeded, else the detail says more."""


class OutgoingConnection(asyncio.Protocol):
    """A connection that we open to ``address`` (``host:port``); ``local`` is our own end of it."""

    __slots__ = ("address", "local", "transport")

    transport: asyncio.Transport

    def __init__(self, address: str) -> None:
        self.address = address
        self.local = ("", 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.local = transport.get_extra_info("sockname")[:2]


class Dialer:
    """Opens connections within ``timeout`` seconds, at most ``limit`` at a time to one address.

    ``local_addresses`` are our own ends of the open ones, by which the sidecar knows itself as a client.
    """

    def __init__(self, timeout: float, limit: int) -> None:
        self._timeout = timeout
        self._limit = limit
        self._open: dict[str, int] = {}
        self._connecting: set[asyncio.Task[None]] = set()
        self.local_addresses: set[tuple[str, int]] = set()

    @property
    def open(self) -> int:
        """Connections open or being opened, to all addresses."""
        return sum(self._open.values())

    def dial(self, connection: OutgoingConnection, outcome: Outcome) -> None:
        """Open ``connection``; ``outcome`` is called later, never at once."""
        address = connection.address
        loop = asyncio.get_running_loop()
        # Connections being opened count too: a destination that does not answer must not collect sockets.
        if self._open.get(address, 0) >= self._limit:
            detail = f"{self._limit} connections to {address} are in use"
            loop.call_soon(outcome, Reason.OVERLOAD, detail)
            return
        # Counted before the connection exists, or many dials at once would all pass the limit.
        self._count(address, 1)
        task = loop.create_task(self._connect(connection, outcome))
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

    async def _connect(self, connection: OutgoingConnection, outcome: Outcome) -> None:
        address = connection.address
        try:
            async with asyncio.timeout(self._timeout):
                await connect(address, lambda: connection)
        except (OSError, TimeoutError) as error:
            self._count(address, -1)
            outcome(*_explain(error, address, self._timeout))
            return
        except asyncio.CancelledError:
            self._count(address, -1)
            raise
        self.local_addresses.add(connection.local)
        outcome(None, "")

    def _count(self, address: str, change: int) -> None:
        count = self._open.get(address, 0) + change
        if count > 0:
            self._open[address] = count
        else:
            self._open.pop(address, None)


def _explain(error: Exception, address: str, timeout: float) -> tuple[Reason, str]:
    """Return the reason for a connection that could not be opened, and what to do about it."""
    # With several addresses for a name uvloop joins their errors into one text.
    if isinstance(error, ConnectionRefusedError) or f"[Errno {ECONNREFUSED}]" in str(error):
        return Reason.CONNECT_REFUSED, f"nothing listens at {address}: is it running?"
    if isinstance(error, TimeoutError):
        return Reason.CONNECT_TIMEOUT, f"{address} did not accept within {timeout:g} s"
    if isinstance(error, socket.gaierror):
        return Reason.DNS_FAILURE, f"no address for {address}: check the name"
    return Reason.CONNECT_FAILED, f"cannot connect to {address}: {error}"
