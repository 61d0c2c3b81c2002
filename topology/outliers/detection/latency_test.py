"""The test of an endpoint's latency against its peers'.

Latencies are compared by the mean of their base-2 logarithms (the geometric mean): a few outliers do not
move it, and "so many times slower" becomes a difference. An endpoint is slow when the difference, less
the standard error of its own mean, exceeds a factor, and a floor in seconds; and when it was slow in
every part of the window.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import log2, sqrt
from typing import Final

from proxy.contract.decisions.kinds import FindingKind
from topology.evidence.peer_tallies import (
    EndpointTally,
    ServiceTallies,
    Z,
    better_half,
    of_reporter,
    typical_latency,
)
from topology.evidence.tally import Tally
from topology.outliers.detection import second_opinion
from topology.outliers.detection.finding import Finding, comparison, latency_comparison, seen_by
from topology.settings import EngineSettings

# Seconds: a queue comes and goes, and sidecars avoid it better than an ejection: slow must last.
_SHORTEST_WINDOW: Final = 5.0
_NEWEST_WINDOW: Final = 0.5  # seconds: one interval of reports
# Seconds from its first answer for which an endpoint that was slow from then on counts as warming up.
_SLOW_START: Final = 30.0
# The standard error of a mean says little below about ten values.
_TIMED_CALLS: Final = 10
_PART_CALLS: Final = 3  # timed calls for a part of the window, or of the reporters, to have a latency


@dataclass(frozen=True, slots=True)
class _Window:
    """The calls to an endpoint within a window, and in its parts: older and newer half, newest interval."""

    own: EndpointTally
    older: Tally
    newer: Tally
    newest: Tally

    @property
    def fastest(self) -> float:
        """The lowest mean log2 latency of the parts."""
        return min(self.newest.mean, self.newer.mean, self.older.mean)


class LatencyTest:
    """The test at one moment; ``suspects`` takes endpoints that one unconfirmed reporter complains of."""

    def __init__(self, tallies: ServiceTallies, settings: EngineSettings, suspects: set[str]) -> None:
        self._tallies = tallies
        self._settings = settings
        self._suspects = suspects
        self._gap = log2(settings.eject_slow_factor)

    def finding(self, endpoint: str, seconds: float, patience: float) -> Finding | None:
        """Return why the endpoint should be ejected, by the calls of the last ``seconds``."""
        window = self._window(endpoint, seconds, patience)
        if window is None:
            return None
        own, total, peers = window.own, window.own.total, self._tallies.of_peers(endpoint, seconds)
        if not self._worse(window, peers, "") or self._warming_up(endpoint, peers):
            return None
        reporters = self._reporters(own, peers)
        confirmed = ""
        worse = partial(self._worse, window, peers)
        if not second_opinion.agreed(reporters, own, peers, self._settings.eject_reporters, worse):
            confirmed = self._confirmed(endpoint, seconds, own, reporters, patience)
            if not confirmed:
                return None
        peer = better_half(peers, typical_latency, "") or Tally()
        own_ms, peer_ms = 1000 * 2**total.mean, 1000 * 2**peer.mean
        reason = (
            f"{endpoint} took {own_ms:.0f} ms, its peers {peer_ms:.0f} ms, "
            f"over {total.timed} requests in {seconds:g} s; {seen_by(reporters, confirmed)}"
        )
        calls = comparison(seconds, own, peer, reporters, self._tallies.peers_of(endpoint), confirmed)
        grounds = latency_comparison(calls, own_ms, peer_ms)
        # Below any failure (1 to 2) and any stall (3): a slow endpoint still serves.
        score = min(1.0, own_ms / peer_ms / 100)
        return Finding(endpoint, FindingKind.LATENCY, score, reason, grounds)

    def _window(self, endpoint: str, seconds: float, patience: float) -> _Window | None:
        """Return the window in parts; None where one has too few calls to have a latency."""
        # Three parts, because a queue that drains, or a pause of a garbage collector, fills one of them
        # only.
        own, newest = self._tallies.of(endpoint, seconds), self._tallies.of(endpoint, _NEWEST_WINDOW).total
        if seconds < _SHORTEST_WINDOW or own.total.timed < _TIMED_CALLS * patience or not newest.timed:
            return None
        newer = self._tallies.of(endpoint, seconds / 2).total
        # Not measured by itself: the older half is the whole window less the newer half.
        older = own.total.without(newer)
        return None if min(newer.timed, older.timed) < _PART_CALLS else _Window(own, older, newer, newest)

    def _worse(self, window: _Window, peers: Sequence[EndpointTally], left_out: str) -> bool:
        mine = window.own.without(left_out)
        peer = better_half(peers, typical_latency, left_out)
        if peer is None or not peer.timed or mine.timed < _PART_CALLS:
            return False
        # Without one reporter only the difference must remain: chance and duration were tested with all.
        doubt = 0.0 if left_out else Z * mine.deviation / sqrt(mine.timed)
        lasting = bool(left_out) or window.fastest - peer.mean >= self._gap
        # Two thresholds, as the factor alone would eject at 3 ms against 1 ms, which no caller notices.
        slower = mine.mean - doubt - peer.mean >= self._gap
        return lasting and slower and 2**mine.mean - 2**peer.mean >= self._settings.eject_slow_floor

    def _warming_up(self, endpoint: str, peers: Sequence[EndpointTally]) -> bool:
        """True if an endpoint is new and was slow from its first answer on.

        Its caches fill and its code is compiled. Sidecars give it part of a share meanwhile; an ejection
        would only put off the end of it.
        """
        usual = self._tallies.records[endpoint].baseline
        peer = better_half(peers, typical_latency, "")
        if usual.logs is None or peer is None or self._tallies.now - usual.begun > _SLOW_START:
            return False
        return usual.logs - peer.mean >= self._gap / 2

    def _reporters(self, own: EndpointTally, peers: Sequence[EndpointTally]) -> list[str]:
        """Return the reporters that see it: their calls elsewhere are faster, or there are none."""
        reporters: list[str] = []
        for name, tally in own.by_reporter.items():
            rest = of_reporter(peers, name)
            # Half of the gap: each reporter has few calls, so that its own figure is blurred.
            if tally.timed and (not rest.timed or tally.mean >= rest.mean + self._gap / 2):
                reporters.append(name)
        return reporters

    def _confirmed(
        self, endpoint: str, seconds: float, own: EndpointTally, reporters: Sequence[str], patience: float
    ) -> str:
        """Return who confirms too few reporters; empty when nobody does, or others contradict them."""
        total, rest = own.total, own.total.without(own.of(reporters))
        denied = rest.timed >= second_opinion.CONTRADICTED and not total.mean - rest.mean < self._gap / 2
        # Twice the calls: there is no second reporter to average out the network of the first one.
        if total.timed < 2 * _TIMED_CALLS * patience or denied or not reporters:
            return ""
        peers = self._tallies.peer_records(endpoint)
        record, now = self._tallies.records[endpoint], self._tallies.now
        confirmed = second_opinion.latency(record, peers, seconds, self._gap, now)
        if not confirmed:
            self._suspects.add(endpoint)
        return confirmed
