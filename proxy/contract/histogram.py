"""The latency histogram both planes count in: exponential, fixed scale, mergeable by addition.

Source: OpenTelemetry metrics data model, ExponentialHistogram. Bucket ``i`` holds values in
``(base**i, base**(i+1)]`` with ``base = 2**(2**-SCALE)``. At scale 4 a bucket is 4.4 % wide,
so a quantile is off by at most 2.2 %.

The scale is fixed, unlike in OpenTelemetry's SDKs, which rescale each histogram to its values: histograms of
one scale merge by addition, in Python and in ClickHouse (sumMap) alike.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil, log2
from typing import Final

SCALE: Final = 4
_PER_OCTAVE: Final = 1 << SCALE


def bucket_index(value: float) -> int:
    """Return the index of the bucket that holds a positive value."""
    # Upper bounds belong to a bucket, lower ones do not: hence ceil less one, and not floor.
    return ceil(log2(value) * _PER_OCTAVE) - 1


def bucket_value(index: int) -> float:
    """Return the geometric mean of a bucket's bounds."""
    return float(2.0 ** ((index + 0.5) / _PER_OCTAVE))


@dataclass(slots=True)
class Histogram:
    """Counts of values (seconds) by bucket, with their exact count, sum, minimum and maximum."""

    counts: dict[int, int] = field(default_factory=dict)
    zero: int = 0
    count: int = 0
    sum: float = 0.0
    min: float = float("inf")
    max: float = 0.0

    def record(self, value: float) -> None:
        """Count one value; zero and negative ones go to the zero bucket."""
        self.count += 1
        if value <= 0.0:
            self.zero += 1
            self.min = 0.0
            return
        index = bucket_index(value)
        self.counts[index] = self.counts.get(index, 0) + 1
        self.sum += value
        if value < self.min:
            self.min = value
        if value > self.max:
            self.max = value

    def merge(self, other: "Histogram") -> None:
        """Add another histogram's counts to this one."""
        mine = self.counts
        if mine:
            for index, count in other.counts.items():
                mine[index] = mine.get(index, 0) + count
        else:
            mine.update(other.counts)
        self.zero += other.zero
        self.count += other.count
        self.sum += other.sum
        if other.min < self.min:
            self.min = other.min
        if other.max > self.max:
            self.max = other.max

    def quantile(self, q: float) -> float | None:
        """Return the value below which a share ``q`` (0 to 1) of the counts lies; None when empty.

        It is the middle of the bucket that reaches the rank ``q * count``, clamped to minimum and maximum.
        """
        if not self.count:
            return None
        rank = q * self.count
        seen = self.zero
        # ``seen`` as well, or q = 0 would be 0.0 where no value was zero.
        if seen >= rank and seen:
            return 0.0
        for index in sorted(self.counts):
            seen += self.counts[index]
            if seen >= rank:
                return min(max(bucket_value(index), self.min), self.max)
        return self.max

    def dense_buckets(self) -> tuple[int, list[int]]:
        """Return the offset and the contiguous bucket counts, as OTLP carries them."""
        if not self.counts:
            return 0, []
        low, high = min(self.counts), max(self.counts)
        return low, [self.counts.get(i, 0) for i in range(low, high + 1)]


def from_exponential(
    scale: int,
    offset: int,
    counts: Iterable[int],
    *,
    zero: int = 0,
    total: float = 0.0,
    minimum: float | None = None,
    maximum: float | None = None,
) -> Histogram:
    """Return a histogram from OTLP exponential buckets of any scale, converted to ``SCALE``.

    Buckets of a finer scale merge exactly (each is within one of ours); the count of a coarser bucket goes
    to the bucket of its middle. Without ``minimum`` or ``maximum`` they are taken from the buckets.
    """
    buckets: dict[int, int] = {}
    shift = scale - SCALE
    for position, count in enumerate(counts):
        if not count:
            continue
        source = offset + position
        index = source >> shift if shift >= 0 else bucket_index(2.0 ** ((source + 0.5) * 2.0**-scale))
        buckets[index] = buckets.get(index, 0) + count
    return _with_bounds(buckets, zero, total, minimum, maximum)


def from_sparse(buckets: Mapping[int, int], *, zero: int = 0, total: float = 0.0) -> Histogram:
    """Return a histogram from bucket index to count at ``SCALE``, as the store keeps it."""
    return _with_bounds(dict(buckets), zero, total, None, None)


def _with_bounds(
    buckets: dict[int, int], zero: int, total: float, minimum: float | None, maximum: float | None
) -> Histogram:
    """Return a histogram; bounds that are None are taken from its outermost buckets."""
    count = zero + sum(buckets.values())
    if minimum is None:
        minimum = 0.0 if zero else bucket_value(min(buckets)) if buckets else float("inf")
    if maximum is None:
        maximum = bucket_value(max(buckets)) if buckets else 0.0
    return Histogram(buckets, zero, count, total, minimum, maximum)
