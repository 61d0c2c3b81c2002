"""The test of an endpoint's failures against its peers'.

An endpoint fails when its failure rate is above an absolute floor (at a high rate a 99 % endpoint is
statistically different from its peers and still fine; envoy#37723), and above its peers' by more than
chance: the lower Wilson bound of its own rate exceeds the upper bound of theirs.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

from proxy.contract.decisions.kinds import FindingKind
from topology.evidence.peer_tallies import (
    EndpointTally,
    ServiceTallies,
    better_half,
    bounds,
    failure_rate,
    of_reporter,
    pool,
)
from topology.evidence.tally import Tally
from topology.outliers.detection import second_opinion
from topology.outliers.detection.finding import Finding, comparison, seen_by
from topology.settings import EngineSettings

_DOUBT_WINDOW: Final = 0.5  # seconds: one interval of reports
_DOUBT_PEERS_WINDOW: Final = 30.0  # seconds: all that is remembered, so that a doubt is rare
# Failures within one interval of reports: one or two happen to any service.
_DOUBT_FAILURES: Final = 3
# Rate of the running figures from which on a doubt is looked into; cheap, and below any floor in use.
_DOUBT_SCREEN: Final = 0.04


class FailureTest:
    """The test at one moment; ``suspects`` takes endpoints that one unconfirmed reporter complains of."""

    def __init__(self, tallies: ServiceTallies, settings: EngineSettings, suspects: set[str]) -> None:
        self._tallies = tallies
        self._settings = settings
        self._suspects = suspects
        self._floor = 1 - settings.eject_success_below

    def finding(self, endpoint: str, seconds: float, patience: float) -> Finding | None:
        """Return why the endpoint should be ejected, by the calls of the last ``seconds``."""
        own, floor = self._tallies.of(endpoint, seconds), self._floor
        total = own.total
        # The cheapest conditions come first: the tallies of the peers are the costly part of a step.
        if total.errors < self._settings.eject_failures * patience or total.failing < floor:
            return None
        peers = self._tallies.of_peers(endpoint, seconds)
        if not self._worse(own, peers, ""):
            return None
        # Of its own calls elsewhere a reporter must see fewer fail: with a bad network it sees all fail.
        reporters = [
            name
            for name, tally in own.by_reporter.items()
            if tally.failing >= floor and tally.failing > of_reporter(peers, name).failing
        ]
        # Either several reporters agree, or a lone one is confirmed by somebody who saw the endpoint
        # itself.
        confirmed = ""
        worse = partial(self._worse, own, peers)
        if not second_opinion.agreed(reporters, own, peers, self._settings.eject_reporters, worse):
            confirmed = self._confirmed(endpoint, seconds, own, reporters)
            if not confirmed:
                return None
        # Never None here, as ``_worse`` has passed with the same peers; mypy cannot know that.
        peer = self._sound(peers, total, "") or Tally()
        reason = (
            f"{endpoint} failed {total.errors} of {total.count} requests in {seconds:g} s, "
            f"its peers {peer.errors} of {peer.count}; {seen_by(reporters, confirmed)}"
        )
        others = self._tallies.peers_of(endpoint)
        grounds = comparison(seconds, own, peer, reporters, others, confirmed)
        return Finding(endpoint, FindingKind.FAILURES, 1 + total.failing, reason, grounds)

    def doubt(self, endpoint: str) -> Finding | None:
        """Return why the endpoint should get little until more is known: several calls of several reporters
        failed at once, where for long none of its peers' did."""
        record, limits = self._tallies.records.get(endpoint), self._settings
        if record is None or record.screen.failing < _DOUBT_SCREEN:
            return None
        own = self._tallies.of(endpoint, _DOUBT_WINDOW)
        total, reporters = own.total, [name for name, tally in own.by_reporter.items() if tally.errors]
        if total.errors < _DOUBT_FAILURES or len(reporters) < limits.eject_reporters:
            return None
        peers = pool(peer.total for peer in self._tallies.of_peers(endpoint, _DOUBT_PEERS_WINDOW))
        # No margin and no leave-one-out: a doubt is cheap, is over within seconds, and has to come at once.
        least = bounds(total.errors, total.count)[0]
        if total.failing < self._floor or least <= bounds(peers.errors, peers.count)[1]:
            return None
        reason = f"{endpoint} failed {total.errors} of {total.count} requests just now; {seen_by(reporters)}"
        others = self._tallies.peers_of(endpoint)
        grounds = comparison(_DOUBT_WINDOW, own, peers, reporters, others)
        return Finding(endpoint, FindingKind.FAILURES, 1 + total.failing, reason, grounds)

    def _worse(self, own: EndpointTally, peers: Sequence[EndpointTally], left_out: str) -> bool:
        mine = own.without(left_out)
        peer = self._sound(peers, own.total, left_out)
        # With one reporter left out a single failure may remain, which proves nothing.
        if peer is None or mine.errors < 2 or mine.failing < self._floor:
            return False
        # The margin is asked of all reporters together only: without one there are fewer calls already.
        margin = 0.0 if left_out else self._settings.eject_margin
        return bounds(mine.errors, mine.count)[0] > bounds(peer.errors, peer.count)[1] + margin

    def _confirmed(self, endpoint: str, seconds: float, own: EndpointTally, reporters: Sequence[str]) -> str:
        """Return who confirms too few reporters; empty when nobody does, or others contradict them."""
        total, rest = own.total, own.total.without(own.of(reporters))
        # A lone reporter is believed only for what is beyond dispute.
        plain = total.failing >= second_opinion.PLAINLY or total.errors >= 2 * self._settings.eject_failures
        # The other reporters' calls to the same endpoint are the best witness against the one that
        # complains.
        denied = rest.count >= second_opinion.CONTRADICTED and rest.failing < self._floor
        if not plain or denied or not reporters:
            return ""
        record = self._tallies.records[endpoint]
        confirmed = second_opinion.failures(record, seconds, self._floor, self._tallies.now)
        if not confirmed:
            self._suspects.add(endpoint)
        return confirmed

    def _sound(self, peers: Sequence[EndpointTally], own: Tally, left_out: str) -> Tally | None:
        """Return the calls that an endpoint's failures are compared with: the better half of its peers.

        One that fails plainly is compared with all peers that are sound, however few: they prove that
        the cause is not shared.
        """
        # Otherwise half of the peers decide: where most of them fail, a plain failure would look shared.
        if own.failing >= second_opinion.PLAINLY:
            rests = [peer.without(left_out) for peer in peers]
            sound = pool(rest for rest in rests if rest.failing < self._floor)
            if sound.count >= second_opinion.SOUND_CALLS:
                return sound
        return better_half(peers, failure_rate, left_out)
