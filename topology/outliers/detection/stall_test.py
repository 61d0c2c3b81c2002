"""The test of an endpoint that leaves requests waiting which its peers would long have answered.

A stalled endpoint gives no latency: what shows it is the age of its oldest open request while nothing
comes back. Two levels: ``doubt`` after little more than any answer of its peers takes, which costs the
endpoint most of its traffic for a moment and nothing else; ``finding`` when it lasts, which ejects.
Both need several reporters that get answers elsewhere; a finding may also rest on one reporter that a
probe confirms (``second_opinion``).
"""

from collections.abc import Mapping
from typing import Final

from proxy.contract.decisions.evidence import OpenRequests, Stall
from proxy.contract.decisions.kinds import FindingKind
from topology.evidence.measurements import FRESH, INTERVAL, LATE
from topology.evidence.peer_tallies import ServiceTallies, pool
from topology.evidence.reporter_view import OpenReport
from topology.evidence.tally import Tally
from topology.outliers.detection import second_opinion
from topology.outliers.detection.finding import Finding, seen_by
from topology.settings import EngineSettings

# Seconds of answers from which the usual latency is known, and timed calls that this needs.
_WINDOW: Final = 30.0
# Log-latency's deviation, on which the patience rests, is known to about 10 % from 50 values.
_KNOWN: Final = 50
# Seconds: gauges and histograms of one report arrive one after the other, in one request.
_SAME_REPORT: Final = 0.005
# Standard deviations of log latency above its mean. Latencies are about log-normal: 1 answer of 30,000 takes
# longer than 4 of them, so at 1,000 requests/s one request in half a minute looks stalled, not several.
_DEVIATIONS: Final = 4.0
_DOUBTED: Final = 1.5  # times the longest of the peers' answers: a doubt costs little, but not nothing
# Of the requests that are due by now, or of twice the reporters, whichever is less.
_PART: Final = 0.25


class StallTest:
    """The test at one moment; ``suspects`` takes endpoints that one unconfirmed reporter complains of."""

    def __init__(self, tallies: ServiceTallies, settings: EngineSettings, suspects: set[str]) -> None:
        self._tallies = tallies
        self._now = tallies.now
        self._settings = settings
        self._suspects = suspects

    def doubt(self, endpoint: str) -> Finding | None:
        """Return why the endpoint should get little until more is known: several wait longer than usual."""
        peers = self._peers(endpoint)
        own = self._tallies.of(endpoint, _WINDOW).total
        if peers is None or min(peers.timed, own.timed) < _KNOWN:
            return None
        # The endpoint's own past counts too: a slow endpoint that is as slow as ever does not stall.
        age = max(LATE, _DOUBTED * _longest(peers), _longest(own))
        record = self._tallies.records[endpoint]
        late = {
            name: held.open
            for name, held in record.reporters.items()
            if held.open.count and held.open.oldest >= age and self._now - held.open.at <= INTERVAL
        }
        # Last, because it looks at every peer: mostly nothing is late and there is nothing to check.
        late = self._served_elsewhere(endpoint, late, age)
        # Under high load some requests are always slow: then a share of all that are due by now must wait,
        # or of the reporters.
        due = record.baseline.rate * age
        enough = max(self._settings.eject_reporters, _PART * min(due, 2 * len(record.reporters)))
        if len(late) < enough:
            return None
        return self._found(endpoint, late, peers, "leaves requests waiting")

    def finding(self, endpoint: str, patience: float) -> Finding | None:
        """Return why the endpoint should be ejected for a stall."""
        peers = self._peers(endpoint)
        if peers is None:
            return None
        waiting = self._waiting(endpoint, self._patient(endpoint, peers, patience))
        if not waiting:
            return None
        confirmed = ""
        if len(waiting) < self._settings.eject_reporters:
            # One or two open requests of a lone reporter may be a long poll or a stream.
            if sum(each.count for each in waiting.values()) < 3:
                return None
            # It may answer again: what is open was sent before, and a lone reporter sends no more.
            confirmed = second_opinion.probe(self._tallies.records[endpoint], self._now, FRESH)
            if not confirmed:
                self._suspects.add(endpoint)
                return None
        return self._found(endpoint, waiting, peers, "has answered nothing", confirmed)

    def _peers(self, endpoint: str) -> Tally | None:
        """Return its peers' answers; None unless a request to the endpoint was reported late just now."""
        record = self._tallies.records.get(endpoint)
        if record is None or self._now - record.screen.late > FRESH:
            return None
        peers = pool(peer.total for peer in self._tallies.of_peers(endpoint, _WINDOW))
        return peers if peers.timed else None

    def _waiting(self, endpoint: str, age: float) -> dict[str, OpenReport]:
        """Return the reporters that wait at least ``age`` seconds here while others answer them.

        Empty if more reporters are being served: then it is not the endpoint that answers nothing.
        """
        record = self._tallies.records[endpoint]
        stuck = {
            name: gauge
            for name, gauge in record.gauges(self._now)
            if gauge.count
            and gauge.oldest >= age
            # Something came back in the same report: the endpoint is slow, which is another test's matter.
            and record.reporters[name].at < gauge.at - _SAME_REPORT
        }
        found = self._served_elsewhere(endpoint, stuck, age)
        # Compared by reporters, not by requests: one busy reporter must not outvote all the others.
        served = sum(held.at > self._now - age for held in record.reporters.values())
        return found if served <= len(found) else {}

    def _served_elsewhere(
        self, endpoint: str, stuck: Mapping[str, OpenReport], age: float
    ) -> dict[str, OpenReport]:
        """Return those that get answers elsewhere: a reporter that gets none anywhere is at fault itself."""
        since = self._now - max(age, INTERVAL)
        return {name: held for name, held in stuck.items() if self._answered(endpoint, name, since)}

    def _found(
        self, endpoint: str, waiting: Mapping[str, OpenReport], peers: Tally, what: str, confirmed: str = ""
    ) -> Finding:
        oldest, number = max(each.oldest for each in waiting.values()), sum(w.count for w in waiting.values())
        reason = (
            f"{endpoint} {what} for {oldest:.1f} s with {number} requests open, "
            f"its peers answer in {1000 * 2**peers.mean:.0f} ms; {seen_by(list(waiting), confirmed)}"
        )
        reporters = {name: OpenRequests(held.count, held.oldest) for name, held in waiting.items()}
        grounds = Stall(number, oldest, reporters, self._tallies.peers_of(endpoint), confirmed)
        return Finding(endpoint, FindingKind.STALL, 3.0, reason, grounds)

    def _patient(self, endpoint: str, peers: Tally, patience: float) -> float:
        """Return the seconds a request must be open to count; more while little is known of the endpoint."""
        least, patient = self._settings.stall_seconds, self._settings.stall_seconds_unknown
        usual, own = _longest(peers), self._tallies.of(endpoint, _WINDOW).total
        # On probation the endpoint has a record already: it is not given the time of an unknown one again.
        if patience < 1 and peers.timed >= _KNOWN:
            return max(least, usual)
        if min(own.timed, peers.timed) < _KNOWN:
            return max(least, patient, usual)
        return max(least, usual, min(patient, _longest(own)))

    def _answered(self, endpoint: str, reporter: str, since: float) -> bool:
        return any(
            peer.reporters[reporter].at > since
            for peer in self._tallies.peer_records(endpoint)
            if reporter in peer.reporters
        )


def _longest(tally: Tally) -> float:
    """Return the seconds that hardly any of these calls takes."""
    return float(2 ** (tally.mean + _DEVIATIONS * tally.deviation))
