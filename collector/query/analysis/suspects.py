"""Suspects: how much of what callers suffer each service explains by itself. Pure.

Suffering is what the edges from the outermost callers carry: failed calls, and time. From there
it is followed down the graph. What a service received from its own callees (failed calls it
made, time it waited) is inherited and passed on to them in proportion; the rest is its own:
errors of its making, and server time less the time in the calls it made. A service that calls
in parallel or retries waits or fails more on its callees than its callers saw of it: then all
of it is inherited. Calls a queue delivers nobody waits for: they begin anew, at the queue.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from collector.query.mesh.live_or_stored import EdgeKey, EdgeTraffic
from proxy.contract.api.analysis import Part, Suffering, Suspect
from proxy.contract.traffic import Protocol
from topology.graph.cells import Cell

ERROR_COST: Final = 1.0  # seconds of waiting that a failed call weighs as much as
EXCESS_RATIO: Final = 1.1  # a mean latency below this times the usual is as usual
SHARE_MIN: Final = 0.01  # of the suffering; who explains less is not named
_ROUNDS: Final = 64  # hops followed; more only goes round in circles
_DELIVERED: Final = "\0delivered"  # keeps a queue's deliveries apart from what was put in

Weights = Mapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class Blame:
    """The part of what callers suffer that each service explains.

    By service: its ``own`` part of ``total``, the part ``inherited``, and the path that most came along, from
    the outermost caller.
    """

    total: float
    own: Mapping[str, float]
    inherited: Mapping[str, float]
    paths: Mapping[str, tuple[str, ...]]


def attributed(weights: Weights) -> Blame:
    """Follow the weight of the edges that nothing leads to down to where it is made."""
    callees: dict[str, dict[str, float]] = defaultdict(dict)
    taken: dict[str, float] = defaultdict(float)
    for (source, target), weight in weights.items():
        if weight > 0 and source != target:
            callees[source][target] = weight
            taken[target] += weight
    given = defaultdict(float, {source: sum(each.values()) for source, each in callees.items()})
    flows: dict[tuple[str, str], float] = defaultdict(float)
    mass: dict[str, float] = defaultdict(float)
    # Outermost callers only: an edge further in carries what was counted at the edge above it already.
    for source in sorted(given.keys() - taken.keys()):
        for target, weight in callees[source].items():
            flows[source, target] += weight
            mass[target] += weight
    total = sum(mass.values())
    own: dict[str, float] = defaultdict(float)
    inherited: dict[str, float] = defaultdict(float)
    # Breadth first, all services at once: a cycle keeps passing on less and less until the rounds end.
    for round_ in range(_ROUNDS):
        reached: dict[str, float] = defaultdict(float)
        for service, amount in mass.items():
            # The last round passes nothing on, so that the shares of all services add up to the total.
            passed = min(1.0, given[service] / taken[service]) if round_ < _ROUNDS - 1 else 0.0
            own[service] += amount * (1 - passed)
            inherited[service] += amount * passed
            for target, weight in callees.get(service, {}).items() if passed else ():
                flow = amount * passed * weight / given[service]
                flows[service, target] += flow
                reached[target] += flow
        mass = reached
    return Blame(total, own, inherited, _paths(flows))


def _paths(flows: Mapping[tuple[str, str], float]) -> dict[str, tuple[str, ...]]:
    """Return the path of the strongest flow to each service, from the outermost caller."""
    strongest: dict[str, tuple[float, str]] = {}
    for (source, target), flow in flows.items():
        strongest[target] = max(strongest.get(target, (0.0, "")), (flow, source))
    found = {}
    for service in strongest:
        path = [service]
        while path[-1] in strongest and strongest[path[-1]][1] not in path:
            path.append(strongest[path[-1]][1])
        found[service] = tuple(name.removesuffix(_DELIVERED) for name in reversed(path))
    return found


class Ranking(NamedTuple):
    """The suffering of callers, and the services that explain it, the most guilty first."""

    callers: Suffering
    basis: str
    services: list[Suspect]


def ranking(after: EdgeTraffic, before: EdgeTraffic | None, limit: int) -> Ranking:
    """Services by their share of the callers' suffering. Against the usual (``before``) only the
    time beyond it counts; with nothing to compare with, all time does."""
    usual = before.cells if before and before.cells else None
    errors = attributed(_weights(after.cells, _failed))
    time = attributed(_weights(after.cells, lambda key, cell: _waited(key, cell, usual)))
    suffered = errors.total * ERROR_COST + time.total
    found: list[Suspect] = []
    for service in sorted(errors.own.keys() | time.own.keys()):
        own = errors.own.get(service, 0.0) * ERROR_COST + time.own.get(service, 0.0)
        if own < SHARE_MIN * suffered or not own:
            continue
        by_errors = errors.own.get(service, 0.0) * ERROR_COST >= time.own.get(service, 0.0)
        found.append(
            {
                "service": service.removesuffix(_DELIVERED),
                "score": own / suffered,
                "errors": _part(errors, service, 1.0),
                "time": _part(time, service, 1000.0),
                "path": list((errors if by_errors else time).paths[service]),
            }
        )
    found.sort(key=lambda each: (-each["score"], each["service"]))
    return Ranking(
        {"errors": errors.total, "time": time.total * 1000},
        "excess" if usual is not None else "total",
        found[:limit],
    )


def _part(blame: Blame, service: str, scale: float) -> Part:
    own = blame.own.get(service, 0.0)
    return {
        "own": own * scale,
        "inherited": blame.inherited.get(service, 0.0) * scale,
        "share": own / blame.total if blame.total else 0.0,
    }


def _weights(
    cells: Mapping[EdgeKey, Cell], weigh: Callable[[EdgeKey, Cell], float]
) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = defaultdict(float)
    for key, cell in cells.items():
        source, target, protocol = key
        if protocol == Protocol.MESSAGING and "/" in source:
            # A messaging source with a slash is the queue itself: its deliveries begin a new chain, as no
            # caller waits for them.
            source += _DELIVERED
        found[source, target] += weigh(key, cell)
    return found


def _failed(key: EdgeKey, cell: Cell) -> float:
    return float(cell.errors)


def _waited(key: EdgeKey, cell: Cell, usual: Mapping[EdgeKey, Cell] | None) -> float:
    """Return the seconds that callers waited over this edge, beyond the usual where that is known."""
    histogram = cell.histogram
    known = usual.get(key) if usual is not None else None
    if not known or not known.histogram.count or not histogram.count:
        return histogram.sum
    expected = histogram.count * known.histogram.sum / known.histogram.count
    # Latency always varies a little: without the ratio, noise on busy edges would outweigh a real slowdown.
    return histogram.sum - expected if histogram.sum > EXCESS_RATIO * expected else 0.0
