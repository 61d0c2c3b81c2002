"""Series of calls and their counts in one bucket of time, which add up.

Readers rarely want every series: ``edges``, ``endpoints`` and ``arms`` are views that leave the
other fields of a key empty.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from proxy.contract.histogram import Histogram, bucket_index, bucket_value
from proxy.contract.traffic import Answer, Arm, Protocol


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
    another collector counted, the class is not known. ``sizes`` are of the bodies of successful responses, in
    bytes, where mesh.yaml has them compared. Opaque TCP also has the bytes to and from the target, and open
    connections.
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
    sizes: Histogram | None = None  # nearly all cells have none

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
        if other.sizes is not None:
            self.add_sizes(other.sizes)

    def add_sizes(self, histogram: Histogram) -> None:
        """Count bodies of successful responses."""
        if self.sizes is None:
            self.sizes = Histogram()
        self.sizes.merge(histogram)


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


def merge(into: Bucket, cells: Iterable[tuple[Key, Cell]]) -> None:
    """Add cells to those of the same keys in a bucket."""
    for key, cell in cells:
        total = into.get(key)
        if total is None:
            total = into[key] = Cell()
        total.merge(cell)


def nearest_index(histogram: Histogram, duration: float) -> int | None:
    """Return the index of the bucket with a count nearest to a duration; None for the zero bucket.

    A span and a metric of one call do not measure quite the same duration.
    """
    if not histogram.counts:
        return None
    wanted = bucket_index(duration) if duration > 0 else min(histogram.counts)
    return min(histogram.counts, key=lambda index: abs(index - wanted))


def remove(cell: Cell, index: int | None, failed: bool) -> None:
    """Take one call away from a cell, of the histogram bucket with this index; None for the zero bucket."""
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
