"""The clock, the clients and the mesh of a simulation."""

import heapq
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from proxy.contract.histogram import Histogram
from proxy.contract.model import Endpoint, Node, Service, Stage
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Answer, Arm
from proxy.control.xds_client import neutral
from proxy.routing.balancer import Picker, Rng
from proxy.routing.candidate import Candidate
from tests.bench.feedback.pickers import RoundRobin
from tests.sim.servers import Server
from topology.engine import Engine
from topology.model.decisions import Decision
from topology.model.endpoints import ProbeResult
from topology.model.samples import CallSample, OpenSample, Side
from topology.policy.models import Policy, ServicePolicy
from topology.settings import EngineSettings

REPORT: Final = 0.5
TICK: Final = 0.25
LOOK: Final = 0.05  # how often the collector looks whether anything is urgent
SWEEP: Final = 0.1
EPOCH: Final = 1_000_000.0  # the engine's clock at the start
PROBE_PATIENCE: Final = 1.0
SERVICE: Final = "backend"

Outcome = tuple[float, float, bool, int, int]
"""When a request was sent, its latency, whether it failed, its server and its client."""


@dataclass(frozen=True)
class Fleet:
    """The mesh: ``delay`` seconds on each way, ``loss`` of reports, dead from ``dies`` on for good.

    Views expire ``expiry`` seconds after it died, as in a sidecar. ``hurry``: sidecars look for
    news at their sweep and report it out of turn, as the real ones do.
    """

    delay: float = 0.02
    hurry: bool = True
    tick: float = TICK
    settings: EngineSettings = field(default_factory=EngineSettings)
    loss: float = 0.0
    dies: float = float("inf")
    expiry: float = 15.0


@dataclass(frozen=True)
class Setup:
    """``rate`` requests a second from all clients together; one gives up after ``patience`` seconds.

    ``joins`` has the servers that come later, by number, with the second in which they do. The last
    ``envoys`` of the clients go round robin over what the mesh has not ejected, and report nothing.
    """

    clients: int
    rate: float
    seconds: float
    seed: int
    patience: float = 3.0
    fleet: Fleet | None = None
    joins: Mapping[int, float] = field(default_factory=dict)
    envoys: int = 0


@dataclass
class _Client:
    name: str
    picker: Picker
    calls: dict[tuple[str, Answer], Histogram] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    hurried: float = 0.0


