"""One reporter's view of one endpoint: its calls of the last half minute, and the requests that are open."""

from collections import deque
from dataclasses import dataclass, field
from math import exp, sqrt
from typing import Final

from proxy.contract.traffic import Avoidance
from topology.evidence.tally import Tally

# Fine enough that the shortest window of half a second is exact to a fifth of itself.
SLOT: Final = 0.1  # seconds
# Slots, hence 30 seconds: as long as the longest window of the tests.
MEMORY: Final = 300  # slots
# Standard deviations of log latency below its mean: about 1 call of 40 is faster.
_FASTEST: Final = 2.0
_TYPICAL: Final = 8.0  # seconds, time constant of the latency that weights follow


@dataclass(slots=True)
class OpenReport:
    """The last report of open requests: their number, the age of the oldest in seconds, and when it came.

    ``avoided`` is why the reporter sends next to nothing, None if it does not, ``failures`` how many it
    met, each at another moment.
    """

    count: int = 0
    oldest: float = 0.0
    at: float = float("-inf")
    avoided: Avoidance | None = None
    failures: int = 0


@dataclass(slots=True)
class ReporterView:
    """One reporter's view of one endpoint."""

    slots: deque[tuple[int, Tally]] = field(default_factory=deque)
    open: OpenReport = field(default_factory=OpenReport)
    alarmed: float = float("-inf")
    calls: float = 0.0  # this and what follows decay
    shed: float = 0.0
    weight: float = 0.0  # of ``logs`` and ``squares``: number of timed calls
    logs: float = 0.0
    squares: float = 0.0
    at: float = float("-inf")  # time of the last report of finished calls

    def add(self, tally: Tally, now: float) -> None:
        slot = int(now / SLOT)
        if not self.slots or self.slots[-1][0] < slot:
            self.slots.append((slot, Tally()))
            # Never empties the deque: the slot that was just added is the newest.
            while self.slots[0][0] < slot - MEMORY:
                self.slots.popleft()
        self.slots[-1][1].add(tally)
        decay = exp((self.at - now) / _TYPICAL) if self.calls else 0.0
        self.calls = self.calls * decay + tally.count
        self.shed = self.shed * decay + tally.shed
        self.weight = self.weight * decay + tally.timed
        self.logs = self.logs * decay + tally.logs
        self.squares = self.squares * decay + tally.squares
        self.at = now

    @property
    def fastest(self) -> float:
        """The log2 latency that hardly any of its recent timed calls is below; needs ``weight``."""
        mean = self.logs / self.weight
        return mean - _FASTEST * sqrt(max(0.0, self.squares / self.weight - mean * mean))

    def since(self, slot: int) -> Tally:
        total = Tally()
        # Newest first: most windows are short, and the loop ends at their beginning.
        for at, tally in reversed(self.slots):
            if at < slot:
                break
            total.add(tally)
        return total
