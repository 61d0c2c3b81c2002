"""The health check of the application: a TCP connection every second."""

import asyncio
from collections.abc import Callable
from typing import Final

from proxy.contract.transport.streams import connect

PERIOD: Final = 1.0
_TIMEOUT: Final = 1.0
_MISSES: Final = 2  # in a row: one connection may fail while an application is busy


class HealthCheck:
    """A check that connects to ``app`` (``host:port``) at intervals.

    ``on_change`` is called with True when the application becomes ready, with False when it no longer is.
    """

    def __init__(self, app: str, on_change: Callable[[bool], None]) -> None:
        self._app = app
        self._on_change = on_change
        self._misses = 0
        self.ready = False

    async def run(self) -> None:
        """Check until cancelled."""
        while True:
            await self.check()
            await asyncio.sleep(PERIOD)

    async def check(self) -> None:
        """Check once, and report a change."""
        if await self._answers():
            self._misses = 0
            self._set(True)
        else:
            self._misses += 1
            if self._misses >= _MISSES:
                self._set(False)

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(_TIMEOUT):
                transport = await connect(self._app, asyncio.Protocol)
        except OSError:
            return False
        # A connection is enough: a request would appear in the application's own logs and metrics.
        transport.close()
        return True

    def _set(self, ready: bool) -> None:
        if ready != self.ready:
            self.ready = ready
            self._on_change(ready)
