"""The callers of opaque TCP connections that a callee's sidecar saw, and the number that is open.

Nothing in an opaque stream can name the caller. But its own sidecar, if it has one, measures the same
connection, and both report within half a second of its end. So the callee's count waits for ``WAIT``
seconds, the counts of callers' sidecars at that endpoint are subtracted, and the rest came from callers
without a sidecar. Open connections are compared in the same way.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from proxy.contract.histogram import Histogram
from topology.model.graph import USER
from topology.model.samples import CallSample, ConnectionSample, Side

# Seconds for which a callee's measurement waits for those of its callers, and for which theirs can be
# subtracted: twice as long, because either side may report first.
WAIT: Final = 2.0
_KEEP: Final = 4.0
_FRESH: Final = 1.5  # seconds for which a gauge holds: three intervals of reports
_CALLED: Final = 10.0  # seconds after which an endpoint has no callers with a sidecar


@dataclass(slots=True)
class _Callers:
    """The reports of callers' sidecars about one endpoint: the time of the last, and [expiry, count] of ended
    connections."""

    at: float = 0.0
    ended: deque[list[float]] = field(default_factory=deque)


@dataclass(slots=True)
class Open:
    """Open connections, and how many of them are known to be encrypted or in the clear."""

    count: int = 0
    encrypted: int = 0
    clear: int = 0


@dataclass(frozen=True, slots=True)
class _Gauge:
    sample: ConnectionSample
    at: float


class Connections:
    """Opaque connections by endpoint, as callers and callees report them.

    Samples have the endpoint's address as the registry knows it. Every ``now`` is epoch seconds.
    """

    def __init__(self) -> None:
        self._callers: dict[str, _Callers] = {}
        self._waiting: deque[tuple[float, CallSample]] = deque()
        self._gauges: dict[tuple[str, str, str, str], _Gauge] = {}
        # (time, open connections that no caller reported) of the last seconds, by callee and endpoint.
        self._unmatched: dict[tuple[str, str], deque[tuple[float, int]]] = {}

    def add_caller_sample(self, sample: CallSample, now: float) -> None:
        """Count ended connections of a caller's sidecar; its callee saw only those that were established."""
        callers = self._callers_of(sample.endpoint, now)
        if sample.arrived:
            callers.ended.append([now + _KEEP, sample.histogram.count])

    def add_callee_sample(self, sample: CallSample, now: float) -> None:
        """Count ended connections of a callee's sidecar."""
        self._waiting.append((now + WAIT, sample))

    def set_open(self, sample: ConnectionSample, now: float) -> bool:
        """Note open connections; return True if their bytes count on the edge of this sample."""
        key = (sample.reporter, sample.source, sample.target, sample.endpoint)
        if sample.open:
            self._gauges[key] = _Gauge(sample, now)
        else:
            self._gauges.pop(key, None)
        if sample.side is Side.CLIENT:
            self._callers_of(sample.endpoint, now)
            return True
        callers = self._callers.get(sample.endpoint)
        # Bytes count once: a caller's sidecar reports them too, and its report names the caller.
        return callers is None or now - callers.at >= _CALLED

    def take_unmatched(self, now: float) -> Iterator[CallSample]:
        """Yield the connections that callees counted and no caller's sidecar did, as those of users."""
        while self._waiting and self._waiting[0][0] <= now:
            _, sample = self._waiting.popleft()
            histogram = _less(sample.histogram, self._spend(sample.endpoint, sample.histogram.count))
            if histogram.count:
                # Which of the connections failed is not known after the subtraction; more failures than
                # connections cannot be.
                errors = min(sample.errors, histogram.count)
                yield replace(sample, source=USER, histogram=histogram, errors=errors)
        self._compare(now)
        self._forget(now)

    def open(self, now: float) -> dict[tuple[str, str], Open]:
        """Return open connections by source and target.

        Those that no caller reported are counted without their encryption: a callee's sidecar knows how many
        of all its connections are encrypted, not how many of these.
        """
        opens: dict[tuple[str, str], Open] = {}
        for sample in self._fresh(Side.CLIENT, now):
            known = opens.setdefault((sample.source, sample.target), Open())
            known.count += sample.open
            known.encrypted += sample.encrypted
            known.clear += sample.clear
        for (target, _), seen in self._unmatched.items():
            # The two sides do not report at the same moment: only a surplus that lasts for the wait is real.
            count = min(number for _, number in seen) if now - seen[0][0] >= WAIT else 0
            if count > 0:
                opens.setdefault((USER, target), Open()).count += count
        return opens

    def _callers_of(self, endpoint: str, now: float) -> _Callers:
        callers = self._callers.setdefault(endpoint, _Callers())
        callers.at = now
        return callers

    def _spend(self, endpoint: str, wanted: int) -> int:
        """Take up to ``wanted`` of the connections that callers counted at an endpoint; return the number."""
        callers, spent = self._callers.get(endpoint), 0
        while callers is not None and callers.ended and spent < wanted:
            first = callers.ended[0]
            taken = min(int(first[1]), wanted - spent)
            spent += taken
            # Spent counts are removed, so that one connection of a caller cannot explain two of the callee.
            first[1] -= taken
            if not first[1]:
                callers.ended.popleft()
        return spent

    def _fresh(self, side: Side, now: float) -> Iterator[ConnectionSample]:
        return (
            gauge.sample
            for gauge in self._gauges.values()
            if gauge.sample.side is side and now - gauge.at < _FRESH
        )

    def _compare(self, now: float) -> None:
        known: dict[str, int] = {}
        for caller in self._fresh(Side.CLIENT, now):
            known[caller.endpoint] = known.get(caller.endpoint, 0) + caller.open
        seen: dict[tuple[str, str], int] = {}
        for callee in self._fresh(Side.SERVER, now):
            place = callee.target, callee.endpoint
            seen[place] = seen.get(place, 0) + callee.open
        for place in list(self._unmatched):
            # Nothing is open there any more: what was unmatched before must not be taken up again.
            if place not in seen:
                del self._unmatched[place]
        for place, count in seen.items():
            past = self._unmatched.setdefault(place, deque())
            past.append((now, count - known.get(place[1], 0)))
            # Half a second more than the wait, so that one reading from before it is always left.
            while now - past[0][0] > WAIT + 0.5:
                past.popleft()

    def _forget(self, now: float) -> None:
        for endpoint, callers in list(self._callers.items()):
            while callers.ended and callers.ended[0][0] <= now:
                callers.ended.popleft()
            if now - callers.at >= _CALLED:
                del self._callers[endpoint]
        for key, gauge in list(self._gauges.items()):
            if now - gauge.at >= _FRESH:
                del self._gauges[key]


def _less(histogram: Histogram, taken: int) -> Histogram:
    """Return a histogram without ``taken`` of its counts, the longest durations first."""
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
