"""The decision after a failed attempt: retry or give up. Pure."""

from collections.abc import Sequence
from typing import Final

from proxy.contract.traffic import Arm
from proxy.errors import NOT_SENT, Reason
from proxy.routing.router import Attempt, Router

# The conditions of ``retries.on`` in mesh.yaml.
FAILED_STATUS: Final = "5xx"
FAILED_CONNECT: Final = "connect-failure"
_CONDITIONS: Final = {
    **dict.fromkeys(NOT_SENT, FAILED_CONNECT),
    Reason.UPSTREAM_RESET: "reset",
    Reason.REQUEST_TIMEOUT: "timeout",
}


def condition(reason: Reason) -> str:
    """Return the word of mesh.yaml's ``retries.on`` for this failure; empty if it is never retried."""
    return _CONDITIONS.get(reason, "")


class RetryPolicy:
    """The rules of mesh.yaml for retries, applied to the services that ``router`` knows."""

    def __init__(self, router: Router) -> None:
        self._router = router

    def next_attempt(
        self, attempts: Sequence[Attempt], failed_by: str, now: float, *, repeatable: bool
    ) -> Attempt | None:
        """Return the attempt that follows ``attempts``, of which the last one failed; None to give up.

        ``failed_by`` is a condition of ``retries.on``, ``now`` monotonic seconds. ``repeatable`` says
        that the request may be served twice; one that was never sent needs no such promise.
        """
        failed = attempts[-1]
        service = failed.destination.service
        # Outside the routed arm the application's own choice is kept, failures included.
        if failed.arm != Arm.ROUTED or service is None:
            return None
        retries = service.retries
        # ``attempts`` counts the first try too, ``retries.attempts`` does not: hence ``>``.
        if failed_by not in retries.on or len(attempts) > retries.attempts:
            return None
        # A request that reached a server may have had an effect; only idempotent ones with their body at
        # hand are sent twice (RFC 9110, 9.2.2).
        if failed_by != FAILED_CONNECT and not repeatable:
            return None
        following = self._router.another(failed, [attempt.candidate for attempt in attempts], now)
        # The budget comes last: it is charged only when there is somewhere to send the retry.
        if following is None or not failed.destination.budget.spend(now, retries.budget):
            return None
        return following
