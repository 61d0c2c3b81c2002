"""The deadlines of a routed request: one timer for the attempt under way and for the whole, and one for a
connection that has to be opened first."""

import asyncio
from math import inf
from typing import Protocol

from proxy.http.pool import ConnectWaiter


class Timed(Protocol):
    """The exchange that a deadline is set for."""

    request_done: bool

    @property
    def responded(self) -> bool:
        """True once the response to the attempt under way has begun."""
        ...

    def expired(self, detail: str, *, final: bool) -> None:
        """Time is over for the attempt or, when ``final``, for the whole."""
        ...


def limit_connect(waiting: ConnectWaiter, seconds: float) -> None:
    """Give a connection this long to open. Nothing cancels it: connections are opened for few requests."""
    asyncio.get_running_loop().call_later(seconds, waiting.late, seconds)


class Deadline:
    """Runs from the end of the request. ``timeout`` seconds bound it up to the end of the response,
    ``per_try`` seconds each attempt up to the beginning of its response; 0 is no bound.
    """

    __slots__ = ("_end", "_exchange", "_per_try", "_timeout", "_timer")

    def __init__(self, exchange: Timed, timeout: float, per_try: float) -> None:
        self._exchange = exchange
        self._timeout = timeout
        self._per_try = per_try
        self._end = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def attempt(self) -> None:
        """Start the time of an attempt, or start it anew because the request has come to its end."""
        self.cancel()
        if not self._exchange.request_done:
            return  # as slow as its client is
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._end = self._end or (now + self._timeout if self._timeout else inf)
        due = now + self._per_try if self._per_try else inf
        # One timer, for whichever bound comes first: a timer for each would cost every request twice.
        if due < self._end:
            self._timer = loop.call_at(due, self._attempt_over)
        else:
            self._wait_for_end()

    def cancel(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait_for_end(self) -> None:
        if self._end < inf:
            self._timer = asyncio.get_running_loop().call_at(self._end, self._over)

    def _attempt_over(self) -> None:
        self._timer = None
        if self._exchange.responded:
            self._wait_for_end()
        else:
            self._exchange.expired(f"no response to one try within {self._per_try:g} s", final=False)

    def _over(self) -> None:
        self._timer = None
        self._exchange.expired(f"no whole response within {self._timeout:g} s", final=True)
