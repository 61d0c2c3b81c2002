"""Which reports still say something of now: a report has a time to live of three intervals.

Sidecars and collector need not have the same time. What counts is how much later a report comes
than the quickest of its reporter did: that is how long it was held up.
"""

from typing import Final

TTL: Final = 1.5  # seconds: three intervals of reports
_DRIFT: Final = 1e-4  # seconds per second that two clocks may drift apart
_REPORTERS: Final = 10_000


class Fresh:
    """The quickest way of each reporter's reports, as (collector's time - reporter's time)."""

    def __init__(self) -> None:
        self._quickest: dict[str, tuple[float, float]] = {}

    def late(self, reporter: str, begun: float, ended: float, now: float) -> bool:
        """Whether a report over [begun, ended), in the reporter's time, is too old to act on.

        One that does not say when it is from is never too old; one that covers much more than an
        interval was kept back at its source.
        """
        if not ended:
            return False
        took = now - ended
        best, at = self._quickest.get(reporter, (took, now))
        best = min(took, best + (now - at) * _DRIFT)
        if reporter not in self._quickest and len(self._quickest) >= _REPORTERS:
            self._quickest.pop(next(iter(self._quickest)))
        self._quickest[reporter] = (best, now)
        held_up = took - best > TTL
        return held_up or bool(begun and ended - begun > 2 * TTL)
