"""Simulated servers. Pure; times are seconds since the start of the simulation."""

import heapq
import random
from collections import deque
from collections.abc import Callable, Iterable
from statistics import median
from typing import Final, Protocol

from proxy.contract.traffic import Answer
from tests.bench.feedback.scenarios import Behaviour

_HUNG: Final = float("inf")
_QUICK: Final = 0.0007  # seconds of an answer without work


class Server(Protocol):
    """Something that answers. ``arrive`` says when it will, infinity for never, of which class the answer is
    and whether it is what the client wanted; ``left`` tells it that a request is over."""

    flight: int
    served: int

    def arrive(self, now: float, client: int) -> tuple[float, Answer, bool]: ...
    def left(self, latency: float) -> None: ...
    def says(self) -> tuple[int, float]: ...


def near(took: Iterable[tuple[int, float]], flight: int) -> float:
    """Median latency of the eight requests that had company most like now; 0 without any."""
    alike = sorted(took, key=lambda each: abs(each[0] - flight))[:8]
    return median(latency for _, latency in alike) if alike else 0.0


class _Base:
    def __init__(self) -> None:
        self.flight = self.served = 0
        self._took: deque[tuple[int, float]] = deque(maxlen=64)

    def left(self, latency: float) -> None:
        self._took.append((self.flight, latency))
        self.flight -= 1

    def says(self) -> tuple[int, float]:
        """Return what Prequal's probe hears: requests in flight, median of latencies at about as many."""
        return self.flight, near(self._took, self.flight)


class Delay(_Base):
    """Answers after a time that does not depend on load, and misbehaves as the bench's backends do.

    ``behaviour`` of a time and a client has ``add``, ``times``, ``fail`` and ``hang``, or ``quick``, the
    class of a useless answer that is given at once, to a ``part`` of the requests; ``slots`` bound what is
    served at a time, 0 is no bound.
    """

    def __init__(
        self,
        latency: float,
        spread: float,
        rng: random.Random,
        behaviour: Callable[[float, int], Behaviour] = lambda now, client: {},
        slots: int = 0,
    ) -> None:
        super().__init__()
        self._free = [0.0] * slots
        self._latency, self._spread, self._rng, self._behaviour = latency, spread, rng, behaviour

    def arrive(self, now: float, client: int) -> tuple[float, Answer, bool]:
        self.flight += 1
        self.served += 1
        behaviour = self._behaviour(now, client)
        if behaviour.get("hang"):
            return _HUNG, Answer.FAILED, False
        if "quick" in behaviour and self._rng.random() < behaviour.get("part", 1.0):
            return now + _QUICK, Answer(behaviour["quick"]), False
        failed = self._rng.random() < behaviour.get("fail", 0.0)
        answer = Answer.FAILED if failed else Answer.OK
        latency = max(0.001, self._rng.gauss(self._latency, self._spread))
        took = 0.001 if failed else latency * behaviour.get("times", 1.0) + behaviour.get("add", 0.0)
        if not self._free:
            return now + took, answer, not failed
        done = max(now, heapq.heappop(self._free)) + took
        heapq.heappush(self._free, done)
        return done, answer, not failed


class Antagonised(_Base):
    """A server that shares its machine: ``slots`` requests at a time, first come first served, at a speed
    that changes with what its neighbours leave it.

    Speed 1 is its allocation, which it always has; a machine is contended for a while, then has room
    for up to ``most`` times as much. Work is exponential with mean ``work`` seconds at speed 1.
    """

    def __init__(
        self,
        work: float,
        slots: int,
        rng: random.Random,
        contended: float = 0.3,
        most: float = 4.0,
        period: float = 5.0,
    ) -> None:
        super().__init__()
        self._free = [0.0] * slots
        self._work, self._rng, self._contended, self._most, self._period = work, rng, contended, most, period
        self._speed, self._until = 1.0, 0.0

    def arrive(self, now: float, client: int) -> tuple[float, Answer, bool]:
        self.flight += 1
        self.served += 1
        while self._until <= now:
            self._until += self._rng.expovariate(1 / self._period)
            contended = self._rng.random() < self._contended
            self._speed = 1.0 if contended else self._rng.uniform(1.5, self._most)
        begun = max(now, heapq.heappop(self._free))
        done = begun + self._rng.expovariate(1.0) * self._work / self._speed
        heapq.heappush(self._free, done)
        return done, Answer.OK, True
