"""The test of an endpoint's failures where the sidecars that report call it too seldom to show them.

A sidecar avoids an endpoint after its first failure, so a few of them never give the ordinary test enough
calls, while Envoys, which report nothing, go on failing. Two other things tell:

- the endpoint's own sidecar, which sees all of its calls. It is believed alone, because it can speak against
  itself only; callers whose calls went well contradict it.
- sidecars that avoid the endpoint now: each after one failure and a failed trial at least, which are two
  moments. One of them alone needs a second opinion, as elsewhere.

Either counts only beside peers that are sound: otherwise the cause is shared.
"""

from typing import Final

from proxy.contract.decisions.evidence import FailureComparison
from proxy.contract.decisions.kinds import FindingKind
from proxy.contract.traffic import Avoidance
from topology.evidence.measurements import FRESH
from topology.evidence.peer_tallies import ServiceTallies, bounds, of_reporter, pool
from topology.evidence.tally import Tally
from topology.outliers.detection import second_opinion
from topology.outliers.detection.finding import Finding, comparison, seen_by
from topology.settings import EngineSettings

# Seconds of its own sidecar's counts, the shortest first.
_OWN_WINDOWS: Final = (2.5, 10.0)
_AVOIDED_WINDOW: Final = 30.0  # seconds: all that is remembered, as trials become seldom
# Seconds in which other callers' good calls contradict.
_CONTRADICTING_WINDOW: Final = 5.0
_FAILURES_EACH: Final = 2


class StarvedTest:
    """The test at one moment; ``suspects`` takes endpoints that one unconfirmed reporter avoids."""

    def __init__(self, tallies: ServiceTallies, settings: EngineSettings, suspects: set[str]) -> None:
        self._tallies = tallies
        self._settings = settings
        self._suspects = suspects
        self._floor = 1 - settings.eject_success_below

    def suspicious(self, endpoint: str) -> bool:
        """True if the cheap figures of an endpoint are worth a proper look."""
        record = self._tallies.records.get(endpoint)
        if record is None:
            return False
        return record.own.failing >= self._floor or self._tallies.now - record.avoided <= FRESH

    def finding(self, endpoint: str, patience: float) -> Finding | None:
        """Return why the endpoint should be ejected."""
        if not self.suspicious(endpoint):
            return None
        for seconds in _OWN_WINDOWS:
            found = self._by_own_sidecar(endpoint, seconds, patience)
            if found is not None:
                return found
        return self._by_avoidance(endpoint)

    def _by_own_sidecar(self, endpoint: str, seconds: float, patience: float) -> Finding | None:
        own = self._tallies.served(endpoint, seconds)
        least = self._settings.eject_failures * patience * (1 if own.failing >= second_opinion.PLAINLY else 2)
        if own.errors < least or own.failing < self._floor or self._contradicted(endpoint, ()):
            return None
        peers = pool(
            tally
            for peer in self._tallies.peers_of(endpoint)
            for tally in (self._tallies.served(peer, seconds), self._tallies.of(peer, seconds).total)
            if tally.failing < self._floor
        )
        worst = bounds(peers.errors, peers.count)[1] + self._settings.eject_margin
        if peers.count < second_opinion.SOUND_CALLS or bounds(own.errors, own.count)[0] <= worst:
            return None
        reason = (
            f"{endpoint} failed {own.errors} of {own.count} requests in {seconds:g} s, "
            f"its peers {peers.errors} of {peers.count}; counted by its own sidecar"
        )
        others = self._tallies.peers_of(endpoint)
        grounds = FailureComparison(
            seconds, own.count, own.errors, peers.count, peers.errors, {}, others, "its own sidecar"
        )
        return Finding(endpoint, FindingKind.FAILURES, 1 + own.failing, reason, grounds)

    def _by_avoidance(self, endpoint: str) -> Finding | None:
        own = self._tallies.of(endpoint, _AVOIDED_WINDOW)
        peers = self._tallies.of_peers(endpoint, _AVOIDED_WINDOW)
        reporters = [
            name
            for name in self._avoiding(endpoint)
            if name in own.by_reporter
            # Failures from before its last ejection or return are not in this window.
            and own.by_reporter[name].errors
            and self._tallies.records[endpoint].reporters[name].open.failures >= _FAILURES_EACH
            and of_reporter(peers, name).failing < self._floor
        ]
        # A probe takes a moment: it is asked for at the first failure, so that its result is there at the
        # second.
        self._suspects.add(endpoint)
        sound = pool(peer.total for peer in peers if peer.total.failing < self._floor)
        if (
            not reporters
            or sound.count < second_opinion.SOUND_CALLS
            or self._contradicted(endpoint, reporters)
        ):
            return None
        record, now = self._tallies.records[endpoint], self._tallies.now
        confirmed = second_opinion.failures(record, _AVOIDED_WINDOW, self._floor, now)
        if not confirmed and len(reporters) < self._settings.eject_reporters:
            return None
        errors = own.of(reporters).errors
        reason = (
            f"{endpoint} failed {errors} requests in {_AVOIDED_WINDOW:g} s and is avoided since, "
            f"its peers {sound.errors} of {sound.count}; {seen_by(reporters, confirmed)}"
        )
        others = self._tallies.peers_of(endpoint)
        grounds = comparison(_AVOIDED_WINDOW, own, sound, reporters, others, confirmed)
        return Finding(endpoint, FindingKind.FAILURES, 1.0, reason, grounds)

    def _avoiding(self, endpoint: str) -> list[str]:
        """Return the reporters that avoid an endpoint now because it fails."""
        gauges = self._tallies.records[endpoint].gauges(self._tallies.now)
        return [name for name, gauge in gauges if gauge.avoided is Avoidance.FAILING]

    def _contradicted(self, endpoint: str, reporters: tuple[str, ...] | list[str]) -> bool:
        """True if calls of other reporters go well."""
        own = self._tallies.of(endpoint, _CONTRADICTING_WINDOW)
        rest: Tally = pool(tally for name, tally in own.by_reporter.items() if name not in reporters)
        return rest.count >= second_opinion.CONTRADICTED and rest.failing < self._floor
