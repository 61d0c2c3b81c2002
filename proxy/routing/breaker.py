"""The circuit breaker of one endpoint, tripped by this sidecar's own calls alone.

closed --(failures)--> open --(back-off over)--> probing --success--> closed
                        ^------------failure------------'
Failures are ``THRESHOLD`` in a row, or a success rate below ``SUCCESS`` over ten seconds with at
least ``LEAST`` requests. Back-off doubles from BASE to MAX, jittered by up to JITTER, as long as it
opens again within ten seconds of closing. Pure: time in seconds and the random share (0 to 1) are
arguments. The shape is that of Linkerd's breakers (2.20).
"""

from enum import StrEnum
from typing import Final

from proxy.routing.rolling_window import SECONDS, RollingWindow

# Failures in a row. One alone may be chance; five at a success rate of 80 % are it once in 3,000 times.
THRESHOLD: Final = 5
SUCCESS: Final = 0.8
LEAST: Final = 5
BASE: Final = 1.0
MAX: Final = 60.0
JITTER: Final = 0.5
# Seconds after which a probe without an outcome lets another one through.
PROBE_EXPIRY: Final = 10.0


class State(StrEnum):
    """The state of a breaker."""

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"


class Breaker:
    """The state machine of one endpoint's failures and retrials. ``failures`` counts those in a row."""

    __slots__ = ("_backoff", "_closed", "_recent", "_until", "failures", "state")

    def __init__(self) -> None:
        self.state = State.CLOSED
        self.failures = 0
        self._backoff = BASE
        self._until = 0.0
        self._closed = 0.0
        self._recent = RollingWindow()  # requests, failures marked

    def success(self, now: float) -> bool:
        """Record a success; return True if it closed the breaker."""
        self.failures = 0
        if self.state is State.CLOSED:
            self._recent.add(now)
            return False
        if self.state is State.OPEN:
            return False  # an answer to something sent before it opened
        self.state = State.CLOSED
        # Kept to see a flapping endpoint: one that opens again soon waits longer than one that opens anew.
        self._closed = now
        self._recent.clear()
        return True

    def failure(self, now: float, share: float, wait: float = 0.0) -> bool:
        """Record a failure; return True if it opened the breaker (again).

        ``share`` is the jitter, 0 to 1, ``wait`` the least seconds until a probe.
        """
        self.failures += 1
        if self.state is State.OPEN:
            return False
        if self.state is State.CLOSED:
            self._recent.add(now)
            self._recent.mark(now)
            if self.failures < THRESHOLD and not self._failing():
                return False
        # A failed probe doubles the wait too: the endpoint has just shown that it is still bad.
        soon = self._closed and now - self._closed < SECONDS
        self._backoff = min(self._backoff * 2, MAX) if soon or self.state is State.PROBING else BASE
        self.state = State.OPEN
        # Jitter: the sidecars of many callers opened together and must not all probe together.
        self._until = now + max(self._backoff * (1 + JITTER * share), wait)
        return True

    def hurry(self) -> None:
        """Let the next probe be due now, if one is to come."""
        self._until = 0.0

    def admits_probe(self, now: float) -> bool:
        """Return True if one request may be sent as a probe, and count it as sent."""
        if self.state is State.CLOSED or now < self._until:
            return False
        self.state = State.PROBING
        # The state changes here, at the choice, so that concurrent requests cannot become probes as well.
        self._until = now + PROBE_EXPIRY
        return True

    def _failing(self) -> bool:
        recent = self._recent
        return recent.total >= LEAST and recent.total - recent.marked < SUCCESS * recent.total
