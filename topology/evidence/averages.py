"""Running averages of one endpoint, which need no memory of single calls."""

from dataclasses import dataclass
from math import exp
from typing import Final

from topology.evidence.tally import Tally

SCREEN: Final = 2.0  # seconds, time constant of the quick look
_USUAL: Final = 60.0  # seconds, time constant of what is usual
_PEAK: Final = 600.0  # seconds, time constant in which a rate once carried is forgotten
_SOUND: Final = 0.1  # failing less than this, an endpoint carries its rate
_WARM: Final = 10.0  # seconds until anything is usual


@dataclass(slots=True)
class Screen:
    """A cheap running average of one endpoint, to see if it is worth a proper comparison."""

    count: float = 0.0
    errors: float = 0.0
    timed: float = 0.0
    logs: float = 0.0
    redirects: float = 0.0
    refusals: float = 0.0
    shed: float = 0.0
    late: float = float("-inf")  # time of the last report of a request open for long
    at: float = 0.0

    @property
    def failing(self) -> float:
        return self.errors / self.count if self.count else 0.0

    def shares(self) -> tuple[float, float, float]:
        """Return the shares of redirects, refusals and answers that shed load."""
        count = self.count or 1.0
        return self.redirects / count, self.refusals / count, self.shed / count

    def rate(self, now: float) -> float:
        """Calls per second over the last seconds."""
        return self.count * exp((self.at - now) / SCREEN) / SCREEN

    def add(self, tally: Tally, now: float) -> None:
        # Exponential averages need no memory of single calls: a few numbers for each endpoint.
        decay = exp((self.at - now) / SCREEN) if self.count else 0.0
        self.count = self.count * decay + tally.count
        self.errors = self.errors * decay + tally.errors
        self.timed = self.timed * decay + tally.timed
        self.logs = self.logs * decay + tally.logs
        self.redirects = self.redirects * decay + tally.redirects
        self.refusals = self.refusals * decay + tally.refusals
        self.shed = self.shed * decay + tally.shed
        self.at = now


@dataclass(slots=True)
class Baseline:
    """The usual log2 latency and calls per second of an endpoint, and the ``peak`` it carried well."""

    logs: float | None = None
    rate: float = 0.0
    peak: float = 0.0
    begun: float = 0.0
    at: float = 0.0

    def add(self, tally: Tally, screen: Screen, now: float) -> None:
        rate, elapsed = screen.rate(now), now - self.at
        if self.logs is None and tally.timed:
            self.logs, self.begun = tally.mean, now
        # While warm-up lasts the present rate is the usual one: an average would begin at 0 and make every
        # new endpoint look busier than usual.
        if now - self.begun < _WARM:
            self.rate, self.at = rate, now
        elif elapsed > 0:
            share = 1 - exp(-elapsed / _USUAL)
            self.rate += (rate - self.rate) * share
            if tally.timed and self.logs is not None:
                self.logs += (tally.mean - self.logs) * share
            self.peak *= exp(-elapsed / _PEAK)
            self.at = now
        # A rate at which it failed is none that it carried.
        if screen.failing < _SOUND:
            self.peak = max(self.peak, rate)
