"""A simulated fleet around a real engine: reporters, endpoints and what is wrong with them."""

import random
from collections.abc import Callable

from proxy.contract.histogram import Histogram
from proxy.contract.model import EndpointState, Node
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Arm
from topology.engine import Engine
from topology.model.decisions import Decision
from topology.model.endpoints import EndpointView, ProbeRequest
from topology.model.samples import CallSample, EdgeSample, OpenSample, Side
from topology.policy.models import Policy
from topology.settings import EngineSettings

# (reporter, endpoint, time) -> latency in seconds and whether the call failed; None: never answered.
Behaviour = Callable[[int, int, float], tuple[float, bool] | None]


def fine(reporter: int, endpoint: int, now: float) -> tuple[float, bool] | None:
    """Everything in order."""
    return 0.02, False


def histogram(*values: float) -> Histogram:
    found = Histogram()
    for value in values:
        found.record(value)
    return found


class Fleet:
    """``reporters`` sidecars of service a call the ``endpoints`` of service b evenly.

    With ``truthful`` the endpoints' own sidecars report as well, whatever the callers say: what
    ``truth`` (by default the behaviour itself) makes of the same calls. From number ``streams`` on,
    reporters hold no stream to the mesh.
    """

    def __init__(
        self,
        endpoints: int,
        reporters: int,
        per_report: float = 1.0,
        seed: int = 1,
        settings: EngineSettings | None = None,
        truth: Behaviour | None = None,
        truthful: bool = True,
        streams: int = 1000,
    ) -> None:
        self.engine = Engine(Policy(), settings or EngineSettings())
        self.truth, self.truthful = truth, truthful
        self.arm = Arm.ROUTED
        self.probes: list[ProbeRequest] = []
        self.now = 1000.0
        self.endpoints, self.reporters = endpoints, reporters
        self._per_report = per_report  # calls of one reporter to one endpoint in half a second
        self._random = random.Random(seed)
        self._stuck: dict[tuple[int, int], float] = {}
        self._step = 0
        self.decisions: list[Decision] = []
        self.edges: list[EdgeSample] = []  # what was to be stored
        for number in range(endpoints):
            node = Node(ServiceId("b"), f"b{number}", address(number))
            self.engine.connect(f"b{number}", node, "10.0.0.1", self.now)
        for number in range(min(reporters, streams)):
            self.engine.connect(f"a{number}", Node(ServiceId("a"), f"a{number}"), "10.0.0.2", self.now)

    def run(self, seconds: float, behaviour: Behaviour = fine) -> list[Decision]:
        """Live on: reports every half second at each reporter's own phase, a tick every quarter."""
        made: list[Decision] = []
        for _ in range(round(seconds * 4)):
            self.now += 0.25
            self._step += 1
            for reporter in range(self.reporters):
                if (self._step + reporter) % 2 == 0:
                    self.report(reporter, behaviour)
            tick = self.engine.tick(self.now)
            made += tick.decisions
            self.probes += tick.probes
            self.edges += tick.edges
        self.decisions += made
        return made

    def report(self, reporter: int, behaviour: Behaviour) -> None:
        """One reporter says what it measured."""
        for endpoint in range(self.endpoints):
            number = int(self._per_report + self._random.random())
            if self.truthful:
                self.serve(endpoint, reporter, number, self.truth or behaviour)
            good, bad = Histogram(), Histogram()
            for _ in range(number):
                outcome = behaviour(reporter, endpoint, self.now)
                if outcome is None:
                    self._stuck.setdefault((reporter, endpoint), self.now - 0.25)
                else:
                    self._stuck.pop((reporter, endpoint), None)
                    spread = self._random.lognormvariate(0, 0.2)
                    (bad if outcome[1] else good).record(outcome[0] * spread)
            for part, errors in ((good, 0), (bad, bad.count)):
                place = address(endpoint)
                sample = CallSample(Side.CLIENT, "a", "b", f"a{reporter}", part, errors, place, self.arm)
                self.engine.calls([sample], self.now)
            since = self._stuck.get((reporter, endpoint))
            age = self.now - since if since is not None else 0.0
            self.engine.opens(
                [OpenSample("a", "b", address(endpoint), f"a{reporter}", 3 if age else 0, age)], self.now
            )

    def serve(self, endpoint: int, reporter: int, number: int, behaviour: Behaviour) -> None:
        """The endpoint's own sidecar says what it counted of these calls."""
        good, bad = Histogram(), Histogram()
        for _ in range(number):
            outcome = behaviour(reporter, endpoint, self.now)
            if outcome is not None:
                (bad if outcome[1] else good).record(outcome[0])
        for part, errors in ((good, 0), (bad, bad.count)):
            self.engine.calls([CallSample(Side.SERVER, "a", "b", f"b{endpoint}", part, errors)], self.now)

    def view(self) -> list[EndpointView]:
        return list(self.engine.live.endpoints(self.now, 10.0, "b"))

    def ejected(self) -> set[str]:
        return {view.address for view in self.view() if view.state is EndpointState.EJECTED}


def address(number: int) -> str:
    return f"10.0.1.{number + 1}:80"


def kinds(decisions: list[Decision], *wanted: str) -> list[tuple[str, str]]:
    return [(made.kind, made.endpoint) for made in decisions if made.kind in wanted]
