"""The latency histogram both planes count in: exponential, fixed scale, mergeable by addition.

Source: OpenTelemetry metrics data model, ExponentialHistogram. Bucket ``i`` holds values in
``(base**i, base**(i+1)]`` with ``base = 2**(2**-SCALE)``. At scale 4 a bucket is 4.4 % wide,
so a quantile is off by at most 2.2 %.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil, log2
from typing import Final

SCALE: Final = 4
_PER_OCTAVE: Final = 1 << SCALE


def bucket_index(value: float) -> int:
    """Bucket of a positive value."""
    return ceil(log2(value) * _PER_OCTAVE) - 1


def bucket_value(index: int) -> float:
    """Geometric middle of a bucket."""
    return float(2.0 ** ((index + 0.5) / _PER_OCTAVE))


@dataclass(slots=True)
class Histogram:
    """Counts by bucket, with exact count, sum, minimum and maximum. Values are seconds."""

    counts: dict[int, int] = field(default_factory=dict)
    zero: int = 0
    count: int = 0
    sum: float = 0.0
    min: float = float("inf")
    max: float = 0.0

    def record(self, value: float) -> None:
        """Count one value; what is not positive goes to the zero bucket."""
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
        """Value below which a share ``q`` (0 to 1) of the counts lies; None when empty."""
        if not self.count:
            return None
        rank = q * self.count
        seen = self.zero
        if seen >= rank and seen:
            return 0.0
        for index in sorted(self.counts):
            seen += self.counts[index]
            if seen >= rank:
                return min(max(bucket_value(index), self.min), self.max)
        return self.max

    def dense(self) -> tuple[int, list[int]]:
        """Offset and contiguous bucket counts, as OTLP carries them."""
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
    """A histogram from OTLP exponential buckets of any scale, brought to ours.

    Finer scales merge exactly; coarser ones put a bucket's count at its middle.
    """
    buckets: dict[int, int] = {}
    shift = scale - SCALE
    for position, count in enumerate(counts):
        if not count:
            continue
        source = offset + position
        index = source >> shift if shift >= 0 else bucket_index(2.0 ** ((source + 0.5) * 2.0**-scale))
        buckets[index] = buckets.get(index, 0) + count
    return _completed(buckets, zero, total, minimum, maximum)


def from_sparse(buckets: Mapping[int, int], *, zero: int = 0, total: float = 0.0) -> Histogram:
    """A histogram from bucket index to count at our scale, as the store keeps it."""
    return _completed(dict(buckets), zero, total, None, None)


def _completed(
    buckets: dict[int, int], zero: int, total: float, minimum: float | None, maximum: float | None
) -> Histogram:
    count = zero + sum(buckets.values())
    if minimum is None:
        minimum = 0.0 if zero else bucket_value(min(buckets)) if buckets else float("inf")
    if maximum is None:
        maximum = bucket_value(max(buckets)) if buckets else 0.0
    return Histogram(buckets, zero, count, total, minimum, maximum)
