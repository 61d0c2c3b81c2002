"""An endpoint against its peers: does it fail or slow down where they do not?

Two tests over what several reporters measured (the third, for what does not answer at all, is in
``stalls``). Each asks for the same four things:

- enough of it, and worse than an absolute floor (a 99 % endpoint at a high rate is
  statistically different from its peers and still fine; envoy#37723);
- worse than the better half of the peers, by more than chance: when all are bad the cause is
  shared, and nothing is found;
- several reporters who see it, each of whom sees its other endpoints do better (a reporter
  with a bad network sees all of them fail);
- the same result with any one reporter left out.

Instead of the last two: one reporter whom nobody contradicts and a second opinion confirms
(``confirm``). While that is missing the endpoint is a suspect, to be probed.
"""

from collections.abc import Callable, Sequence
from math import log2, sqrt
from typing import Final

from proxy.contract.decisions.kinds import FindingKind
from topology.evidence.measurements import FRESH, Tally
from topology.evidence.peer_tallies import (
    Side,
    Sides,
    Z,
    better_half,
    bounds,
    elsewhere,
    failing_share,
    pooled,
    typical,
    usual,
)
from topology.outliers import second_opinion
from topology.outliers.finding import Finding, Trial, comparison, latency_comparison, seen
from topology.outliers.stall_test import Stalls
from topology.settings import EngineSettings

