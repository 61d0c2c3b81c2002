"""The bound on retries of one service. Pure.

Follows Finagle's and Linkerd's retry budgets: retries are bounded to a share of the requests of the
last ten seconds, so that they cannot multiply the load on a service that fails as a whole; a small
floor lets a quiet caller retry at all.
"""

from typing import Final

from proxy.routing.rolling_window import RollingWindow

FLOOR: Final = 10  # retries in ten seconds that are free


class RetryBudget:
    """Requests to one service and their retries."""

    __slots__ = ("_recent",)

    def __init__(self) -> None:
        self._recent = RollingWindow()

    def request(self, now: float) -> None:
        """Count a request that is sent for the first time."""
        self._recent.add(now)

    def spend(self, now: float, share: float) -> bool:
        """True if one more retry stays within the floor and ``share`` of the requests; takes it if so."""
        recent = self._recent
        recent.expire(now)
        if recent.marked >= max(FLOOR, share * recent.total):
            return False
        recent.mark(now)
        return True
