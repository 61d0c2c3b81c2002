"""How long a routed request may take: one timer for the try that runs and for the whole, and a wait for
a connection that can be given up."""

import asyncio
from math import inf
from typing import Protocol

from proxy.errors import Reason
from proxy.http.upstream_connection import Boarding, Upstream


class Timed(Protocol):
    """What a deadline is set for: an exchange."""

    request_done: bool

    @property
    def status(self) -> int:
        """The status answered, 0 before a response began."""
        ...

    def expired(self, detail: str, *, final: bool) -> None: ...


class Deadline:
    """Runs from the end of the request. ``timeout`` seconds bound it up to the end of the response,
    ``per_try`` seconds each try up to the beginning of its response; 0 is no bound.
    """

    __slots__ = ("_end", "_exchange", "_per_try", "_timeout", "_timer")

    def __init__(self, exchange: Timed, timeout: float, per_try: float) -> None:
        self._exchange = exchange
        self._timeout = timeout
        self._per_try = per_try
        self._end = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def attempt(self) -> None:
        """A try was sent, or the request it waits for is whole now."""
        self.cancel()
        if not self._exchange.request_done:
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._end = self._end or (now + self._timeout if self._timeout else inf)
        due = now + self._per_try if self._per_try else inf
        if due < self._end:
            self._timer = loop.call_at(due, self._try_over)
        else:
            self._wait()

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        if self._end < inf:
            self._timer = asyncio.get_running_loop().call_at(self._end, self._over)

    def _try_over(self) -> None:
        self._timer = None
        if self._exchange.status:
            self._wait()
        else:
            self._exchange.expired(f"no response to one try within {self._per_try:g} s", final=False)

    def _over(self) -> None:
        self._timer = None
        self._exchange.expired(f"no whole response within {self._timeout:g} s", final=True)


class Wait:
    """Waits for a connection in an exchange's place. ``given_up``: one that still comes is pooled."""

    __slots__ = ("_exchange", "given_up")

    def __init__(self, exchange: Boarding) -> None:
        self._exchange = exchange
        self.given_up = False

    def attach(self, upstream: Upstream) -> None:
        if self.given_up:
            upstream.parser.reusable = True
            upstream.release()
        else:
            self._exchange.attach(upstream)

    def upstream_failed(self, reason: Reason, detail: str) -> None:
        if not self.given_up:
            self._exchange.upstream_failed(reason, detail)
