"""The delay of reports, and the test for those too old to act on: a report lives for three intervals.

Clocks of sidecars and collector need not agree, so a report's delay is measured against the fastest
report of the same reporter in the last minute. A minute, and not ever, as clocks drift apart and are set.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

TTL: Final = 1.5  # seconds: three intervals of reports
_TURN: Final = 30.0  # seconds; the fastest report of this turn and the one before counts
# Names come from reports, so their number is bounded; the oldest entry goes first.
_REPORTERS: Final = 10_000


class ReportTime(NamedTuple):
    """The interval of a report in epoch seconds of the collector's clock; a late one is too old to act on."""

    begun: float
    ended: float
    late: bool = False


@dataclass(slots=True)
class _Fastest:
    """Delays of a reporter's fastest reports, each the collector's time less the reporter's."""

    turn: int
    now: float
    before: float


class ReportDelays:
    """The fastest reports of each reporter."""

    def __init__(self) -> None:
        self._fastest: dict[str, _Fastest] = {}

    def place(self, reporter: str, begun: float, ended: float, now: float) -> ReportTime:
        """Return when a report over [begun, ended), in the reporter's time, was made in the collector's.

        A report without times is of now. One that covers much more than an interval was held back at its
        source, so it is late.
        """
        if not ended:
            return ReportTime(now, now)
        delay = now - ended
        # An interval that ends before it begins: the reporter's clock was set back meanwhile, and by the
        # delays of before every report from now on would look late.
        held = delay - self._best(reporter, delay, now, anew=ended < begun)
        length = max(0.0, ended - begun) if begun else 0.0
        late = held > TTL or length > 2 * TTL
        # The delay of a report in time is small and not exact: its calls count now, in a second that is open.
        at = now - held if held > TTL else now
        return ReportTime(at - length, at, late)

    def _best(self, reporter: str, delay: float, now: float, anew: bool) -> float:
        """Return the delay of the reporter's fastest report, this one included."""
        turn, fastest = int(now // _TURN), self._fastest.get(reporter)
        # The first report of a reporter counts as on time: nothing is known to compare it with.
        if fastest is None or anew:
            if fastest is None and len(self._fastest) >= _REPORTERS:
                self._fastest.pop(next(iter(self._fastest)))
            self._fastest[reporter] = _Fastest(turn, delay, delay)
            return delay
        # After a silence of many turns as well, because what comes first after it was held up most likely.
        if turn != fastest.turn:
            fastest.turn, fastest.before, fastest.now = turn, fastest.now, delay
        fastest.now = min(fastest.now, delay)
        return min(fastest.now, fastest.before)