class Simulation:
    """``make`` gives each client its picker; with ``setup.fleet`` the mesh speaks to them."""

    def __init__(
        self, setup: Setup, servers: Sequence[Server], make: Callable[["Simulation", Rng], Picker]
    ) -> None:
        self.now = 0.0
        self.outcomes: list[Outcome] = []
        self.decisions: list[Decision] = []
        self._setup = setup
        self.servers = {f"10.0.{n // 250}.{n % 250}:80": server for n, server in enumerate(servers)}
        self._index = {address: number for number, address in enumerate(self.servers)}
        self._rng = random.Random(setup.seed)
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._sequence = 0
        self._clients = [_Client(f"c{number}", self._picker(number, make)) for number in range(setup.clients)]
        self._present = [address for number, address in enumerate(self.servers) if number not in setup.joins]
        for client in self._clients:
            client.picker.update([Endpoint(address) for address in self._present])
        for number, when in setup.joins.items():
            self.at(when, self._join, list(self.servers)[number])
        self.at(self._rng.expovariate(setup.rate), self._request)
        if setup.fleet is not None:
            self._found(setup.fleet)

    def _picker(self, number: int, make: Callable[["Simulation", Rng], Picker]) -> Picker:
        rng = random.Random(f"{self._setup.seed}/{number}").random
        return RoundRobin(rng) if number >= self._setup.clients - self._setup.envoys else make(self, rng)

    def _join(self, address: str) -> None:
        self._present.append(address)
        if self._setup.fleet is not None:
            self._engine.set_policy(self._policy(), EPOCH + self.now)
        else:
            for client in self._clients:
                client.picker.update([Endpoint(address) for address in self._present])

    def _policy(self) -> Policy:
        policy = ServicePolicy(stage=Stage.ROUTE, percent=100, endpoints=tuple(self._present))
        return Policy(services={ServiceId(SERVICE): policy})

    def at(self, when: float, do: Callable[..., None], *given: Any) -> None:
        """Do something then."""
        self._sequence += 1
        heapq.heappush(self._events, (when, self._sequence, do, given))

    def run(self) -> list[Outcome]:
        """Until the end, and until what is under way then is over."""
        while self._events:
            self.now, _, do, given = heapq.heappop(self._events)
            do(*given)
        return self.outcomes

    def probe(self, picker: Any, address: str) -> None:
        """A probe of Prequal's: half a millisecond each way."""
        self.at(self.now + 0.0005, self._probed, picker, address)

    def _probed(self, picker: Any, address: str) -> None:
        self.at(self.now + 0.0005, self._heard, picker, address, *self.servers[address].says())

    def _heard(self, picker: Any, address: str, flight: int, latency: float) -> None:
        picker.answered(address, flight, latency, self.now)

    def _request(self) -> None:
        setup, number = self._setup, int(self._rng.random() * self._setup.clients)
        client = self._clients[number]
        candidate = client.picker.pick(self.now)
        if candidate is None:
            self.outcomes.append((self.now, 0.0, True, -1, number))
        else:
            address = candidate.endpoint.address
            done, answer, good = self.servers[address].arrive(self.now, number)
            ended = min(done, self.now + setup.patience)
            key = object()
            candidate.begin(key, self.now)
            self.at(
                ended, self._answered, client, number, candidate, key, self.now, answer, good, ended < done
            )
            if ended < done < float("inf"):
                self.at(done, self.servers[address].left, done - self.now)
        following = self.now + self._rng.expovariate(setup.rate)
        if following < setup.seconds:
            self.at(following, self._request)

    def _answered(
        self,
        client: _Client,
        number: int,
        candidate: Candidate,
        key: object,
        since: float,
        answer: Answer,
        good: bool,
        given_up: bool,
    ) -> None:
        latency, address = self.now - since, candidate.endpoint.address
        candidate.end(key)
        self.outcomes.append((since, latency, given_up or not good, self._index[address], number))
        if given_up:
            client.picker.give_up(candidate, latency, self.now)
        else:
            self.servers[address].left(latency)
            client.picker.observe(candidate, latency, answer is Answer.FAILED, self.now, answer)
        fleet = self._setup.fleet
        if fleet is not None:
            counted = Answer.FAILED if given_up else answer
            client.calls.setdefault((address, counted), Histogram()).record(latency)

    def _found(self, fleet: Fleet) -> None:
        """The mesh begins."""
        self._engine = Engine(self._policy(), fleet.settings)
        self._version = 0
        self._told: tuple[Endpoint, ...] = tuple(Endpoint(address) for address in self._present)
        for client in self._clients[: len(self._clients) - self._setup.envoys]:
            self._engine.connect(client.name, Node(ServiceId("client"), client.name), "10.0.0.2", EPOCH)
            self.at(self._rng.uniform(0, REPORT), self._report, client, fleet)
            if fleet.hurry:
                self.at(self._rng.uniform(0, SWEEP), self._sweep, client, fleet)
        self._due = fleet.tick
        self.at(LOOK, self._look, fleet)
        if fleet.dies < float("inf"):
            self.at(fleet.dies + fleet.expiry, self._expire)

    def _sweep(self, client: _Client, fleet: Fleet) -> None:
        if self.now >= client.hurried + REPORT and client.picker.news(self.now):
            client.hurried = self.now
            self._tell(client, fleet)
        if self.now + SWEEP < min(self._setup.seconds, fleet.dies):
            self.at(self.now + SWEEP, self._sweep, client, fleet)

    def _report(self, client: _Client, fleet: Fleet) -> None:
        self._tell(client, fleet)
        if self.now + REPORT < min(self._setup.seconds, fleet.dies):
            self.at(self.now + REPORT, self._report, client, fleet)

    def _tell(self, client: _Client, fleet: Fleet) -> None:
        calls, client.calls = client.calls, {}
        opens, told = [], set()
        for address, candidate in client.picker.candidates.items():
            avoided = candidate.avoided(self.now) if candidate.endpoint.healthy else None
            if candidate.open or avoided:
                told.add(address)
            if candidate.open or avoided or address in client.told:
                oldest = candidate.oldest(self.now)
                sample = OpenSample("client", SERVICE, address, client.name, candidate.open, oldest)
                opens.append(replace(sample, avoided=avoided, failures=candidate.trials.failures))
        client.told = told
        samples = [
            CallSample(
                Side.CLIENT,
                "client",
                SERVICE,
                client.name,
                taken,
                taken.count * (answer is Answer.FAILED),
                address,
                Arm.ROUTED,
                answer=answer,
            )
            for (address, answer), taken in calls.items()
        ]
        if self._rng.random() >= fleet.loss:
            self.at(self.now + fleet.delay, self._received, samples, opens)

    def _received(self, calls: list[CallSample], opens: list[OpenSample]) -> None:
        self._engine.calls(calls, EPOCH + self.now)
        self._engine.opens(opens, EPOCH + self.now)

    def _look(self, fleet: Fleet) -> None:
        if self.now >= self._due or self._engine.urgent:
            self._due = self.now + fleet.tick
            self._tick(fleet)
        if self.now + LOOK < min(self._setup.seconds, fleet.dies):
            self.at(self.now + LOOK, self._look, fleet)

    def _tick(self, fleet: Fleet) -> None:
        tick = self._engine.tick(EPOCH + self.now)
        self.decisions += tick.decisions
        for ask in tick.probes:
            done, answer, _ = self.servers[ask.endpoint].arrive(self.now, -1)
            took = min(done - self.now, PROBE_PATIENCE)
            ok = (
                took < PROBE_PATIENCE and answer is not Answer.FAILED
            )  # a 5xx is none, as for the collector's prober
            self.at(self.now + took, self._probe_over, ask.service, ask.endpoint, ok)
        if tick.snapshot.version != self._version:
            self._version = tick.snapshot.version
            self.at(self.now + fleet.delay, self._view, tick.snapshot.services[ServiceId(SERVICE)].endpoints)

    def _probe_over(self, service: str, endpoint: str, ok: bool) -> None:
        self.servers[endpoint].left(0.0)
        words = "it answered" if ok else "it failed, or no answer in time"
        self._engine.add_probes([ProbeResult(ServiceId(service), endpoint, ok, words)], EPOCH + self.now)

    def _view(self, endpoints: tuple[Endpoint, ...]) -> None:
        self._told = endpoints
        for client in self._clients:
            client.picker.update(endpoints)

    def _expire(self) -> None:
        view = neutral({ServiceId(SERVICE): Service(ServiceId(SERVICE), self._told)})
        self._view(view[ServiceId(SERVICE)].endpoints)
