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

Readers rarely want every series: ``edges``, ``endpoints`` and ``arms`` are views that leave the
other fields of a key empty. The sums of a view over a bucket are kept until the bucket changes.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from proxy.contract.histogram import Histogram, bucket_index, bucket_value
from proxy.contract.traffic import Answer, Arm, Protocol
from topology.model.graph import USER

TEN: Final = 10  # seconds of a wide bucket
SECONDS_KEPT: Final = 120
OTHER: Final = "(other)"
_FOR_EVER: Final = 1 << 62


class Key(NamedTuple):
    """The labels of a series of calls; ``remote`` if another collector counted it, which also stores it."""

    source: str
    target: str
    protocol: Protocol = Protocol.HTTP
    endpoint: str = ""
    arm: Arm = Arm.NONE
    remote: bool = False


@dataclass(slots=True)
class Cell:
    """Calls of one key in one bucket, and how many of them are known to be ``encrypted`` or in the ``clear``.

    ``redirects``, ``refusals`` and ``shed`` count answers of these classes; of ``unclassed`` calls, which
    another collector counted, the class is not known. Opaque TCP also has the bytes to and from the target,
    and open connections.
    """

    histogram: Histogram = field(default_factory=Histogram)
    errors: int = 0
    sent: int = 0
    received: int = 0
    open: int = 0
    encrypted: int = 0
    clear: int = 0
    redirects: int = 0
    refusals: int = 0
    shed: int = 0
    unclassed: int = 0

    @property
    def has_traffic(self) -> bool:
        """True if there were calls or are open connections."""
        return bool(self.histogram.count or self.open)

    def add(self, histogram: Histogram, errors: int, answer: Answer | None = Answer.OK) -> None:
        """Count calls; their class is unknown where ``answer`` is None."""
        self.histogram.merge(histogram)
        self.errors += errors
        if answer is Answer.REFUSED:
            self.refusals += histogram.count
        elif answer is Answer.REDIRECT:
            self.redirects += histogram.count
        elif answer is Answer.SHED:
            self.shed += histogram.count
        elif answer is None:
            self.unclassed += histogram.count

    def merge(self, other: "Cell") -> None:
        self.add(other.histogram, other.errors)
        self.encrypted += other.encrypted
        self.clear += other.clear
        self.redirects += other.redirects
        self.refusals += other.refusals
        self.shed += other.shed
        self.unclassed += other.unclassed
        self.sent += other.sent
        self.received += other.received
        self.open += other.open


Bucket = dict[Key, Cell]
View = Callable[[Key], Key]


def edges(key: Key) -> Key:
    """Keep source, target and protocol of a key."""
    return Key(key.source, key.target, key.protocol)


def endpoints(key: Key) -> Key:
    """Keep target and endpoint of a key."""
    return Key("", key.target, Protocol.UNKNOWN, key.endpoint)


def arms(key: Key) -> Key:
    """Keep target and arm of a key, and the endpoint of the direct arm."""
    return Key("", key.target, Protocol.UNKNOWN, key.endpoint if key.arm == Arm.DIRECT else "", key.arm)


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
                index = _nearest_index(cell.histogram, duration)
                for part, within in ((cell, bucket), (wide, tens)):
                    _remove(part, index, failed)
                    self._views.pop(id(within), None)
                return True
        return False

    def totals(self, start: float, end: float, view: View | None = None) -> Bucket:
        """Return all calls between two times (whole seconds, ``start`` excluded), by key."""
        merged: Bucket = {}
        for _, bucket in self._buckets(int(start) + 1, int(end) + 1):
            _merge(merged, (bucket if view is None else self._view_sums(bucket, view)).items())
        return merged

    def some(self, start: float, end: float, wanted: Callable[[Key], bool]) -> Bucket:
        """Return as ``totals`` does, for the wanted keys alone."""
        merged: Bucket = {}
        keys = [key for key in self._last if wanted(key)]
        for _, bucket in self._buckets(int(start) + 1, int(end) + 1):
            _merge(merged, ((key, bucket[key]) for key in keys if key in bucket))
        return merged

    def _view_sums(self, bucket: Bucket, view: View) -> Bucket:
        views = self._views.setdefault(id(bucket), {})
        sums = views.get(view)
        if sums is None:
            sums = views[view] = {}
            _merge(sums, ((view(key), cell) for key, cell in bucket.items()))
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


def _merge(into: Bucket, cells: Iterable[tuple[Key, Cell]]) -> None:
    for key, cell in cells:
        total = into.get(key)
        if total is None:
            total = into[key] = Cell()
        total.merge(cell)


def _nearest_index(histogram: Histogram, duration: float) -> int | None:
    """Return the index of the bucket with a count nearest to a duration; None for the zero bucket.

    A span and a metric of one call do not measure quite the same duration.
    """
    if not histogram.counts:
        return None
    wanted = bucket_index(duration) if duration > 0 else min(histogram.counts)
    return min(histogram.counts, key=lambda index: abs(index - wanted))


def _remove(cell: Cell, index: int | None, failed: bool) -> None:
    histogram = cell.histogram
    histogram.count -= 1
    if index is None:
        histogram.zero = max(0, histogram.zero - 1)
    else:
        histogram.sum = max(0.0, histogram.sum - bucket_value(index))
        left = histogram.counts.get(index, 0) - 1
        if left > 0:
            histogram.counts[index] = left
        else:
            histogram.counts.pop(index, None)
    cell.errors = min(max(0, cell.errors - failed), histogram.count)
    cell.clear = min(cell.clear, histogram.count)
    cell.encrypted = min(cell.encrypted, histogram.count - cell.clear)
