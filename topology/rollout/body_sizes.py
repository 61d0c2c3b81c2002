"""The sizes of responses in both arms: a comparison that sees quick useless answers of status 200.

Sizes have any distribution: few values far apart, long tails, many of 0. So whole distributions are compared,
by the greatest difference of the shares below any size (the statistic of Smirnov), and neither means nor
quantiles: a third of empty answers moves no median. Sizes within a fifth are alike, so that a name or a
number in a body makes no difference.
"""

from bisect import bisect_right
from itertools import accumulate
from math import erfc, inf, log, sqrt
from typing import Final, NamedTuple

from proxy.contract.histogram import SCALE, Histogram
from topology.model.stages import SizeChange

# Buckets by which a size must be smaller or larger to be another one: at least a factor of 1.19.
_APART: Final = 5
_PER_OCTAVE: Final = 1 << SCALE


class _Excess(NamedTuple):
    """The share of one arm up to a bucket, and the smaller one of the other arm up to ``_APART`` beyond."""

    bucket: float
    share: float
    other: float

    @property
    def excess(self) -> float:
        return self.share - self.other


def sizes(direct: Histogram | None, routed: Histogram | None, z: float) -> SizeChange | None:
    """Return the greatest difference of sizes, ``z`` standard errors wide; None where one arm has none."""
    if direct is None or routed is None or not direct.count or not routed.count:
        return None
    smaller, larger = _excess(routed, direct), _excess(direct, routed)
    # By the inequality of Dvoretzky, Kiefer and Wolfowitz in its form for two samples (F. Wei and R. Dudley,
    # Statistics and Probability Letters 82, 2012), which holds for all sizes at once; half of the level for
    # each direction.
    tail = erfc(z / sqrt(2)) / 2
    reach = sqrt(log(2 / tail) / 2 * (1 / direct.count + 1 / routed.count))
    is_larger = larger.excess > smaller.excess
    if is_larger:
        before, after = 1 - larger.share, 1 - larger.other
        places = larger.bucket, larger.bucket + _APART
    else:
        before, after = smaller.other, smaller.share
        places = smaller.bucket + _APART, smaller.bucket
    difference = after - before
    low, high = max(-1.0, difference - reach), min(1.0, difference + reach)
    return SizeChange(before, after, low, high, _bytes(places[0]), _bytes(places[1]), is_larger)


def _excess(one: Histogram, other: Histogram) -> _Excess:
    """Return where the share of ``one`` up to a size exceeds that of ``other`` most."""
    buckets, shares = _cumulative(one)
    far, others = _cumulative(other)
    found = (
        _Excess(bucket, share, others[bisect_right(far, bucket + _APART) - 1])
        for bucket, share in zip(buckets, shares, strict=True)
    )
    return max(found, key=lambda each: each.excess)


def _cumulative(histogram: Histogram) -> tuple[list[float], list[float]]:
    """Return the buckets in order, that of 0 first as minus infinity, and the share up to each."""
    buckets = sorted(histogram.counts)
    counts = accumulate((histogram.counts[bucket] for bucket in buckets), initial=histogram.zero)
    return [-inf, *buckets], [count / histogram.count for count in counts]


def _bytes(bucket: float) -> int:
    """Return the greatest size in a bucket."""
    return int(2.0 ** ((bucket + 1) / _PER_OCTAVE))
