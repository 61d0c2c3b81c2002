"""Calls of several endpoints and reporters taken together, with or without one reporter.

Bounds on failure rates are Wilson score intervals (E. B. Wilson, "Probable inference, the law of succession,
and statistical inference", JASA 22, 1927): they hold for few calls and for rates near 0, where the normal
approximation does not.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

from topology.evidence.averages import Screen
from topology.evidence.measurements import Record
from topology.evidence.reporter_view import SLOT
from topology.evidence.tally import Tally

# Standard errors that count as more than chance. By chance alone a mean is beyond 2.5 of them 0.6 times in
# 100: every endpoint is tested several times a second, but also over several windows and by reporters.
Z: Final = 2.5


@dataclass(frozen=True, slots=True)
class EndpointTally:
    """Calls to one endpoint within a window: the sum, and each reporter's part of it."""

    total: Tally
    by_reporter: dict[str, Tally]

    def without(self, reporter: str) -> Tally:
        """Return the sum less one reporter's calls; an empty name leaves out none."""
        return self.total.without(self.by_reporter.get(reporter))

    def of(self, reporters: Iterable[str]) -> Tally:
        """Return the calls of these reporters taken together."""
        return pool(self.by_reporter[name] for name in reporters)


class ServiceTallies:
    """Calls to the endpoints of one service at one moment, over windows of any length.

    ``peers`` are the endpoints that serve now, ``since`` the time by endpoint before which measurements
    do not count: before an ejection or a return they are of another state.
    """

    def __init__(
        self, records: Mapping[str, Record], peers: Sequence[str], since: Mapping[str, float], now: float
    ) -> None:
        self.records = records
        self.peers = peers
        self.now = now
        self._since = since
        self._cache: dict[tuple[str, float], EndpointTally] = {}

    def of(self, endpoint: str, seconds: float) -> EndpointTally:
        """Return the calls to an endpoint within the last ``seconds``."""
        tally = self._cache.get((endpoint, seconds))
        if tally is None:
            tally = self._cache[endpoint, seconds] = self._tally(endpoint, seconds)
        return tally

    def served(self, endpoint: str, seconds: float) -> Tally:
        """Return the calls that an endpoint's own sidecar counted within the last ``seconds``."""
        record = self.records.get(endpoint)
        begin = max(self.now - seconds, self._since.get(endpoint, 0.0))
        return record.served.since(int(begin / SLOT) + 1) if record else Tally()

    def _tally(self, endpoint: str, seconds: float) -> EndpointTally:
        record = self.records.get(endpoint)
        begin = max(self.now - seconds, self._since.get(endpoint, 0.0))
        # The next whole slot: a slot that began before ``begin`` would bring calls from another state.
        slot = int(begin / SLOT) + 1
        by_reporter = {}
        for name, view in record.reporters.items() if record else ():
            # ``view.at`` spares a walk over the slots of reporters that have been silent.
            if view.at >= begin and (tally := view.since(slot)).count:
                by_reporter[name] = tally
        return EndpointTally(pool(by_reporter.values()), by_reporter)

    def of_peers(self, endpoint: str, seconds: float) -> list[EndpointTally]:
        """Return the calls to each of an endpoint's peers within the last ``seconds``."""
        return [self.of(peer, seconds) for peer in self.peers if peer != endpoint]

    def peers_of(self, endpoint: str) -> tuple[str, ...]:
        """Return the addresses that an endpoint is compared with."""
        return tuple(peer for peer in self.peers if peer != endpoint)

    def peer_records(self, but: str = "") -> Iterator[Record]:
        """Yield the records of all peers that have one, without one endpoint's."""
        return (self.records[peer] for peer in self.peers if peer != but and peer in self.records)


def usual(screens: Sequence[Screen]) -> float:
    """Return the log2 latency of the faster half of the endpoints, as a quick reference."""
    means = sorted(screen.logs / screen.timed for screen in screens if screen.timed)
    # Infinite where nothing is timed: then no endpoint is slower than usual.
    return means[(len(means) - 1) // 2] if means else float("inf")


def bounds(bad: float, total: float, z: float = Z) -> tuple[float, float]:
    """Return the Wilson interval of a share, ``z`` standard errors wide; (0, 1) without data."""
    # No data excludes nothing, so that no endpoint differs from peers without calls.
    if total <= 0:
        return 0.0, 1.0
    share, square = bad / total, z * z
    centre = (share + square / (2 * total)) / (1 + square / total)
    half = z / (1 + square / total) * sqrt(share * (1 - share) / total + square / (4 * total * total))
    return max(0.0, centre - half), min(1.0, centre + half)


def pool(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of tallies."""
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total


def better_half(
    peers: Sequence[EndpointTally], badness: Callable[[Tally], float], left_out: str
) -> Tally | None:
    """Return the better half of the peers taken together, without one reporter; None without traffic.

    The better half, not all: with several bad endpoints each would hide behind the others.
    """
    totals = [rest for peer in peers if (rest := peer.without(left_out)).count]
    if not totals:
        return None
    # Rounded up below: of one peer the better half is that peer.
    totals.sort(key=badness)
    return pool(totals[: (len(totals) + 1) // 2])


def of_reporter(endpoints: Sequence[EndpointTally], name: str) -> Tally:
    """Return what one reporter measured of these endpoints."""
    return pool(each.by_reporter[name] for each in endpoints if name in each.by_reporter)


def failure_rate(tally: Tally) -> float:
    """Return the share of calls that failed, to order endpoints by."""
    return tally.failing


def typical_latency(tally: Tally) -> float:
    """Return the mean log2 latency, to order endpoints by; infinite without timed calls."""
    return tally.mean if tally.timed else float("inf")
