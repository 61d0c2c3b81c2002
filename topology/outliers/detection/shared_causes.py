"""Causes that all endpoints of a service share, and the capacity of those that an ejection leaves.

All endpoints failing or slow is no endpoint's own fault. And what ejected endpoints leave to the
others must fit: the rate each has carried well before (``peak``) says how much is known to fit;
beyond that the survivors' own latency and failures show it, one ejection at a time.
"""

from collections.abc import Iterable, Sequence
from math import log2, sqrt
from typing import Final

from topology.evidence.averages import SCREEN
from topology.evidence.measurements import FRESH, Record
from topology.evidence.peer_tallies import ServiceTallies, Z
from topology.settings import EngineSettings

# Times the rate an endpoint has carried well, which it is trusted with unseen: services are rarely run above
# half of what they can carry, and where one is, the next steps see the strain.
HEADROOM: Final = 2.0
STRAIN: Final = 3.0  # times its usual latency, under more than its usual rate, is an overload
BUSIER: Final = 1.1  # times the usual rate that count as more
_WINDOW: Final = 2.5  # seconds of calls that show a shared failure
_MOST: Final = 0.5  # of an endpoint's calls
_TIMED_CALLS: Final = 5.0  # decayed number of timed calls for an endpoint to have a latency
_WARM: Final = 10.0  # seconds until the usual latency is known


class SharedCauses:
    """The endpoints of one service at one moment, taken together."""

    def __init__(self, tallies: ServiceTallies, settings: EngineSettings) -> None:
        self._tallies = tallies
        self._settings = settings

    def failure(self) -> str:
        """Return a sentence when most calls to most endpoints fail; else an empty text."""
        peers = self._tallies.peers
        # The running figures decide first; the exact window is read only where they point to most
        # endpoints.
        failing = sum(record.screen.failing >= _MOST for record in self._tallies.peer_records())
        if failing * 2 <= len(peers) or len(peers) < 2:
            return ""
        totals = [self._tallies.of(peer, _WINDOW).total for peer in peers]
        errors, count = sum(t.errors for t in totals), sum(t.count for t in totals)
        bad = sum(total.failing >= _MOST and total.count >= 2 for total in totals)
        # More than half: with fewer there are sound peers, and the comparison with them is the better test.
        if bad * 2 <= len(totals) or errors < 2 * self._settings.eject_failures:
            return ""
        return (
            f"{bad} of {len(totals)} endpoints fail ({errors} of {count} requests in {_WINDOW:g} s): "
            "they share the cause, so none is ejected for it"
        )

    def slowness(self) -> str:
        """Return a sentence when most endpoints take much longer than is usual for them; else empty."""
        peers = self._tallies.peers
        if len(peers) < 2:
            return ""
        slow = [
            record
            for record in self._tallies.peer_records()
            if self._slower(record, self._settings.slow_factor)
        ]
        if len(slow) * 2 <= len(peers):
            return ""
        now_ms, usual_ms = (1000 * 2**value for value in _latency(slow))
        return (
            f"{len(slow)} of {len(peers)} endpoints are slow ({now_ms:.0f} ms, usually {usual_ms:.0f} ms): "
            "they share the cause, so none is ejected for it"
        )

    def overload_risk(self, survivors: Sequence[str]) -> str:
        """Return why these endpoints are not known to carry the whole load; empty when they are."""
        records = self._tallies.records
        now = self._tallies.now
        load = sum(record.screen.rate(now) for record in records.values())
        known = sum(records[each].baseline.peak for each in survivors if each in records)
        # All of the load, ejected endpoints' included: it has to go somewhere.
        if load <= HEADROOM * known:
            return ""
        return (
            f"the {len(survivors)} that are left have carried {known:.0f} requests/s so far, "
            f"and {load:.0f} come"
        )

    def overload(self, survivors: Iterable[str]) -> str:
        """Return a sentence when these endpoints carry more than usual, and fail or slow down under it."""
        found = [self._tallies.records[each] for each in survivors if each in self._tallies.records]
        now = self._tallies.now
        rate, usual = sum(r.screen.rate(now) for r in found), sum(r.baseline.rate for r in found)
        # Slow without more load is no overload: then bringing an endpoint back would not help.
        if not found or rate < BUSIER * usual or not _more(rate, usual):
            return ""
        slow = sum(self._slower(r, STRAIN) or now - r.screen.late <= FRESH / 2 for r in found)
        failing = sum(r.screen.failing >= 1 - self._settings.eject_success_below for r in found)
        if max(slow, failing) * 2 <= len(found):
            return ""
        word = "slow" if slow >= failing else "failing"
        return f"the {len(found)} that are left are {word} under {rate:.0f} requests/s, usually {usual:.0f}"

    def _slower(self, record: Record, times: float) -> bool:
        """True if an endpoint takes this many times its usual latency."""
        screen, usual = record.screen, record.baseline.logs
        # A baseline of a few seconds is only the present, and nothing is slow against itself.
        if usual is None or screen.timed < _TIMED_CALLS or self._tallies.now - record.baseline.begun < _WARM:
            return False
        mean = screen.logs / screen.timed
        return mean >= usual + log2(times) and 2**mean - 2**usual >= self._settings.slow_floor


def _more(rate: float, usual: float) -> bool:
    """True if a rate is above the usual one by more than chance.

    Calls in the few seconds of the screen are few; their number is taken as Poisson, its deviation as the
    square root of the usual number.
    """
    return (rate - usual) * SCREEN > Z * sqrt(usual * SCREEN)


def _latency(records: Sequence[Record]) -> tuple[float, float]:
    """Return the median over these endpoints of log2 latency, now and usually."""
    middle = len(records) // 2
    return (
        sorted(r.screen.logs / r.screen.timed for r in records)[middle],
        sorted(r.baseline.logs or 0.0 for r in records)[middle],
    )
