"""Whether a failed try may be followed by another: for what, of which requests, and how many in all. Pure.

The budget follows Finagle's and Linkerd's: retries are bounded to a share of the requests of the
last ten seconds, so that they cannot multiply the load on a service that fails as a whole; a small
floor lets a quiet caller retry at all.
"""

from typing import Final

from proxy.errors import NOT_SENT, Reason
from proxy.http.headers import RequestHead
from proxy.routing.rolling_window import Rolling

FLOOR: Final = 10  # retries in ten seconds that are free
# RFC 9110, 9.2.1: methods that ask for no change, so that asking twice does no harm.
SAFE: Final = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE"})

FAILED_STATUS: Final = "5xx"
FAILED_CONNECT: Final = "connect-failure"
_CONDITIONS: Final = {
    **dict.fromkeys(NOT_SENT, FAILED_CONNECT),
    Reason.UPSTREAM_RESET: "reset",
    Reason.REQUEST_TIMEOUT: "timeout",
}


def condition(reason: Reason) -> str:
    """What ``retries.on`` of mesh.yaml calls this failure; empty when it is never retried."""
    return _CONDITIONS.get(reason, "")


def repeatable(head: RequestHead) -> bool:
    """Whether a request that may have been served can be sent again: it is safe and has no body."""
    return head.method in SAFE and head.length <= 0 and not head.chunked and not head.upgrade


class Budget:
    """Requests to one service and their retries."""

    __slots__ = ("_recent",)

    def __init__(self) -> None:
        self._recent = Rolling()

    def request(self, now: float) -> None:
        """A request was sent for the first time."""
        self._recent.add(now)

    def spend(self, now: float, share: float) -> bool:
        """Whether one more retry stays within the floor and ``share`` of the requests; takes it if so."""
        recent = self._recent
        recent.at(now)
        if recent.marked >= max(FLOOR, share * recent.total):
            return False
        recent.mark(now)
        return True
