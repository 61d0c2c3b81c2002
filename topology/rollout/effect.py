"""The effect of routing: routed calls against direct ones, with confidence intervals.

Shares: Newcombe's hybrid score interval for the difference of two proportions (R. G. Newcombe,
Statistics in Medicine 17, 1998, method 10) from Wilson intervals. Quantiles: order statistics,
the binomial bounds on the rank, read from the histograms at the outer edges of their buckets;
the difference of two by the same square-and-add (Zou and Donner, Statistics in Medicine 27, 2008).
"""

from math import ceil, floor, sqrt
from typing import Final

from proxy.contract.histogram import SCALE, Histogram
from proxy.contract.traffic import Answer
from topology.evidence.peer_tallies import bounds
from topology.graph.cells import Cell
from topology.model.stages import Change, Effect
from topology.rollout.body_sizes import sizes

Z95: Final = 1.96
_QUANTILES: Final = (0.5, 0.99)
_PER_OCTAVE: Final = 1 << SCALE


def effect(direct: Cell, routed: Cell, z: float = Z95) -> Effect | None:
    """Return the two arms compared, ``z`` standard errors wide; None while one of them has no traffic."""
    if not direct.histogram.count or not routed.histogram.count:
        return None
    p50, p99 = (quantiles(direct.histogram, routed.histogram, q, z) for q in _QUANTILES)
    answered = answers(direct, routed, z)
    return Effect(success(direct, routed, z), p50, p99, answered, sizes(direct.sizes, routed.sizes, z))


def success(direct: Cell, routed: Cell, z: float) -> Change:
    """Return the difference of the shares that succeeded."""
    n0, n1 = direct.histogram.count, routed.histogram.count
    return shares(n0 - direct.errors, n0, n1 - routed.errors, n1, z)


def answers(direct: Cell, routed: Cell, z: float) -> dict[Answer, Change]:
    """Return the differences of the shares of each class of answers that was given, successes aside."""
    n0, n1 = (cell.histogram.count - cell.unclassed for cell in (direct, routed))
    if n0 <= 0 or n1 <= 0:
        return {}
    given = {
        Answer.REDIRECT: (direct.redirects, routed.redirects),
        Answer.REFUSED: (direct.refusals, routed.refusals),
        Answer.SHED: (direct.shed, routed.shed),
    }
    return {answer: shares(k0, n0, k1, n1, z) for answer, (k0, k1) in given.items() if k0 or k1}


def shares(good0: int, n0: int, good1: int, n1: int, z: float) -> Change:
    """Return the difference of two shares, each of a number of calls that is not 0."""
    # Score intervals and not the normal approximation: shares are near 1, where that one is wrong.
    low0, high0 = bounds(good0, n0, z)
    low1, high1 = bounds(good1, n1, z)
    before, after = good0 / n0, good1 / n1
    low = after - before - sqrt((after - low1) ** 2 + (high0 - before) ** 2)
    high = after - before + sqrt((high1 - after) ** 2 + (before - low0) ** 2)
    return Change(before, after, low, high)


def quantiles(direct: Histogram, routed: Histogram, q: float, z: float) -> Change | None:
    """Return the difference of a quantile in seconds; None while there are too few calls to bound it."""
    one, other = interval(direct, q, z), interval(routed, q, z)
    if one is None or other is None:
        return None
    (low0, before, high0), (low1, after, high1) = one, other
    low = after - before - sqrt((after - low1) ** 2 + (high0 - before) ** 2)
    high = after - before + sqrt((high1 - after) ** 2 + (before - low0) ** 2)
    return Change(before, after, low, high)


def interval(histogram: Histogram, q: float, z: float) -> tuple[float, float, float] | None:
    """Return low end, estimate and high end of a quantile; None when the data does not bound it above.

    By order statistics: the number of values below the quantile is binomial, whatever the distribution,
    so no assumption on latencies is made.
    """
    count = histogram.count
    reach = z * sqrt(count * q * (1 - q))
    low, high = floor(count * q - reach), ceil(count * q + reach) + 1
    middle = histogram.quantile(q)
    # The upper bound would be beyond the largest value seen: a p99 needs several hundred calls for one.
    if middle is None or high > count:
        return None
    # Outer edges of the buckets: the interval is a little too wide, never too narrow.
    return min(_value(histogram, max(low, 1), 0), middle), middle, max(_value(histogram, high, 1), middle)


def _value(histogram: Histogram, rank: int, edge: int) -> float:
    """Return the lower (0) or upper (1) edge of the bucket that holds the value of this rank."""
    seen = histogram.zero
    if seen >= rank:
        return 0.0
    for index in sorted(histogram.counts):
        seen += histogram.counts[index]
        if seen >= rank:
            return float(2.0 ** ((index + edge) / _PER_OCTAVE))
    return histogram.max
