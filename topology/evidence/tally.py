"""Calls of one endpoint added up: how many, of which outcome, and how long the good ones took.

Latency is held as the sum of base-2 logarithms: its mean is the typical latency, which a few outliers
do not move.
"""

from dataclasses import dataclass
from math import log2, sqrt
from typing import Final

from proxy.contract.histogram import SCALE, Histogram
from proxy.contract.traffic import Answer

ZERO: Final = log2(1e-6)  # what a latency of nothing counts as


@dataclass(slots=True)
class Tally:
    """Calls within a window. ``timed`` successful ones have ``logs`` as the sum of log2(seconds).

    ``redirects``, ``refusals`` and ``shed`` count answers of these classes, which are no errors.
    """

    count: int = 0
    errors: int = 0
    timed: int = 0
    logs: float = 0.0
    squares: float = 0.0
    redirects: int = 0
    refusals: int = 0
    shed: int = 0

    def add(self, other: "Tally") -> None:
        self.count += other.count
        self.errors += other.errors
        self.redirects += other.redirects
        self.refusals += other.refusals
        self.shed += other.shed
        self.timed += other.timed
        self.logs += other.logs
        self.squares += other.squares

    def without(self, other: "Tally | None") -> "Tally":
        """Return a copy without the calls of one reporter."""
        if other is None:
            return self
        return Tally(
            self.count - other.count,
            self.errors - other.errors,
            self.timed - other.timed,
            self.logs - other.logs,
            self.squares - other.squares,
            self.redirects - other.redirects,
            self.refusals - other.refusals,
            self.shed - other.shed,
        )

    def of(self, answer: Answer) -> int:
        """Return the number of redirects, refusals or answers that shed load."""
        if answer is Answer.REDIRECT:
            return self.redirects
        return self.refusals if answer is Answer.REFUSED else self.shed

    def share(self, answer: Answer) -> float:
        """Return the share of redirects, refusals or answers that shed load; 0 without calls."""
        return self.of(answer) / self.count if self.count else 0.0

    @property
    def mean(self) -> float:
        """The log2 of the typical latency in seconds; needs ``timed``."""
        return self.logs / self.timed

    @property
    def deviation(self) -> float:
        """Standard deviation of log2 latency; needs ``timed``."""
        # Rounding can make equal values differ by a hair, and a root of less than 0 fails.
        return sqrt(max(0.0, self.squares / self.timed - self.mean**2))

    @property
    def failing(self) -> float:
        """The share of calls that failed; 0 without calls."""
        return self.errors / self.count if self.count else 0.0


def tally_of(histogram: Histogram, errors: int, answer: Answer = Answer.OK) -> Tally:
    """Return a sample as a tally. Samples come by status, so one with errors times no success."""
    count = histogram.count
    # Not timed either: an endpoint with many missing pages is not faster than its peers.
    if answer is Answer.REFUSED:
        return Tally(count, refusals=count)
    if answer is Answer.SHED:
        return Tally(count, shed=count)
    if errors:
        # A failure has no latency worth comparing: a refused connection is quick, a time-out as long as the
        # limit.
        return Tally(count, min(errors, count))
    timed, logs, squares = histogram.zero, histogram.zero * ZERO, histogram.zero * ZERO * ZERO
    for index, number in histogram.counts.items():
        # The middle of a bucket on the log2 scale; buckets of 4.4 % are finer than any threshold in use.
        value = (index + 0.5) / (1 << SCALE)
        timed += number
        logs += number * value
        squares += number * value * value
    return Tally(count, 0, timed, logs, squares, redirects=count if answer is Answer.REDIRECT else 0)
