"""The delay of reports, and the test for those too old to act on: a report lives for three intervals.

Clocks of sidecars and collector need not agree, so a report's delay is measured against the fastest
report seen from the same reporter.
"""

from typing import Final

TTL: Final = 1.5  # seconds: three intervals of reports
_DRIFT: Final = 1e-4  # seconds per second that two clocks may drift apart
# Names come from reports, so their number is bounded; the oldest entry goes first.
_REPORTERS: Final = 10_000


class ReportDelays:
    """The delays of reporters' fastest reports, each as the collector's time less the reporter's."""

    def __init__(self) -> None:
        self._fastest: dict[str, tuple[float, float]] = {}

    def late(self, reporter: str, begun: float, ended: float, now: float) -> bool:
        """True if a report over [begun, ended), in the reporter's time, is too old to act on.

        A report without times is never too old. One that covers much more than an interval was held back at
        its source, so it is.
        """
        if not ended:
            return False
        delay = now - ended
        # The first report of a reporter counts as on time: nothing is known to compare it with.
        best, at = self._fastest.get(reporter, (delay, now))
        # Let the best delay age: where the clocks drift apart it would otherwise make every report look
        # late.
        best = min(delay, best + (now - at) * _DRIFT)
        if reporter not in self._fastest and len(self._fastest) >= _REPORTERS:
            self._fastest.pop(next(iter(self._fastest)))
        self._fastest[reporter] = (best, now)
        late = delay - best > TTL
        return late or bool(begun and ended - begun > 2 * TTL)
