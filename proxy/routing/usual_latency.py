"""The latency that is usual among the endpoints of one service. Pure.

What is usual is what the endpoints do, each by a latency that falls quickly and rises slowly: the fastest two
fifths of them, never one alone, say it. So an endpoint that alone is fast, whatever it answers, moves
nothing, and where just over half are slow the others stay what is usual. Time is seconds.
"""

from collections.abc import Sequence
from typing import Final

from proxy.routing.candidate import EXPLAINED, Candidate

_SURVEY: Final = 0.5  # seconds between two looks at what is usual
_FEW: Final = 3  # endpoints with an answer, without which (or all) nothing is usual
_LONGER: Final = 1.1  # times, with each answer that took longer than 99 %
_SHORTER: Final = 0.999  # times, with each that did not: in balance at one in a hundred


class UsualLatency:
    """The seconds that good answers take; 0 until that is known.

    ``usual`` is what an endpoint usually takes, ``least`` the fastest whose speed is explained by a better
    endpoint, ``long`` what 99 % of the answers stay below.
    """

    __slots__ = ("_surveyed", "least", "long", "usual")

    def __init__(self) -> None:
        self.usual = 0.0
        self.least = 0.0
        self.long = 0.0
        self._surveyed = float("-inf")

    def learn(self, candidate: Candidate, latency: float, now: float) -> bool:
        """Take the latency of a good answer; return True if ``survey`` is due."""
        fresh = not candidate.typical
        candidate.learn(latency, now)
        # A running 99th percentile without a histogram: it rises by 10 % for one answer in a hundred and
        # falls by 0.1 % for each of the other ninety-nine, so it is still where exactly 1 % take longer.
        long = self.long
        self.long = long * (_LONGER if latency > long else _SHORTER) if long else latency
        return fresh or now - self._surveyed >= _SURVEY

    def survey(self, pool: Sequence[Candidate], now: float) -> bool:
        """Look at what these endpoints do, and set their ``pace``; return False if too few have answered."""
        self._surveyed = now
        known = sorted([c.typical for c in pool if c.typical])
        count = len(known)
        # An address outside the mesh has no endpoints, and nothing to choose.
        if not known or count < min(_FEW, len(pool)):
            return False
        # Of three and more never the fastest alone: it has no peer that does what it does.
        least = min(1, max(0, count - 2))
        # Not the median: where just over half are slow for this caller, the others must stay what is usual.
        self.usual = known[max(2 * (count - 1) // 5, least)]
        self.least = next(each for each in known if each >= EXPLAINED * self.usual)
        pace = max(self.usual, sorted([each.latency(now, self.usual) for each in pool])[len(pool) // 2])
        for candidate in pool:
            candidate.pace = pace
        return True
