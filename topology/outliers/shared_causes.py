"""What the endpoints of a service have in common: one cause for all, and room for one another.

All endpoints failing or slow is no endpoint's own fault. And what ejected endpoints leave to the
others must fit: the rate each has carried well before (``peak``) says how much is known to fit;
beyond that the survivors' own latency and failures show it, one ejection at a time.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import log2, sqrt
from typing import Final

from topology.evidence.measurements import FRESH, SCREEN, Record
from topology.evidence.peer_tallies import Sides, Z
from topology.settings import EngineSettings

HEADROOM: Final = 2.0  # times the rate an endpoint has carried well, which it is trusted with unseen
STRAIN: Final = 3.0  # times its usual latency, under more than its usual rate, is an overload
BUSIER: Final = 1.1  # times the usual rate that count as more
_MOST: Final = 0.5
_TIMED_MIN: Final = 10.0


class Shared:
    """One service at one moment."""

    def __init__(self, sides: Sides, settings: EngineSettings) -> None:
        self._sides = sides
        self._settings = settings

    def failure(self) -> str:
        """A sentence when most calls to most endpoints fail."""
        peers = self._sides.peers
        failing = sum(record.screen.failing >= _MOST for record in self._sides.known())
        if failing * 2 <= len(peers) or len(peers) < 2:
            return ""
        totals = [self._sides.of(peer, 2.5).total for peer in peers]
        errors, count = sum(t.errors for t in totals), sum(t.count for t in totals)
        bad = sum(total.failing >= _MOST and total.count >= 2 for total in totals)
        if bad * 2 <= len(totals) or errors < 2 * self._settings.eject_failures:
            return ""
        return (
            f"{bad} of {len(totals)} endpoints fail ({errors} of {count} requests in 2.5 s): "
            "they share the cause, so none is ejected for it"
        )

    def slowness(self) -> str:
        """A sentence when most endpoints take much longer than is usual for them."""
        peers = self._sides.peers
        if len(peers) < 2:
            return ""
        slow = [record for record in self._sides.known() if self._slower(record, self._settings.slow_factor)]
        if len(slow) * 2 <= len(peers):
            return ""
        now_ms, usual_ms = (1000 * 2**value for value in _latency(slow))
        return (
            f"{len(slow)} of {len(peers)} endpoints are slow ({now_ms:.0f} ms, usually {usual_ms:.0f} ms): "
            "they share the cause, so none is ejected for it"
        )

    def room(self, survivors: Sequence[str]) -> str:
        """Why these endpoints are not known to carry the whole load; empty when they are."""
        records = self._sides.records
        now = self._sides.now
        load = sum(record.screen.rate(now) for record in records.values())
        known = sum(records[each].usual.peak for each in survivors if each in records)
        if load <= HEADROOM * known:
            return ""
        return (
            f"the {len(survivors)} that are left have carried {known:.0f} requests/s so far, "
            f"and {load:.0f} come"
        )

    def strain(self, survivors: Iterable[str]) -> str:
        """A sentence when these endpoints bear more than is usual, and bear it badly."""
        found = [self._sides.records[each] for each in survivors if each in self._sides.records]
        now = self._sides.now
        rate, usual = sum(r.screen.rate(now) for r in found), sum(r.usual.rate for r in found)
        if not found or rate < BUSIER * usual or not _more(rate, usual):
            return ""
        slow = sum(self._slower(r, STRAIN) or now - r.screen.late <= FRESH / 2 for r in found)
        failing = sum(r.screen.failing >= 1 - self._settings.eject_success_below for r in found)
        if max(slow, failing) * 2 <= len(found):
            return ""
        word = "slow" if slow >= failing else "failing"
        return f"the {len(found)} that are left are {word} under {rate:.0f} requests/s, usually {usual:.0f}"

    def _slower(self, record: Record, times: float) -> bool:
        """Whether an endpoint takes so many times its usual latency."""
        screen, usual = record.screen, record.usual.logs
        if usual is None or screen.timed < _TIMED_MIN / 2 or self._sides.now - record.usual.begun < 10:
            return False
        mean = screen.logs / screen.timed
        return mean >= usual + log2(times) and 2**mean - 2**usual >= self._settings.slow_floor


def _more(rate: float, usual: float) -> bool:
    """Whether a rate is above the usual one by more than chance: calls in a few seconds are few."""
    return (rate - usual) * SCREEN > Z * sqrt(usual * SCREEN)


def quiet(records: Mapping[str, Record], settings: EngineSettings, now: float) -> bool:
    """Whether nothing about a service is worth a proper look: a quick one at every endpoint."""
    floor = 0.8 * (1 - settings.eject_success_below)
    slow = log2(settings.slow_factor) / 2
    means = []
    for record in records.values():
        screen = record.screen
        if (screen.errors and screen.errors >= floor * screen.count) or now - screen.late <= FRESH:
            return False
        if screen.timed:
            mean = screen.logs / screen.timed
            means.append(mean)
            usual = record.usual.logs
            if usual is not None and mean >= usual + slow:
                return False
    return not means or max(means) < sorted(means)[(len(means) - 1) // 4] + slow


def _latency(records: Sequence[Record]) -> tuple[float, float]:
    """log2 of the typical latency now and usually, in the middle of these endpoints."""
    middle = len(records) // 2
    return (
        sorted(r.screen.logs / r.screen.timed for r in records)[middle],
        sorted(r.usual.logs or 0.0 for r in records)[middle],
    )
