"""The spreading of the calls of a long interval over its seconds."""

from collections.abc import Iterator
from math import ceil
from typing import Final

from proxy.contract.histogram import Histogram

# Seconds. Reports of half a second are counted as one; of what was gathered for longer, a chart by the second
# would show a peak.
SPREAD: Final = 3.0
# Parts of one interval, which bounds the work that a report can cause.
_PARTS: Final = 60


def spread(
    histogram: Histogram, errors: int, begun: float, ended: float
) -> Iterator[tuple[float, Histogram, int]]:
    """Yield (time, calls, errors) of equal parts of [begun, ended], none empty; times are epoch seconds.

    When in the interval a call ended is not known: an even rate is the guess that invents least.
    """
    parts = min(_PARTS, ceil(ended - begun))
    for part in range(parts):
        taken = _every(histogram, parts, part)
        if taken.count:
            # From the end, so that the last part is of the last second.
            at = ended - (ended - begun) * (parts - 1 - part) / parts
            yield at, taken, _members(0, errors, parts, part)


def _every(histogram: Histogram, parts: int, part: int) -> Histogram:
    """Return every ``parts``-th call of a histogram, beginning with number ``part``."""
    taken = Histogram(zero=_members(0, histogram.zero, parts, part))
    taken.count, before = taken.zero, histogram.zero
    for index, count in histogram.counts.items():
        if members := _members(before, count, parts, part):
            taken.counts[index] = members
            taken.count += members
        before += count
    if taken.count:
        taken.sum = histogram.sum * taken.count / histogram.count
        taken.min, taken.max = histogram.min, histogram.max
    return taken


def _members(first: int, count: int, parts: int, part: int) -> int:
    """Return how many of ``count`` numbers from ``first`` on are ``part`` modulo ``parts``."""
    return (first + count - part - 1) // parts - (first - part - 1) // parts
