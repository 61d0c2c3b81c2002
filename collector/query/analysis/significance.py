"""Tests whether two windows of traffic differ by more than chance. Pure.

Shares are compared by the two-proportion z test with pooled variance. Latency is compared by
the same test on the share of calls slower than a quantile of the other window: it asks nothing
of the distribution's form, sees a tail that moved while the median did not, and works on bucket
counts as they are. Each test gives a two-sided p-value; who asks many at once divides his level
by their number (Bonferroni). Below the minimum counts the normal approximation does not hold
and nothing is reported.
"""

from dataclasses import dataclass
from math import erfc, exp, sqrt
from typing import Final

from proxy.contract.histogram import Histogram, bucket_value

QUANTILES: Final = (0.5, 0.9, 0.99)
CALLS_MIN: Final = 20  # in each window
BAD_MIN: Final = 5  # in both windows together
BEYOND_MIN: Final = 10  # calls expected beyond a quantile, in each window


@dataclass(frozen=True, slots=True)
class Moved:
    """A quantile that moved between two windows; seconds."""

    quantile: float
    before: float
    after: float
    p: float

    @property
    def ratio(self) -> float:
        return self.after / self.before if self.before else float("inf")


def shares_differ(bad: int, count: int, other_bad: int, other_count: int) -> float | None:
    """Return the p-value of two shares being equal; None with too few calls to decide."""
    if min(count, other_count) < CALLS_MIN or bad + other_bad < BAD_MIN:
        return None
    return _proportions(bad, count, other_bad, other_count)


def slower(before: Histogram, after: Histogram, ratio: float, floor: float) -> Moved | None:
    """Return the quantile that grew most surely, of those that are ``ratio`` times what they were and
    ``floor`` seconds more; None when none did. ``p`` is of that quantile alone."""
    found = [
        moved
        for quantile in QUANTILES
        if (moved := _moved(before, after, quantile)) is not None
        and moved.ratio >= ratio
        and moved.after - moved.before >= floor
    ]
    return min(found, key=lambda moved: moved.p, default=None)


def absent(expected: float) -> float:
    """Return the p-value of no call where ``expected`` were (Poisson)."""
    return exp(-expected)


def _moved(before: Histogram, after: Histogram, quantile: float) -> Moved | None:
    if min(before.count, after.count) * (1 - quantile) < BEYOND_MIN:
        return None
    index, value = _bucket(before, quantile)
    was, now = _beyond(before, index), _beyond(after, index)
    if now * before.count <= was * after.count:
        return None
    p = _proportions(was, before.count, now, after.count)
    return Moved(quantile, value, _bucket(after, quantile)[1], p)


def _bucket(histogram: Histogram, quantile: float) -> tuple[int | None, float]:
    """Return the bucket a quantile falls in and its middle; None is the bucket of zero."""
    wanted, seen = quantile * histogram.count, histogram.zero
    if seen and seen >= wanted:
        return None, 0.0
    for index in sorted(histogram.counts):
        seen += histogram.counts[index]
        if seen >= wanted:
            break
    return index, bucket_value(index)


def _beyond(histogram: Histogram, index: int | None) -> int:
    return sum(count for at, count in histogram.counts.items() if index is None or at > index)


def _proportions(bad: int, count: int, other_bad: int, other_count: int) -> float:
    pooled = (bad + other_bad) / (count + other_count)
    variance = pooled * (1 - pooled) * (1 / count + 1 / other_count)
    if variance <= 0:
        return 1.0
    return erfc(abs(bad / count - other_bad / other_count) / sqrt(2 * variance))
