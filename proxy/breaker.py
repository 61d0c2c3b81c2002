"""The local breaker of one endpoint: what this sidecar saw with its own eyes, acted on at once.

closed --(``THRESHOLD`` failures in a row)--> open --(back-off over)--> probing --success--> closed
                                               ^------------failure------------'
Pure: time in seconds and the random share (0 to 1) are arguments. The shape follows Linkerd's
consecutive-failures policy; back-off doubles from BASE to MAX and is jittered by up to JITTER.
"""

from enum import StrEnum
from typing import Final

THRESHOLD: Final = 5
BASE: Final = 1.0
MAX: Final = 60.0
JITTER: Final = 0.5
# A probe that was let through and never reported back frees its place after this long.
PROBE_EXPIRY: Final = 10.0


class State(StrEnum):
    """Where a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"


class Breaker:
    """Consecutive failures of one endpoint, and when it may be tried again."""

    __slots__ = ("_backoff", "_until", "failures", "state")

    def __init__(self) -> None:
        self.state = State.CLOSED
        self.failures = 0
        self._backoff = BASE
        self._until = 0.0

    def success(self) -> bool:
        """A request succeeded; True when that closed the breaker."""
        self.failures = 0
        if self.state is State.CLOSED:
            return False
        self.state = State.CLOSED
        self._backoff = BASE
        return True

    def failure(self, now: float, share: float) -> bool:
        """A request failed; True when that opened the breaker (again)."""
        self.failures += 1
        if self.state is State.OPEN:
            return False  # an answer to something sent before it opened
        if self.state is State.CLOSED and self.failures < THRESHOLD:
            return False
        if self.state is State.PROBING:
            self._backoff = min(self._backoff * 2, MAX)
        self.state = State.OPEN
        self._until = now + self._backoff * (1 + JITTER * share)
        return True

    def admits_probe(self, now: float) -> bool:
        """Whether one request may be sent to see if the endpoint is back; takes the place if so."""
        if self.state is State.CLOSED or now < self._until:
            return False
        self.state = State.PROBING
        self._until = now + PROBE_EXPIRY
        return True
