"""The bench's scenarios in simulated time: the same arms, the same faults, no machine in the way."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from proxy.routing.balancer import Balancer, Picker, Rng
from tests.bench.feedback.pickers import LeastRequest, LinkerdLike, PeakEwma, PrequalLike, RoundRobin
from tests.bench.feedback.scenarios import SLA, SPREAD, Behaviour, Scenario
from tests.sim.core import EPOCH, Fleet, Outcome, Setup, Simulation
from tests.sim.servers import Delay, Server
from topology.model.decisions import Decision

Make = Callable[[Simulation, Rng], Picker]

ARMS: Final[Mapping[str, tuple[Make, bool]]] = {
    "round-robin": (lambda sim, rng: RoundRobin(rng), False),
    "least-request": (lambda sim, rng: LeastRequest(rng), False),
    "peak-ewma": (lambda sim, rng: PeakEwma(rng), False),
    "linkerd-like": (lambda sim, rng: LinkerdLike(rng), False),
    "prequal-like": (lambda sim, rng: PrequalLike(rng, sim.probe), False),
    "ours": (lambda sim, rng: Balancer(rng), True),
    "ours-local": (lambda sim, rng: Balancer(rng), False),
    "ours-fleet": (lambda sim, rng: LeastRequest(rng), True),
}
"""Who chooses, and whether the mesh has a say. ``ours-killed`` is ours whose mesh dies 3 s into the fault."""


@dataclass(frozen=True)
class Result:
    """What came of a run. ``bad`` failed or took longer than the SLA; the fault's window unless said."""

    outcomes: list[Outcome]
    within: list[Outcome]
    decisions: list[Decision]
    utilisation: float  # most over mean of what a server can

    @property
    def bad(self) -> int:
        return sum(map(is_bad, self.within))

    @property
    def success(self) -> float:
        return 1 - self.bad / max(1, len(self.within))

    def success_after(self, seconds: float) -> float:
        """Success once the fault has lasted so long."""
        begin = self.within[0][0] + seconds if self.within else 0.0
        late = [each for each in self.within if each[0] >= begin]
        return 1 - sum(map(is_bad, late)) / max(1, len(late))

    def latency(self, quantile: float) -> float:
        ordered = sorted(each[1] for each in self.within)
        return ordered[min(len(ordered) - 1, int(quantile * len(ordered)))]

    def since(self, moment: float) -> float:
        """Seconds from the first bad request of the fault to a moment of the mesh's clock."""
        return moment - EPOCH - next((each[0] for each in sorted(self.within) if is_bad(each)), 0.0)

    def ejected(self, kind: str = "eject") -> list[str]:
        return [each.endpoint for each in self.decisions if each.kind == kind]


def is_bad(outcome: Outcome) -> bool:
    return outcome[2] or outcome[1] > SLA


def play(arm: str, scenario: Scenario, seed: int, fleet: Fleet | None = None) -> Result:
    """One arm in one scenario; ``fleet`` replaces the usual mesh of the arms that have one."""
    killed = arm == "ours-killed"
    make, meshed = ARMS["ours" if killed else arm]
    mesh = fleet or Fleet(dies=scenario.warm + 3.0 if killed else float("inf"))
    servers = [_server(scenario, index, seed) for index in range(len(scenario.slots))]
    setup = Setup(scenario.clients, scenario.rate, scenario.seconds, seed, fleet=mesh if meshed else None)
    simulation = Simulation(setup, servers, make)
    outcomes = simulation.run()
    end = scenario.warm + scenario.fault
    within = [each for each in outcomes if scenario.warm <= each[0] < end]
    capacity = [slots or 1 for slots in scenario.slots]
    counts = [0] * len(capacity)
    for each in within:
        counts[each[3]] += 1
    used = [count / most for count, most in zip(counts, capacity, strict=True)]
    spread = max(used) / (sum(counts) / sum(capacity))
    return Result(outcomes, within, simulation.decisions, spread)


def _server(scenario: Scenario, index: int, seed: int) -> Server:
    changes = [(at, behaviour) for at, which, behaviour in scenario.plan(0.0) if which == index]
    behaviour = partial(_behaviour, changes, scenario if index in scenario.faulty else None)
    rng = random.Random(f"{seed}/server {index}")
    return Delay(scenario.latency, SPREAD, rng, behaviour, scenario.slots[index])


def _behaviour(
    changes: list[tuple[float, Behaviour]], sick: Scenario | None, now: float, client: int
) -> Behaviour:
    if sick is not None and sick.sick:
        return sick.behaviour if str(client) == sick.sick else {}
    found: Behaviour = {}
    for at, behaviour in changes:
        if at <= now:
            found = behaviour
    return found