# Spans looked at, shortest first: sudden failures show in the first, rare ones need the last.
SPANS: Final = (0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
# A queue comes and goes, and sidecars avoid it better than an ejection: slow must be slow for long.
_LASTING: Final = 5.0
_TIMED_MIN: Final = 10
_FEW: Final = 3  # failures that cast doubt
_BEGINNING: Final = 0.04
_SOUND_MIN: Final = 10  # calls of sound peers that show that a failure is not shared
_MOST: Final = 0.5  # of its calls, which must fail where one reporter is all there is


class Comparison:
    """One service's endpoints at one moment."""

    def __init__(self, sides: Sides, settings: EngineSettings) -> None:
        self._sides = sides
        self._records = sides.records
        self._peers = sides.peers
        self._now = sides.now
        self._settings = settings
        self._usual = usual([record.screen for record in sides.known()])
        self.suspects: set[str] = set()
        """Endpoints that one reporter complains of, and nobody else knows about yet."""
        self._stalls = Stalls(sides, settings, self.suspects)

    def finding(self, endpoint: str, patience: float = 1.0) -> Finding | None:
        """What is wrong with the endpoint alone. ``patience`` below 1 asks for less evidence."""
        if not self._suspicious(endpoint):
            return None
        stalled = self._stalls.finding(endpoint, patience)
        if stalled is not None:
            return stalled
        for span in SPANS:
            found = self._failing(endpoint, span, patience) or self._slow(endpoint, span, patience)
            if found is not None:
                return found
        return None

    def doubt(self, endpoint: str) -> Finding | None:
        """What speaks against the endpoint already, though it does not suffice to eject it."""
        return self._stalls.doubt(endpoint) or self._began_to_fail(endpoint)

    def trial(self, endpoint: str, since: float) -> Trial:
        """What came of the endpoint's calls since then, as far back as evidence goes."""
        span = min(SPANS[-1], max(0.0, self._now - since))
        own, others = self._sides.of(endpoint, span), self._sides.others(endpoint, span)
        total = pooled(
            tally
            for name, tally in own.by.items()
            if not tally.errors or tally.failing > elsewhere(others, name).failing
        )
        return Trial(total.count, total.errors, any(side.total.count for side in others))

    def _began_to_fail(self, endpoint: str) -> Finding | None:
        """Several calls of several reporters that failed at once, where for long none of its peers' did."""
        record, limits = self._records.get(endpoint), self._settings
        if record is None or record.screen.failing < _BEGINNING:
            return None
        own = self._sides.of(endpoint, SPANS[0])
        total, witnesses = own.total, [name for name, tally in own.by.items() if tally.errors]
        if total.errors < _FEW or len(witnesses) < limits.eject_reporters:
            return None
        peers = pooled(side.total for side in self._sides.others(endpoint, SPANS[-1]))
        least = bounds(total.errors, total.count)[0]
        if total.failing < 1 - limits.eject_success_below or least <= bounds(peers.errors, peers.count)[1]:
            return None
        reason = f"{endpoint} failed {total.errors} of {total.count} requests just now; {seen(witnesses, '')}"
        grounds = comparison(SPANS[0], own, peers, witnesses, self._compared(endpoint), "")
        return Finding(endpoint, FindingKind.FAILURES, 1 + total.failing, reason, grounds)

    def _suspicious(self, endpoint: str) -> bool:
        """Whether the cheap running figures are worth a proper look."""
        record = self._records.get(endpoint)
        if record is None:
            return False
        screen = record.screen
        if screen.failing >= 0.8 * (1 - self._settings.eject_success_below):
            return True
        if self._now - screen.late <= FRESH:
            return True
        slow = self._usual + log2(self._settings.slow_factor) / 2
        return screen.timed > 0 and screen.logs / screen.timed >= slow

    def _failing(self, endpoint: str, span: float, patience: float) -> Finding | None:
        own, limits = self._sides.of(endpoint, span), self._settings
        total = own.total
        floor = 1 - limits.eject_success_below
        if total.errors < limits.eject_failures * patience or total.failing < floor:
            return None
        others = self._sides.others(endpoint, span)

        def worse(left_out: str) -> bool:
            mine = total.without(own.by.get(left_out))
            peer = self._sound(others, total, left_out)
            if peer is None or mine.errors < 2 or mine.failing < floor:
                return False
            margin = 0.0 if left_out else limits.eject_margin
            return bounds(mine.errors, mine.count)[0] > bounds(peer.errors, peer.count)[1] + margin

        witnesses = [
            name
            for name, tally in own.by.items()
            if tally.failing >= floor and tally.failing > elsewhere(others, name).failing
        ]
        strong = total.failing >= _MOST or total.errors >= 2 * limits.eject_failures
        if not worse(""):
            return None
        confirmed = ""
        if not self._agreed(witnesses, own, others, worse):
            sound = own.total.without(_part(own, witnesses))
            denied = sound.count >= second_opinion.CONTRADICTED and sound.failing < floor
            if not strong or denied or not witnesses:
                return None
            confirmed = second_opinion.failures(self._records[endpoint], span, floor, self._now)
            if not confirmed:
                self.suspects.add(endpoint)
                return None
        peer = self._sound(others, total, "") or Tally()
        reason = (
            f"{endpoint} failed {total.errors} of {total.count} requests in {span:g} s, "
            f"its peers {peer.errors} of {peer.count}; {seen(witnesses, confirmed)}"
        )
        grounds = comparison(span, own, peer, witnesses, self._compared(endpoint), confirmed)
        return Finding(endpoint, FindingKind.FAILURES, 1 + total.failing, reason, grounds)

    def _slow(self, endpoint: str, span: float, patience: float) -> Finding | None:
        own, limits = self._sides.of(endpoint, span), self._settings
        total, newer = own.total, self._sides.of(endpoint, span / 2).total
        older, newest = total.without(newer), self._sides.of(endpoint, SPANS[0]).total
        if span < _LASTING or total.timed < _TIMED_MIN * patience or not newest.timed:
            return None
        if min(newer.timed, older.timed) < 3:
            return None
        others = self._sides.others(endpoint, span)
        gap = log2(limits.eject_slow_factor)

        def worse(left_out: str) -> bool:
            mine = total.without(own.by.get(left_out))
            peer = better_half(others, typical, left_out)
            if peer is None or not peer.timed or mine.timed < 3:
                return False
            doubt = 0.0 if left_out else Z * mine.deviation / sqrt(mine.timed)
            slower = mine.mean - doubt - peer.mean
            lasting = left_out or min(newest.mean, newer.mean, older.mean) - peer.mean >= gap
            return bool(lasting) and slower >= gap and 2**mine.mean - 2**peer.mean >= limits.eject_slow_floor

        if not worse(""):
            return None
        witnesses: list[str] = []
        for name, tally in own.by.items():
            rest = elsewhere(others, name)
            if tally.timed and (not rest.timed or tally.mean >= rest.mean + gap / 2):
                witnesses.append(name)
        confirmed = ""
        if not self._agreed(witnesses, own, others, worse):
            rest = own.total.without(_part(own, witnesses))
            denied = rest.timed >= second_opinion.CONTRADICTED and not total.mean - rest.mean < gap / 2
            if total.timed < 2 * _TIMED_MIN * patience or denied or not witnesses:
                return None
            peers = self._sides.known(endpoint)
            confirmed = second_opinion.latency(self._records[endpoint], peers, span, gap, self._now)
            if not confirmed:
                self.suspects.add(endpoint)
                return None
        peer = better_half(others, typical, "") or Tally()
        mine_ms, peer_ms = 1000 * 2**total.mean, 1000 * 2**peer.mean
        reason = (
            f"{endpoint} took {mine_ms:.0f} ms, its peers {peer_ms:.0f} ms, "
            f"over {total.timed} requests in {span:g} s; {seen(witnesses, confirmed)}"
        )
        calls = comparison(span, own, peer, witnesses, self._compared(endpoint), confirmed)
        grounds = latency_comparison(calls, mine_ms, peer_ms)
        return Finding(endpoint, FindingKind.LATENCY, min(1.0, mine_ms / peer_ms / 100), reason, grounds)

    def _agreed(
        self, witnesses: Sequence[str], own: Side, others: Sequence[Side], worse: Callable[[str], bool]
    ) -> bool:
        """Whether enough reporters see it, and it holds without any one of all that reported."""
        if len(witnesses) < self._settings.eject_reporters:
            return False
        return all(worse(name) for name in set(own.by).union(*(side.by for side in others)))

    def _sound(self, others: Sequence[Side], own: Tally, left_out: str) -> Tally | None:
        """Whom an endpoint's failures are compared with: the better half of its peers.

        One that fails most of its calls is compared with all peers that are sound, however few:
        they prove that the cause is not shared.
        """
        if own.failing >= _MOST:
            rests = [side.total.without(side.by.get(left_out)) for side in others]
            sound = pooled(rest for rest in rests if rest.failing < 1 - self._settings.eject_success_below)
            if sound.count >= _SOUND_MIN:
                return sound
        return better_half(others, failing_share, left_out)

    def _compared(self, endpoint: str) -> list[str]:
        return [peer for peer in self._peers if peer != endpoint]


def _part(own: Side, names: Sequence[str]) -> Tally:
    return pooled(own.by[name] for name in names)
