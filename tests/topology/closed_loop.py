"""A closed loop to show that weights settle: sidecars, endpoints, reports and feedback that come late.

Sidecars choose as the real one does (``proxy.balancer``), endpoints are queues, and the real
engine weighs what the sidecars report. Everything happens in simulated time, seeded.
"""

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from proxy.contract.decisions.evidence import WeightChange
from proxy.contract.histogram import Histogram
from proxy.contract.model import Node, Stage
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Arm
from proxy.routing.balancer import Balancer
from topology.engine import Engine
from topology.model.samples import CallSample, Side
from topology.policy.models import Policy, ServicePolicy
from topology.settings import EngineSettings
from topology.xds.snapshot import Snapshot

REPORT = 0.5  # seconds
TICK = 0.25


@dataclass
class Endpoint:
    """A server with ``slots`` places; a request takes ``work`` seconds on average over ``speed``."""

    speed: float = 1.0
    slots: int = 4
    free: list[float] = field(default_factory=list)
    busy: float = 0.0

    def serve(self, now: float, work: float) -> float:
        """When a request that arrives now is done."""
        if not self.free:
            self.free = [0.0] * self.slots
        took = work / self.speed
        done = max(now, heapq.heappop(self.free)) + took
        heapq.heappush(self.free, done)
        self.busy += took
        return done


@dataclass(frozen=True)
class Sample:
    """One second of the loop: weights, requests by endpoint, 99 % latency in seconds."""

    time: float
    weights: tuple[float, ...]
    shares: tuple[float, ...]
    p99: float


class ClosedLoop:
    """``sidecars`` call ``endpoints`` at ``rate`` per second together; feedback arrives ``delay`` late."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        sidecars: int = 50,
        rate: float = 200.0,
        work: float = 0.05,
        delay: float = 1.0,
        seed: int = 1,
        weighted: bool = True,
    ) -> None:
        self.endpoints = list(endpoints)
        self._random = random.Random(seed)
        self._rate, self._work, self._delay, self._weighted = rate, work, delay, weighted
        self.now = 1000.0
        policy = Policy(services={ServiceId("b"): ServicePolicy(stage=Stage.ROUTE, percent=100)})
        self.engine = Engine(policy, EngineSettings(eject_share=0.0))
        for number in range(len(endpoints)):
            node = Node(ServiceId("b"), f"b{number}", self._address(number))
            self.engine.connect(f"b{number}", node, "10.0.0.1", 0.0)
        for number in range(sidecars):
            self.engine.connect(f"a{number}", Node(ServiceId("a"), f"a{number}"), "10.0.0.2", 0.0)
        self._balancers = [Balancer(self._random.random) for _ in range(sidecars)]
        self._counts: list[dict[int, Histogram]] = [{} for _ in range(sidecars)]
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0
        self.samples: list[Sample] = []
        self.changes: list[tuple[float, str, float, float]] = []
        self._served = [0] * len(endpoints)
        self._latency = Histogram()
        self._version = -1
        self._schedule(0.0, self._arrive)
        self._schedule(0.0, self._tick)
        self._schedule(1.0, self._look)
        for sidecar in range(sidecars):
            self._schedule(REPORT * self._random.random(), partial(self._report, sidecar))

    def run(self, seconds: float) -> None:
        """Live on."""
        end = self.now + seconds
        while self._events and self._events[0][0] <= end:
            self.now, _, event = heapq.heappop(self._events)
            event()
        self.now = end

    def utilisation(self, seconds: float) -> list[float]:
        """Busy share of every endpoint over the next seconds."""
        before = [endpoint.busy for endpoint in self.endpoints]
        self.run(seconds)
        return [
            (endpoint.busy - was) / (seconds * endpoint.slots)
            for endpoint, was in zip(self.endpoints, before, strict=True)
        ]

    def _schedule(self, after: float, event: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._events, (self.now + after, self._number, event))

    def _arrive(self) -> None:
        self._schedule(self._random.expovariate(self._rate), self._arrive)
        sidecar = self._random.randrange(len(self._balancers))
        candidate = self._balancers[sidecar].pick(self.now)
        if candidate is None:
            return
        number = int(candidate.endpoint.address.split(":")[0].rpartition(".")[2]) - 1
        begun, request = self.now, self._number
        candidate.begin(request, begun)
        work = self._work * self._random.lognormvariate(0, 0.3)
        self._served[number] += 1

        def done() -> None:
            candidate.end(request)
            latency = self.now - begun
            self._balancers[sidecar].observe(candidate, latency, False, self.now)
            self._counts[sidecar].setdefault(number, Histogram()).record(latency)
            self._latency.record(latency)

        self._schedule(self.endpoints[number].serve(begun, work) - begun, done)

    def _report(self, sidecar: int) -> None:
        self._schedule(REPORT, partial(self._report, sidecar))
        counts, self._counts[sidecar] = self._counts[sidecar], {}
        samples = [
            CallSample(Side.CLIENT, "a", "b", f"a{sidecar}", each, 0, self._address(number), Arm.ROUTED)
            for number, each in counts.items()
        ]
        self._schedule(self._delay / 2, lambda: self.engine.calls(samples, self.now))

    def _tick(self) -> None:
        self._schedule(TICK, self._tick)
        tick = self.engine.tick(self.now)
        for made in tick.decisions:
            if isinstance(made.evidence, WeightChange):
                before, after = made.evidence.before, made.evidence.after
                self.changes.append((self.now, made.endpoint, before, after))
        if tick.snapshot.version != self._version and (self._weighted or self._version < 0):
            self._version = tick.snapshot.version
            self._schedule(self._delay / 2, partial(self._apply, tick.snapshot))

    def _apply(self, snapshot: Snapshot) -> None:
        for balancer in self._balancers:
            balancer.update(snapshot.services[ServiceId("b")].endpoints)

    def _look(self) -> None:
        self._schedule(1.0, self._look)
        total = sum(self._served) or 1
        weights = tuple(view.weight for view in self.engine.live.endpoints(self.now, 1.0, "b"))
        shares = tuple(served / total for served in self._served)
        self.samples.append(Sample(self.now - 1000.0, weights, shares, self._latency.quantile(0.99) or 0.0))
        self._served, self._latency = [0] * len(self.endpoints), Histogram()

    @staticmethod
    def _address(number: int) -> str:
        return f"10.0.1.{number + 1}:80"
