"""Calls of several endpoints and reporters taken together, with or without one reporter.

Bounds on failure shares are Wilson score intervals (E. B. Wilson, JASA 22, 1927).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

from topology.evidence.measurements import SLOT, Record, Screen, Tally

Z: Final = 2.5  # standard errors that count as more than chance


@dataclass(frozen=True, slots=True)
class Side:
    """One endpoint over one span: everybody's calls, and each reporter's share of them."""

    total: Tally
    by: dict[str, Tally]


class Sides:
    """One service's endpoints at one moment. ``since`` hides what was measured earlier, by endpoint."""

    def __init__(
        self, records: Mapping[str, Record], peers: Sequence[str], since: Mapping[str, float], now: float
    ) -> None:
        self.records = records
        self.peers = peers
        self.now = now
        self._since = since
        self._held: dict[tuple[str, float], Side] = {}

    def of(self, endpoint: str, span: float) -> Side:
        """What was measured of an endpoint over so many seconds."""
        found = self._held.get((endpoint, span))
        if found is not None:
            return found
        record = self.records.get(endpoint)
        begin = max(self.now - span, self._since.get(endpoint, 0.0))
        slot = int(begin / SLOT) + 1
        by = {}
        for name, witness in record.witnesses.items() if record else ():
            if witness.at >= begin and (tally := witness.since(slot)).count:
                by[name] = tally
        found = self._held[endpoint, span] = Side(pooled(by.values()), by)
        return found

    def others(self, endpoint: str, span: float) -> list[Side]:
        """The same of each of its peers."""
        return [self.of(peer, span) for peer in self.peers if peer != endpoint]

    def known(self, but: str = "") -> Iterator[Record]:
        """Records of the peers that have one."""
        return (self.records[peer] for peer in self.peers if peer != but and peer in self.records)


def usual(screens: Sequence[Screen]) -> float:
    """log2 latency of the faster half of the endpoints, as a quick reference."""
    means = sorted(screen.logs / screen.timed for screen in screens if screen.timed)
    return means[(len(means) - 1) // 2] if means else float("inf")


def bounds(bad: float, total: float, z: float = Z) -> tuple[float, float]:
    """Wilson interval of a share, ``z`` standard errors wide; (0, 1) without data."""
    if total <= 0:
        return 0.0, 1.0
    share, square = bad / total, z * z
    centre = (share + square / (2 * total)) / (1 + square / total)
    half = z / (1 + square / total) * sqrt(share * (1 - share) / total + square / (4 * total * total))
    return max(0.0, centre - half), min(1.0, centre + half)


def pooled(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total


def better_half(others: Sequence[Side], badness: Callable[[Tally], float], left_out: str) -> Tally | None:
    """The better half of the peers taken together; None when no peer has traffic."""
    totals = [rest for side in others if (rest := side.total.without(side.by.get(left_out))).count]
    if not totals:
        return None
    totals.sort(key=badness)
    return pooled(totals[: (len(totals) + 1) // 2])


def elsewhere(others: Sequence[Side], name: str) -> Tally:
    return pooled(side.by[name] for side in others if name in side.by)


def failing_share(tally: Tally) -> float:
    return tally.failing


def typical(tally: Tally) -> float:
    return tally.mean if tally.timed else float("inf")
