"""An endpoint against its peers: does it fail, slow down or stall where they do not?

Three tests over what several reporters measured. Each asks for the same four things:

- enough of it, and worse than an absolute floor (a 99 % endpoint at a high rate is
  statistically different from its peers and still fine; envoy#37723);
- worse than the better half of the peers, by more than chance: when all are bad the cause is
  shared, and nothing is found;
- several reporters who see it, each of whom sees its other endpoints do better (a reporter
  with a bad network sees all of them fail);
- the same result with any one reporter left out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log2, sqrt
from typing import Any, Final

from topology.evidence import FRESH, SLOT, Record, Screen, Tally
from topology.pool import Side, Z, better_half, bounds, elsewhere, failing_share, pooled, typical
from topology.settings import EngineSettings

# Spans looked at, shortest first: sudden failures show in the first, rare ones need the last.
SPANS: Final = (1.0, 2.5, 5.0, 10.0, 30.0)
_TIMED_MIN: Final = 10
_MOST: Final = 0.5  # of its calls, which must fail where one reporter is all there is
_STALL_DEVIATIONS: Final = 4.0  # above the mean of log latency, an open request is no usual one


@dataclass(frozen=True, slots=True)
class Finding:
    """Why an endpoint should be ejected; ``score`` orders findings when not all may be."""

    endpoint: str
    kind: str  # failures, latency, stall
    score: float
    reason: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Trial:
    """Calls of an endpoint on probation, as credible reporters saw them; ``busy``: its peers have calls."""

    count: int = 0
    errors: int = 0
    busy: bool = False

    @property
    def passed(self) -> bool:
        """Whether most calls succeeded, and there were some."""
        return self.count > 2 * self.errors

    @property
    def failed(self) -> bool:
        """Whether at least half of the calls failed, and there were some."""
        return 0 < self.count <= 2 * self.errors


class Comparison:
    """One service's endpoints at one moment. ``since`` hides what was measured earlier, by endpoint."""

    def __init__(
        self, records: Mapping[str, Record], peers: Sequence[str], since: Mapping[str, float],
        settings: EngineSettings, now: float,
    ) -> None:
        self._records = records
        self._peers = peers
        self._since = since
        self._settings = settings
        self._now = now
        self._spans: dict[tuple[str, float], Side] = {}
        self._usual = _usual([records[peer].screen for peer in peers if peer in records])

    def finding(self, endpoint: str, patience: float = 1.0) -> Finding | None:
        """What is wrong with the endpoint alone. ``patience`` below 1 asks for less evidence."""
        if not self._suspicious(endpoint):
            return None
        stalled = self._stalled(endpoint)
        if stalled is not None:
            return stalled
        for span in SPANS:
            found = self._failing(endpoint, span, patience) or self._slow(endpoint, span, patience)
            if found is not None:
                return found
        return None

    def trial(self, endpoint: str) -> Trial:
        """What came of the calls since the endpoint's last change, as far back as evidence goes."""
        own, others = self._side(endpoint, SPANS[-1]), self._others(endpoint, SPANS[-1])
        total = pooled(
            tally for name, tally in own.by.items()
            if not tally.errors or tally.failing > elsewhere(others, name).failing
        )  # fmt: skip
        return Trial(total.count, total.errors, any(side.total.count for side in others))

    def shared_failure(self) -> str:
        """A sentence when most calls to most endpoints fail, which is no endpoint's own fault."""
        failing = sum(
            record.screen.failing >= _MOST for peer in self._peers if (record := self._records.get(peer))
        )
        if failing * 2 <= len(self._peers) or len(self._peers) < 2:
            return ""
        totals = [self._side(peer, 2.5).total for peer in self._peers]
        errors, count = sum(t.errors for t in totals), sum(t.count for t in totals)
        bad = sum(total.failing >= _MOST and total.count >= 2 for total in totals)
        if bad * 2 <= len(totals) or errors < 2 * self._settings.eject_failures:
            return ""
        return (
            f"{bad} of {len(totals)} endpoints fail ({errors} of {count} requests in 2.5 s): "
            "they share the cause, so none is ejected for it"
        )

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

    def _side(self, endpoint: str, span: float) -> Side:
        found = self._spans.get((endpoint, span))
        if found is not None:
            return found
        record = self._records.get(endpoint)
        begin = max(self._now - span, self._since.get(endpoint, 0.0))
        slot = int(begin / SLOT) + 1
        by = {}
        for name, witness in record.witnesses.items() if record else ():
            if witness.at >= begin and (tally := witness.since(slot)).count:
                by[name] = tally
        found = self._spans[endpoint, span] = Side(pooled(by.values()), by)
        return found

    def _others(self, endpoint: str, span: float) -> list[Side]:
        return [self._side(peer, span) for peer in self._peers if peer != endpoint]

    def _failing(self, endpoint: str, span: float, patience: float) -> Finding | None:
        own, limits = self._side(endpoint, span), self._settings
        total = own.total
        floor = 1 - limits.eject_success_below
        if total.errors < limits.eject_failures * patience or total.failing < floor:
            return None
        others = self._others(endpoint, span)

        def worse(left_out: str) -> bool:
            mine = total.without(own.by.get(left_out))
            peer = better_half(others, failing_share, left_out)
            if peer is None or mine.errors < 2 or mine.failing < floor:
                return False
            margin = 0.0 if left_out else limits.eject_margin
            return bounds(mine.errors, mine.count)[0] > bounds(peer.errors, peer.count)[1] + margin

        witnesses = [
            name for name, tally in own.by.items()
            if tally.failing >= floor and tally.failing > elsewhere(others, name).failing
        ]
        strong = total.failing >= _MOST or total.errors >= 2 * limits.eject_failures
        if not worse("") or not self._agreed(witnesses, own, others, strong, worse):
            return None
        peer = better_half(others, failing_share, "") or Tally()
        reason = (
            f"{endpoint} failed {total.errors} of {total.count} requests in {span:g} s, "
            f"its peers {peer.errors} of {peer.count}; seen by {_reporters(witnesses)}"
        )
        return Finding(
            endpoint, "failures", 1 + total.failing, reason, _evidence(span, own, peer, witnesses)
        )

    def _slow(self, endpoint: str, span: float, patience: float) -> Finding | None:
        own, limits = self._side(endpoint, span), self._settings
        total = own.total
        if total.timed < _TIMED_MIN * patience:
            return None
        others = self._others(endpoint, span)
        gap = log2(limits.slow_factor)

        def worse(left_out: str) -> bool:
            mine = total.without(own.by.get(left_out))
            peer = better_half(others, typical, left_out)
            if peer is None or not peer.timed or mine.timed < 3:
                return False
            doubt = 0.0 if left_out else Z * mine.deviation / sqrt(mine.timed)
            slower = mine.mean - doubt - peer.mean
            return slower >= gap and 2**mine.mean - 2**peer.mean >= limits.slow_floor

        if not worse(""):
            return None
        witnesses = []
        for name, tally in own.by.items():
            rest = elsewhere(others, name)
            if tally.timed and (not rest.timed or tally.mean >= rest.mean + gap / 2):
                witnesses.append(name)
        if not self._agreed(witnesses, own, others, total.timed >= 2 * _TIMED_MIN * patience, worse):
            return None
        peer = better_half(others, typical, "") or Tally()
        mine_ms, peer_ms = 1000 * 2**total.mean, 1000 * 2**peer.mean
        reason = (
            f"{endpoint} took {mine_ms:.0f} ms, its peers {peer_ms:.0f} ms, "
            f"over {total.timed} requests in {span:g} s; seen by {_reporters(witnesses)}"
        )
        evidence = _evidence(span, own, peer, witnesses) | {"latency_ms": mine_ms, "peer_latency_ms": peer_ms}
        return Finding(endpoint, "latency", min(1.0, mine_ms / peer_ms / 100), reason, evidence)

    def _stalled(self, endpoint: str) -> Finding | None:
        record = self._records[endpoint]
        if self._now - record.screen.late > FRESH:
            return None
        others = self._others(endpoint, 30.0)
        usual = pooled(side.total for side in others)
        if not usual.timed:
            return None
        age = max(self._settings.stall_seconds, 2 ** (usual.mean + _STALL_DEVIATIONS * usual.deviation))
        told = {name: held for name, held in record.witnesses.items() if self._now - held.open.told <= FRESH}
        # Completions are reported up to a slot late, so the silence may look a slot too short.
        silent = self._now - age + SLOT
        stuck = {
            name: held.open for name, held in told.items()
            if held.open.count and held.open.oldest >= age and held.completed <= silent
        }
        # A witness gets answers elsewhere: one that gets none anywhere has a fault of its own.
        witnesses = [name for name in stuck if self._answered(endpoint, name, silent)]
        served = sum(held.completed > silent for held in record.witnesses.values())
        needed = self._needed([told, *(side.by for side in others)])
        number = sum(stuck[name].count for name in witnesses)
        if len(witnesses) < needed or served > len(witnesses) or (needed == 1 and number < 3):
            return None
        oldest = max(stuck[name].oldest for name in witnesses)
        reason = (
            f"{endpoint} has answered nothing for {oldest:.1f} s with {number} requests open, "
            f"its peers answer in {1000 * 2**usual.mean:.0f} ms; seen by {_reporters(witnesses)}"
        )
        evidence = {"open": number, "oldest": oldest, "reporters": sorted(witnesses)}
        return Finding(endpoint, "stall", 3.0, reason, evidence)

    def _answered(self, endpoint: str, reporter: str, since: float) -> bool:
        peers = (self._records[peer] for peer in self._peers if peer != endpoint and peer in self._records)
        return any(
            peer.witnesses[reporter].completed > since for peer in peers if reporter in peer.witnesses
        )

    def _needed(self, seen: Sequence[Mapping[str, object]]) -> int:
        """Reporters it takes: one only where the service has but one."""
        return min(self._settings.eject_reporters, max(1, len({name for part in seen for name in part})))

    def _agreed(
        self, witnesses: Sequence[str], own: Side, others: Sequence[Side], strong: bool,
        worse: Callable[[str], bool],
    ) -> bool:
        """Whether enough reporters see it, and it holds without any one of all that reported."""
        needed = self._needed([own.by, *(side.by for side in others)])
        if needed == 1:
            return bool(witnesses) and strong
        if len(witnesses) < needed:
            return False
        return all(worse(name) for name in set(own.by).union(*(side.by for side in others)))


def _usual(screens: Sequence[Screen]) -> float:
    """log2 latency of the faster half of the endpoints, as a quick reference."""
    means = sorted(screen.logs / screen.timed for screen in screens if screen.timed)
    return means[(len(means) - 1) // 2] if means else float("inf")


def _reporters(names: Sequence[str]) -> str:
    return f"{len(names)} reporter" if len(names) == 1 else f"{len(names)} reporters"


def _evidence(span: float, own: Side, peer: Tally, witnesses: Sequence[str]) -> dict[str, Any]:
    return {
        "window": span,
        "count": own.total.count,
        "errors": own.total.errors,
        "peer_count": peer.count,
        "peer_errors": peer.errors,
        "reporters": {
            name: {"count": own.by[name].count, "errors": own.by[name].errors} for name in witnesses
        },
    }
