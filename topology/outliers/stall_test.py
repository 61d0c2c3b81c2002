"""Does an endpoint leave requests waiting that its peers would long have answered?

A stalled endpoint gives no latency: what shows it is the age of its oldest open request while nothing
comes back. Two levels: ``doubt`` after little more than any answer of its peers takes, which costs the
endpoint most of its traffic for a moment and nothing else; ``finding`` when it lasts, which ejects.
Both need several reporters who get answers elsewhere; a finding may also be one reporter's whom a
probe confirms (``confirm``).
"""

from collections.abc import Mapping
from typing import Final

from proxy.contract.decisions.evidence import OpenRequests, Stall
from proxy.contract.decisions.kinds import FindingKind
from topology.evidence.measurements import FRESH, INTERVAL, LATE, Open, Tally
from topology.evidence.peer_tallies import Sides, pooled
from topology.outliers import second_opinion
from topology.outliers.finding import Finding, seen
from topology.settings import EngineSettings

# Seconds back from which what an answer usually takes is known, and timed calls that this needs.
_SPAN: Final = 30.0
_KNOWN: Final = 50
_SAME_REPORT: Final = 0.005  # seconds within which a reporter tells all it has to say
_DEVIATIONS: Final = 4.0  # above the mean of log latency, an open request is no usual one
_DOUBTED: Final = 1.5  # times the longest of the peers' answers
_PART: Final = 0.25


class Stalls:
    """One service's endpoints at one moment; ``suspects`` takes those worth a probe."""

    def __init__(self, sides: Sides, settings: EngineSettings, suspects: set[str]) -> None:
        self._sides = sides
        self._now = sides.now
        self._settings = settings
        self._suspects = suspects

    def doubt(self, endpoint: str) -> Finding | None:
        """Why the endpoint should get little until more is known: several wait longer than is usual."""
        peers = self._peers(endpoint)
        own = self._sides.of(endpoint, _SPAN).total
        if peers is None or min(peers.timed, own.timed) < _KNOWN:
            return None
        age = max(LATE, _DOUBTED * _longest(peers), _longest(own))
        record = self._sides.records[endpoint]
        late = {
            name: held.open
            for name, held in record.witnesses.items()
            if held.open.count and held.open.oldest >= age and self._now - held.open.told <= INTERVAL
        }
        late = self._served_elsewhere(endpoint, late, age)
        # Of very many requests some wait long: then a good part of them, or of those who ask, must.
        due = record.usual.rate * age
        enough = max(self._settings.eject_reporters, _PART * min(due, 2 * len(record.witnesses)))
        if len(late) < enough:
            return None
        return self._found(endpoint, late, peers, "leaves requests waiting")

    def finding(self, endpoint: str, patience: float) -> Finding | None:
        """Why the endpoint should be ejected for a stall."""
        peers = self._peers(endpoint)
        if peers is None:
            return None
        waiting = self._waiting(endpoint, self._patient(endpoint, peers, patience))
        if not waiting:
            return None
        confirmed = ""
        if len(waiting) < self._settings.eject_reporters:
            if sum(each.count for each in waiting.values()) < 3:
                return None
            # It may answer again: what is open was sent before, and a lone reporter sends no more.
            confirmed = second_opinion.probe(self._sides.records[endpoint], self._now, FRESH)
            if not confirmed:
                self._suspects.add(endpoint)
                return None
        return self._found(endpoint, waiting, peers, "has answered nothing", confirmed)

    def _peers(self, endpoint: str) -> Tally | None:
        """What its peers' answers took, where a request to the endpoint waited long just now."""
        record = self._sides.records.get(endpoint)
        if record is None or self._now - record.screen.late > FRESH:
            return None
        peers = pooled(side.total for side in self._sides.others(endpoint, _SPAN))
        return peers if peers.timed else None

    def _waiting(self, endpoint: str, age: float) -> dict[str, Open]:
        """Who waits so long and gets no answer here, but elsewhere; nobody where more others are served."""
        witnesses = self._sides.records[endpoint].witnesses
        stuck = {
            name: held.open
            for name, held in witnesses.items()
            if held.open.count
            and held.open.oldest >= age
            and held.completed < held.open.told - _SAME_REPORT
            and self._now - held.open.told <= FRESH
        }
        found = self._served_elsewhere(endpoint, stuck, age)
        served = sum(held.completed > self._now - age for held in witnesses.values())
        return found if served <= len(found) else {}

    def _served_elsewhere(self, endpoint: str, stuck: Mapping[str, Open], age: float) -> dict[str, Open]:
        """Those who get answers elsewhere: one that gets none anywhere has a fault of its own."""
        since = self._now - max(age, INTERVAL)
        return {name: held for name, held in stuck.items() if self._answered(endpoint, name, since)}

    def _found(
        self, endpoint: str, waiting: Mapping[str, Open], peers: Tally, what: str, confirmed: str = ""
    ) -> Finding:
        oldest, number = max(each.oldest for each in waiting.values()), sum(w.count for w in waiting.values())
        reason = (
            f"{endpoint} {what} for {oldest:.1f} s with {number} requests open, "
            f"its peers answer in {1000 * 2**peers.mean:.0f} ms; {seen(list(waiting), confirmed)}"
        )
        reporters = {name: OpenRequests(held.count, held.oldest) for name, held in waiting.items()}
        others = tuple(peer for peer in self._sides.peers if peer != endpoint)
        grounds = Stall(number, oldest, reporters, others, confirmed)
        return Finding(endpoint, FindingKind.STALL, 3.0, reason, grounds)

    def _patient(self, endpoint: str, peers: Tally, patience: float) -> float:
        """Seconds a request must be open to be no usual one; more while little is known of the endpoint."""
        least, patient = self._settings.stall_seconds, self._settings.stall_seconds_unknown
        usual, own = _longest(peers), self._sides.of(endpoint, _SPAN).total
        if patience < 1 and peers.timed >= _KNOWN:
            return max(least, usual)
        if min(own.timed, peers.timed) < _KNOWN:
            return max(least, patient, usual)
        return max(least, usual, min(patient, _longest(own)))

    def _answered(self, endpoint: str, reporter: str, since: float) -> bool:
        return any(
            peer.witnesses[reporter].completed > since
            for peer in self._sides.known(endpoint)
            if reporter in peer.witnesses
        )


def _longest(tally: Tally) -> float:
    """Seconds that next to none of such calls take."""
    return float(2 ** (tally.mean + _DEVIATIONS * tally.deviation))
