"""Fifteen minutes of traffic in memory: mergeable counts by second, and by ten seconds.

Every call is added to the bucket of the second it ended in and to that of its ten
seconds. Seconds are kept two minutes, tens for the whole memory; a reader takes tens where
they fit and seconds at the edges, so a minute costs at most 15 buckets instead of 60. Two minutes
of seconds are enough for the live graph (one minute) and for calls that a span moves to another
edge later.

A call may be reported after its second was stored. It counts in its buckets all the same, and goes to the
store as a row of its own, which adds up with those of before; one from before the memory is only stored.

The number of series is bounded, because names come from reports: past the limit calls are counted
under one series named ``(other)`` rather than lost. Rows of the store are made of these cells, so a
limit that is too low shows there as well.

The sums of a view over a bucket are kept until the bucket changes.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from proxy.contract.histogram import Histogram
from proxy.contract.traffic import Answer, Protocol
from topology.graph.cells import Bucket, Cell, Key, View, merge, nearest_index, remove
from topology.model.graph import USER

TEN: Final = 10  # seconds of a wide bucket
SECONDS_KEPT: Final = 120
OTHER: Final = "(other)"
_FOR_EVER: Final = 1 << 62


class Window:
    """Counts by key over time. Times are epoch seconds; ``memory`` is how many are kept."""

    def __init__(self, memory: float, series: int) -> None:
        self._memory = int(memory)
        self._limit = series
        self._seconds: dict[int, Bucket] = {}
        self._tens: dict[int, Bucket] = {}
        self._views: dict[int, dict[View, Bucket]] = {}  # by the id() of a bucket
        self._newest = 0
        self._last: dict[Key, int] = {}
        self._edges: dict[tuple[str, str], set[Key]] = {}
        # Seconds before these are stored: of users' calls, which wait for spans, and of all others.
        self._closed = {True: 0, False: 0}
        self._late: dict[tuple[int, Key], Cell] = {}  # calls of stored seconds, by second
        self._horizon = 0  # before it only tens are kept
        self._oldest = 0  # the first second of the memory
        self._begun: float | None = None

    def add(
        self,
        key: Key,
        histogram: Histogram,
        errors: int,
        at: float,
        encrypted: bool | None = None,
        answer: Answer = Answer.OK,
    ) -> None:
        """Count calls that ended at a time, which is not in the future. ``encrypted`` is None if unknown."""
        for cell in self._cells(key, at):
            cell.add(histogram, errors, answer)
            if encrypted:
                cell.encrypted += histogram.count
            elif encrypted is not None:
                cell.clear += histogram.count

    def merge(self, key: Key, cell: Cell, second: int) -> None:
        """Count the calls of a remote key in the second in which the other collector counted them."""
        for known in self._cells(key, second):
            known.merge(cell)

    def add_bytes(self, key: Key, sent: int, received: int, now: float) -> None:
        """Count bytes of opaque TCP that were reported now."""
        for cell in self._cells(key, now):
            cell.sent += sent
            cell.received += received

    def add_sizes(self, key: Key, histogram: Histogram, now: float) -> None:
        """Count bodies of successful responses that were reported now."""
        for cell in self._cells(key, now):
            cell.add_sizes(histogram)

    def _cells(self, key: Key, at: float) -> Iterator[Cell]:
        """Yield the cells in which a call at this time counts."""
        second = int(at)
        # A remote call is stored by its own collector.
        if not key.remote and second < max(self._closed[key.source == USER], self._horizon):
            yield self._late.setdefault((second, key), Cell())
        if second < self._oldest:
            return
        self._begun = second if self._begun is None else min(self._begun, second)
        # Counted under one name rather than dropped: totals stay right, only the detail is lost.
        if key not in self._last and len(self._last) >= self._limit:
            key = Key(OTHER, OTHER, key.protocol, remote=key.remote)
        if key not in self._last:
            self._edges.setdefault((key.source, key.target), set()).add(key)
        self._last[key] = max(second, self._last.get(key, second))
        self._newest = max(second, self._newest)
        both = (self._tens, second // TEN), (self._seconds, second)
        for buckets, place in both[: 1 + (second >= self._horizon)]:
            bucket = buckets.setdefault(place, {})
            # The sums of this bucket are outdated. An id() is unique only while its object lives, so
            # ``expire`` removes these sums together with the bucket.
            self._views.pop(id(bucket), None)
            cell = bucket.get(key)
            if cell is None:
                cell = bucket[key] = Cell()
            yield cell

    def take(self, source: str, target: str, duration: float, failed: bool, since: int) -> bool:
        """Remove one request of an edge, from the latest second first and not before ``since``.

        Return False if there is none. Both resolutions lose the same request.
        """
        known = self._edges.get((source, target), ())
        keys = [key for key in known if key.protocol == Protocol.HTTP and not key.remote]
        # The latest first: the call that is moved was most likely reported just now.
        for second in sorted((s for s in self._seconds if s >= since), reverse=True):
            bucket, tens = self._seconds[second], self._tens.get(second // TEN, {})
            for key in keys:
                cell, wide = bucket.get(key), tens.get(key)
                if cell is None or wide is None or not cell.histogram.count:
                    continue
                index = nearest_index(cell.histogram, duration)
                for part, within in ((cell, bucket), (wide, tens)):
                    remove(part, index, failed)
                    self._views.pop(id(within), None)
                return True
        return False

    def totals(self, start: float, end: float, view: View | None = None) -> Bucket:
        """Return all calls between two times (whole seconds, ``start`` excluded), by key."""
        merged: Bucket = {}
        for _, bucket in self._buckets(int(start) + 1, int(end) + 1):
            merge(merged, (bucket if view is None else self._view_sums(bucket, view)).items())
        return merged

    def some(self, start: float, end: float, wanted: Callable[[Key], bool]) -> Bucket:
        """Return as ``totals`` does, for the wanted keys alone."""
        merged: Bucket = {}
        keys = [key for key in self._last if wanted(key)]
        for _, bucket in self._buckets(int(start) + 1, int(end) + 1):
            merge(merged, ((key, bucket[key]) for key in keys if key in bucket))
        return merged

    def _view_sums(self, bucket: Bucket, view: View) -> Bucket:
        views = self._views.setdefault(id(bucket), {})
        sums = views.get(view)
        if sums is None:
            sums = views[view] = {}
            merge(sums, ((view(key), cell) for key, cell in bucket.items()))
        return sums

    def series(self, start: float, end: float, step: float, wanted: Callable[[Key], bool]) -> dict[int, Cell]:
        """Return the wanted traffic between two times, by number of the step it was reported in.

        Beyond ``SECONDS_KEPT`` only steps of whole tens from a whole ten are exact.
        """
        steps: dict[int, Cell] = {}
        keys = [key for key in self._last if wanted(key)]
        for second, bucket in self._buckets(int(start), int(end) + 1, TEN if step % TEN == 0 else 1):
            cell = steps.setdefault(max(0, int((second - int(start)) / step)), Cell())
            for key in keys:
                part = bucket.get(key)
                if part is not None:
                    cell.add(part.histogram, part.errors)
        return steps

    def ends(self) -> Iterable[tuple[str, str]]:
        """Return (source, target) of every series in memory."""
        return self._edges.keys()

    def closed(self, *, users: bool) -> int:
        """Return the first second that is not stored, of users' calls or of all others."""
        return self._closed[users]

    def close_seconds(self, end: int, *, users: bool) -> Iterator[tuple[int, Key, Cell]]:
        """Yield the cells of users' calls, or of all others, before ``end`` that are not yet stored."""
        begin = self._closed[users]
        self._closed[users] = max(begin, end)
        for second in sorted(s for s in self._seconds if begin <= s < end):
            for key, cell in self._seconds[second].items():
                # Open connections are stored by their own path; remote calls are stored by their own
                # collector.
                if (key.source == USER) is users and _is_stored(key, cell):
                    yield second, key, cell
        for second, key in [each for each in self._late if (each[1].source == USER) is users]:
            yield second, key, self._late.pop((second, key))

    def expire(self, now: float) -> None:
        """Drop buckets that are too old, and series without any bucket left."""
        self._horizon = int(now) - SECONDS_KEPT
        for second in [s for s in self._seconds if s < self._horizon]:
            self._views.pop(id(self._seconds.pop(second)), None)
        oldest = (int(now) - self._memory) // TEN
        self._oldest = oldest * TEN
        dropped = [ten for ten in self._tens if ten < oldest]
        for ten in dropped:
            self._views.pop(id(self._tens.pop(ten)), None)
        if dropped:
            self._last = {key: last for key, last in self._last.items() if last // TEN >= oldest}
            self._edges = {}
            for key in self._last:
                self._edges.setdefault((key.source, key.target), set()).add(key)

    def span(self, now: float, window: float) -> float:
        """Return the seconds of the window since the first call, at least one: the divisor of rates."""
        begun = now if self._begun is None else self._begun
        return max(1.0, min(window, now - begun))

    def _buckets(self, begin: int, end: int, grain: int = TEN) -> Iterator[tuple[int, Bucket]]:
        """Yield the buckets that cover [begin, end), each with the second it starts at.

        Before the horizon only tens are left: there the bounds are rounded to tens.
        """
        second = begin
        # A ten that reaches beyond ``end`` is exact as long as nothing was counted after ``end``.
        known = end if end <= self._newest else _FOR_EVER
        while second < end:
            if second < self._horizon or (grain == TEN and second % TEN == 0 and second + TEN <= known):
                ten = second // TEN
                yield ten * TEN, self._tens.get(ten, {})
                second = (ten + 1) * TEN
            else:
                yield second, self._seconds.get(second, {})
                second += 1


def _is_stored(key: Key, cell: Cell) -> bool:
    return not key.remote and bool(cell.histogram.count or cell.sent or cell.received)
