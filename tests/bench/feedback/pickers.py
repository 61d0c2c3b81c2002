"""The balancers of other meshes as pickers of our sidecar: all else is the same. Pure.

Re-implementations from public descriptions; sources stand with each. All skip endpoints the view
calls unhealthy, and least request divides by its weights; the arms' view has neither, but for the
one that shows what the fleet alone is worth.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable
from math import exp
from typing import Final

from proxy.contract.model import Endpoint
from proxy.contract.traffic import Answer
from proxy.routing.balancer import Rng
from proxy.routing.candidate import Candidate
from proxy.routing.rolling_window import RollingWindow

_DEFAULT_RTT: Final = 0.03
_DECAY: Final = 10.0


class Arm:
    """The endpoints, which all of them share. ``choose`` picks among the usable ones, at least two."""

    make: Callable[[Endpoint], Candidate] = Candidate

    def __init__(self, rng: Rng) -> None:
        self.rng = rng
        self.candidates: dict[str, Candidate] = {}
        self.pool: list[Candidate] = []
        self._turn = int(rng() * 1_000_000)

    def update(self, endpoints: Iterable[Endpoint]) -> None:
        fresh: dict[str, Candidate] = {}
        for endpoint in endpoints:
            candidate = self.candidates.get(endpoint.address) or self.make(endpoint)
            candidate.endpoint = endpoint
            fresh[endpoint.address] = candidate
        self.candidates = fresh
        present = [c for c in fresh.values() if not c.endpoint.draining]
        self.pool = [c for c in present if c.endpoint.healthy] or present

    def pick(self, now: float, avoid: Collection[Candidate] = ()) -> Candidate | None:
        pool = [c for c in self.pool if c not in avoid] if avoid else self.pool
        if len(pool) < 2:
            return pool[0] if pool else None
        return self.choose(pool, now)

    def choose(self, pool: list[Candidate], now: float) -> Candidate:
        raise NotImplementedError

    def turn(self) -> Candidate | None:
        if not self.pool:
            return None
        self._turn = (self._turn + 1) % len(self.pool)
        return self.pool[self._turn]

    def observe(
        self,
        candidate: Candidate,
        latency: float,
        failed: bool,
        now: float,
        answer: Answer | None = None,
        retry_after: float = 0.0,
    ) -> None:
        self.learn(candidate, latency, failed or answer is Answer.SHED, now, retry_after)

    def learn(
        self, candidate: Candidate, latency: float, failed: bool, now: float, retry_after: float
    ) -> None:
        """Take an outcome; an answer that asks for less load counts as failed."""
        candidate.sample(latency, now)

    def give_up(self, candidate: Candidate, latency: float, now: float) -> None:
        candidate.sample(latency, now)

    def news(self, now: float) -> bool:
        return False  # what hurries the fleet is ours

    def two(self, pool: list[Candidate]) -> tuple[Candidate, Candidate]:
        """Return two different ones at random."""
        first = int(self.rng() * len(pool))
        second = int(self.rng() * (len(pool) - 1))
        return pool[first], pool[second + (second >= first)]


class RoundRobin(Arm):
    """One after the other, from a random start."""

    def choose(self, pool: list[Candidate], now: float) -> Candidate:
        self._turn = (self._turn + 1) % len(pool)
        return pool[self._turn]


class LeastRequest(Arm):
    """Power of two choices by open requests (Envoy's LEAST_REQUEST with equal weights), over the weight."""

    def choose(self, pool: list[Candidate], now: float) -> Candidate:
        one, other = self.two(pool)
        better = (one.open + 1) * other.endpoint.weight <= (other.open + 1) * one.endpoint.weight
        return one if better else other


class LeastLoaded(Arm):
    """The fewest open requests of all (Finagle's heap), ties by chance."""

    def choose(self, pool: list[Candidate], now: float) -> Candidate:
        start = int(self.rng() * len(pool))
        return min(pool[start:] + pool[:start], key=lambda candidate: candidate.open)


class _Peak(Candidate):
    """Takes every latency into its peak EWMA, also that of a request the client gave up."""

    __slots__ = ("cost", "stamp")

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self.cost, self.stamp = _DEFAULT_RTT, 0.0

    def sample(self, latency: float, now: float) -> None:
        super().sample(latency, now)
        share = exp((self.stamp - now) / _DECAY)
        self.cost = latency if latency >= self.cost else self.cost * share + latency * (1 - share)
        self.stamp = now

    def load(self, now: float, usual: float = 0.0) -> float:
        return self.cost * exp((self.stamp - now) / _DECAY) * (self.open + 1)


class PeakEwma(Arm):
    """Finagle's and Tower's: two choices by ``(open + 1) x peak EWMA``, 30 ms and 10 s as Linkerd's."""

    make = _Peak

    def choose(self, pool: list[Candidate], now: float) -> Candidate:
        one, other = self.two(pool)
        return one if one.load(now) <= other.load(now) else other


class _Unified:
    """One endpoint's breaker: success below 0.8 of at least 5 in 10 s, or 7 failures in a row."""

    def __init__(self) -> None:
        self.recent = RollingWindow()
        self.row = 0
        self.backoff = 0.0
        self.until = 0.0  # 0: closed

    def observe(self, failed: bool, share: float, now: float) -> None:
        if self.until:
            if not failed:
                self.__init__()  # type: ignore[misc]
            elif now >= self.until:
                self._open(share, now)
            return
        self.recent.add(now)
        self.row = self.row + 1 if failed else 0
        if failed:
            self.recent.mark(now)
        poor = self.recent.total >= 5 and self.recent.marked > 0.2 * self.recent.total
        if self.row >= 7 or poor:
            self._open(share, now)

    def _open(self, share: float, now: float) -> None:
        self.backoff = min(60.0, 2 * self.backoff or 1.0)
        self.until = now + self.backoff * (1 + 0.5 * share)


class LinkerdLike(PeakEwma):
    """Linkerd 2.20, opted in: peak EWMA in which a failure is a round trip of 5 s (load biaser), and the
    unified breaker, 1 to 60 s with one real request as probe. Where all are open all are used.

    An answer that asks for less load is a failure there too (linkerd2#15374), as long as Retry-After says.
    """

    def __init__(self, rng: Rng) -> None:
        super().__init__(rng)
        self._breakers: dict[str, _Unified] = {}
        self._probed: dict[str, float] = {}

    def pick(self, now: float, avoid: Collection[Candidate] = ()) -> Candidate | None:
        shut = [a for a, breaker in self._breakers.items() if breaker.until]
        for address in shut:
            candidate = self.candidates.get(address)
            due = now >= self._breakers[address].until and now - self._probed.get(address, -9.0) > 5.0
            if due and candidate is not None and candidate not in avoid:
                self._probed[address] = now
                return candidate
        closed = [c for c in self.pool if c.endpoint.address not in shut and c not in avoid] if shut else []
        if len(closed) > 1:
            return self.choose(closed, now)
        return closed[0] if closed else super().pick(now, avoid)

    def learn(
        self, candidate: Candidate, latency: float, failed: bool, now: float, retry_after: float
    ) -> None:
        penalty = min(retry_after, 300.0) or 5.0
        candidate.sample(max(latency, penalty) if failed else latency, now)
        breaker = self._breakers.setdefault(candidate.endpoint.address, _Unified())
        breaker.observe(failed, self.rng(), now)
        if not breaker.until:
            self._probed.pop(candidate.endpoint.address, None)


class _Probe:
    __slots__ = ("at", "candidate", "latency", "rif", "uses")

    def __init__(self, candidate: Candidate, rif: int, latency: float, at: float, uses: float) -> None:
        self.candidate, self.rif, self.latency, self.at, self.uses = candidate, rif, latency, at, uses


class PrequalLike(Arm):
    """Prequal (NSDI 2024) with its published parameters, pool of 6 because there may be few endpoints.

    ``ask`` sends a probe for an address, its answer comes through ``answered``. Endpoints cooperate:
    they tell requests in flight and the median latency at about that number. The paper does not say
    what errors do: here a failure, or an answer that asks for less load, counts as a latency of 5 s in that
    endpoint's probes for 10 s.
    """

    POOL: Final = 6
    HOT: Final = 0.84
    PROBES: Final = 3
    AGE: Final = 1.0

    def __init__(self, rng: Rng, ask: Callable[["PrequalLike", str], None]) -> None:
        super().__init__(rng)
        self._ask = ask
        self._probes: list[_Probe] = []
        self._seen: deque[int] = deque(maxlen=64)
        self._failed: dict[str, float] = {}
        self._oldest = False

    def answered(self, address: str, rif: int, latency: float, now: float) -> None:
        """Take what an endpoint said of itself: requests in flight, latency in seconds."""
        candidate = self.candidates.get(address)
        if candidate is None:
            return
        if now - self._failed.get(address, -1e9) < _DECAY:
            latency = max(latency, 5.0)
        spare = (1 - self.POOL / max(len(self.pool), self.POOL + 1)) * self.PROBES - 1
        reuse = max(1.0, 2 / spare) if spare > 0 else 1.0
        self._seen.append(rif)
        if len(self._probes) >= self.POOL:
            self._probes.remove(min(self._probes, key=lambda probe: probe.at))
        self._probes.append(_Probe(candidate, rif, latency, now, reuse))

    def pick(self, now: float, avoid: Collection[Candidate] = ()) -> Candidate | None:
        for candidate in self._some(self.PROBES):
            self._ask(self, candidate.endpoint.address)
        return super().pick(now, avoid)

    def choose(self, pool: list[Candidate], now: float) -> Candidate:
        self._probes = [p for p in self._probes if now - p.at <= self.AGE and p.candidate in pool]
        if len(self._probes) < 2:
            return pool[int(self.rng() * len(pool))]
        ordered = sorted(self._seen)
        limit = ordered[int(self.HOT * (len(ordered) - 1))]
        cold = [probe for probe in self._probes if probe.rif <= limit]
        best = min(cold, key=lambda p: p.latency) if cold else min(self._probes, key=lambda p: p.rif)
        best.rif += 1
        best.uses -= 1
        if best.uses < 1:
            self._probes.remove(best)
        self._remove(limit)
        return best.candidate

    def learn(
        self, candidate: Candidate, latency: float, failed: bool, now: float, retry_after: float
    ) -> None:
        candidate.sample(latency, now)
        if failed:
            self._failed[candidate.endpoint.address] = now
            for probe in self._probes:
                if probe.candidate is candidate:
                    probe.latency = max(probe.latency, 5.0)

    def _remove(self, limit: int) -> None:
        """Remove one for each query: the oldest and the worst in turns."""
        self._oldest = not self._oldest
        if len(self._probes) < 3:
            return
        if self._oldest:
            self._probes.remove(min(self._probes, key=lambda probe: probe.at))
            return
        hot = [probe for probe in self._probes if probe.rif > limit]
        worst = max(hot, key=lambda p: p.rif) if hot else max(self._probes, key=lambda p: p.latency)
        self._probes.remove(worst)

    def _some(self, count: int) -> Iterable[Candidate]:
        pool = self.pool
        start, step = int(self.rng() * len(pool)), 1 + int(self.rng() * max(1, len(pool) - 1))
        # In order: a set's order is that of addresses in memory, and one seed would give many results.
        return dict.fromkeys(pool[(start + step * at) % len(pool)] for at in range(min(count, len(pool))))
