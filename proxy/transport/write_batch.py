"""Writes of one turn of the event loop, sent together when many come in one turn.

Whoever sleeps at the other end is woken once for all of them and not for each: with 16 connections
or more that saves a sixth of the CPU time of a request. Where few come together waiting would only
cost; so each turn that brought few is followed by a while in which everything is sent at once.
"""

import asyncio
from typing import Final

_FEW: Final = 8  # writes in a turn below which waiting for its end does not pay
_LARGE: Final = 8192  # bytes that cost more to hold, in memory and cache, than a wake-up
_AT_ONCE: Final = 128  # writes that do not wait after such a turn


class Outbox:
    """Every HTTP write of one process goes through here, so that writes to one connection stay in order.

    Whoever closes a connection or hands it to someone else calls ``flush`` first.
    """

    __slots__ = ("_direct", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[tuple[asyncio.Transport, bytes]] = []
        self._direct = 0

    def write(self, transport: asyncio.Transport, data: bytes) -> None:
        """Send now or at the end of this turn."""
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
        """Send what waits."""
        waiting, self._waiting = self._waiting, []
        for transport, data in waiting:
            if not transport.is_closing():  # reset meanwhile: nobody reads it
                transport.write(data)

    def _turn(self) -> None:
        if len(self._waiting) < _FEW:
            self._direct = _AT_ONCE
        self.flush()
