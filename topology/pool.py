"""Calls of several endpoints and reporters taken together, with or without one reporter.

Bounds on failure shares are Wilson score intervals (E. B. Wilson, JASA 22, 1927).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

from topology.evidence import Tally

Z: Final = 2.5  # standard errors that count as more than chance


@dataclass(frozen=True, slots=True)
class Side:
    """One endpoint over one span: everybody's calls, and each reporter's share of them."""

    total: Tally
    by: dict[str, Tally]


def bounds(bad: float, total: float) -> tuple[float, float]:
    """Wilson interval of a share; (0, 1) without data."""
    if total <= 0:
        return 0.0, 1.0
    share, square = bad / total, Z * Z
    centre = (share + square / (2 * total)) / (1 + square / total)
    half = Z / (1 + square / total) * sqrt(share * (1 - share) / total + square / (4 * total * total))
    return max(0.0, centre - half), min(1.0, centre + half)


def pooled(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total


def better_half(others: Sequence[Side], badness: Callable[[Tally], float], left_out: str) -> Tally | None:
    """The better half of the peers taken together; None when no peer has traffic."""
    totals = [rest for side in others if (rest := side.total.without(side.by.get(left_out))).count]
    if not totals:
        return None
    totals.sort(key=badness)
    return pooled(totals[: (len(totals) + 1) // 2])


def elsewhere(others: Sequence[Side], name: str) -> Tally:
    return pooled(side.by[name] for side in others if name in side.by)


def failing_share(tally: Tally) -> float:
    return tally.failing


def typical(tally: Tally) -> float:
    return tally.mean if tally.timed else float("inf")
