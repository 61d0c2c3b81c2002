"""Opaque TCP: whose connections a callee's sidecar saw, and how many stand now.

Nothing in such a stream could name the caller. But its own sidecar, where it has one, measures the
same connection, and both report within half a second of its end. So what a callee's sidecar counted
waits a while; what callers' sidecars counted at that endpoint meanwhile is taken off it, and the
rest came from somebody without a sidecar. Connections that stand are compared likewise.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from proxy.contract.histogram import Histogram
from topology.graph.span_pairing import USER
from topology.model.samples import CallSample, ConnectionSample, Side

# How long a callee's measurement waits for those of its callers, and how long theirs are good for.
WAIT: Final = 2.0
_GOOD: Final = 4.0
_FRESH: Final = 1.5  # seconds a gauge is believed
_CALLED: Final = 10.0  # seconds after which an endpoint has no callers with a sidecar


@dataclass(slots=True)
class _Callers:
    """What callers' sidecars told of one endpoint: when last, and [until, count] of what ended."""

    told: float = 0.0
    ended: deque[list[float]] = field(default_factory=deque)


@dataclass(slots=True)
class Open:
    """Connections that stand, and how many of them are known to be encrypted or in the clear."""

    count: int = 0
    encrypted: int = 0
    clear: int = 0


@dataclass(frozen=True, slots=True)
class _Standing:
    sample: ConnectionSample
    told: float


class Connections:
    """Samples have the endpoint's address as the registry knows it. Every ``now`` is epoch seconds."""

    def __init__(self) -> None:
        self._callers: dict[str, _Callers] = {}
        self._waiting: deque[tuple[float, CallSample]] = deque()
        self._standing: dict[tuple[str, str, str, str], _Standing] = {}
        # Of a callee's endpoint: how many more stand there than its callers told of, in the last seconds.
        self._strangers: dict[tuple[str, str], deque[tuple[float, int]]] = {}

    def ended(self, sample: CallSample, now: float) -> None:
        """A caller's sidecar counted connections; those that never stood its callee knows nothing of."""
        callers = self._called(sample.endpoint, now)
        if sample.arrived:
            callers.ended.append([now + _GOOD, sample.histogram.count])

    def served(self, sample: CallSample, now: float) -> None:
        """A callee's sidecar counted connections."""
        self._waiting.append((now + WAIT, sample))

    def stand(self, sample: ConnectionSample, now: float) -> bool:
        """Note connections that stand; whether their bytes count on the edge of this sample."""
        key = (sample.reporter, sample.source, sample.target, sample.endpoint)
        if sample.open:
            self._standing[key] = _Standing(sample, now)
        else:
            self._standing.pop(key, None)
        if sample.side is Side.CLIENT:
            self._called(sample.endpoint, now)
            return True
        callers = self._callers.get(sample.endpoint)
        return callers is None or now - callers.told >= _CALLED

    def settle(self, now: float) -> Iterator[CallSample]:
        """What callees counted and no caller's sidecar did."""
        while self._waiting and self._waiting[0][0] <= now:
            _, sample = self._waiting.popleft()
            histogram = _less(sample.histogram, self._spend(sample.endpoint, sample.histogram.count))
            if histogram.count:
                errors = min(sample.errors, histogram.count)
                yield replace(sample, source=USER, histogram=histogram, errors=errors)
        self._compare(now)
        self._forget(now)

    def open(self, now: float) -> dict[tuple[str, str], Open]:
        """Connections that stand by source and target; whose the others are nobody knows, so what a
        callee's sidecar says of their being encrypted is not taken."""
        found: dict[tuple[str, str], Open] = {}
        for standing in self._fresh(Side.CLIENT, now):
            known = found.setdefault((standing.source, standing.target), Open())
            known.count += standing.open
            known.encrypted += standing.encrypted
            known.clear += standing.clear
        for (target, _), seen in self._strangers.items():
            # Reports of the two sides are not of one moment: what passes within the wait is no stranger.
            count = min(number for _, number in seen) if now - seen[0][0] >= WAIT else 0
            if count > 0:
                found.setdefault((USER, target), Open()).count += count
        return found

    def _called(self, endpoint: str, now: float) -> _Callers:
        callers = self._callers.setdefault(endpoint, _Callers())
        callers.told = now
        return callers

    def _spend(self, endpoint: str, wanted: int) -> int:
        """How many of the connections that ended at an endpoint their callers counted."""
        callers, spent = self._callers.get(endpoint), 0
        while callers is not None and callers.ended and spent < wanted:
            first = callers.ended[0]
            taken = min(int(first[1]), wanted - spent)
            spent += taken
            first[1] -= taken
            if not first[1]:
                callers.ended.popleft()
        return spent

    def _fresh(self, side: Side, now: float) -> Iterator[ConnectionSample]:
        return (
            held.sample
            for held in self._standing.values()
            if held.sample.side is side and now - held.told < _FRESH
        )

    def _compare(self, now: float) -> None:
        known: dict[str, int] = {}
        for caller in self._fresh(Side.CLIENT, now):
            known[caller.endpoint] = known.get(caller.endpoint, 0) + caller.open
        seen: dict[tuple[str, str], int] = {}
        for callee in self._fresh(Side.SERVER, now):
            place = callee.target, callee.endpoint
            seen[place] = seen.get(place, 0) + callee.open
        for place in list(self._strangers):
            if place not in seen:
                del self._strangers[place]
        for place, count in seen.items():
            past = self._strangers.setdefault(place, deque())
            past.append((now, count - known.get(place[1], 0)))
            while now - past[0][0] > WAIT + 0.5:
                past.popleft()

    def _forget(self, now: float) -> None:
        for endpoint, callers in list(self._callers.items()):
            while callers.ended and callers.ended[0][0] <= now:
                callers.ended.popleft()
            if now - callers.told >= _CALLED:
                del self._callers[endpoint]
        for key, standing in list(self._standing.items()):
            if now - standing.told >= _FRESH:
                del self._standing[key]


def _less(histogram: Histogram, taken: int) -> Histogram:
    """A histogram without so many of its counts, the greatest first."""
    if not taken:
        return histogram
    left = Histogram()
    room = histogram.count - taken
    left.zero = min(histogram.zero, room)
    left.count = left.zero
    for index in sorted(histogram.counts):
        kept = min(histogram.counts[index], room - left.count)
        if kept:
            left.counts[index] = kept
            left.count += kept
    if left.count:
        left.sum = histogram.sum * left.count / histogram.count
        left.min, left.max = histogram.min, histogram.max
    return left
