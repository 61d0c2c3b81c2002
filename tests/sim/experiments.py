"""What is simulated. Each experiment gives rows of words and numbers for a table."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import Final

from proxy.routing.balancer import Balancer
from tests.bench.feedback.pickers import LeastLoaded, LeastRequest, LinkerdLike, PeakEwma, RoundRobin
from tests.bench.feedback.scenarios import ALL, Behaviour, Scenario
from tests.sim import verdicts
from tests.sim.core import Fleet, Outcome, Setup, Simulation
from tests.sim.play import ARMS, Make, play
from tests.sim.servers import Antagonised, Delay

# Of the published experiment: servers, median and spread of their latency, the faulty one's, and when.
_SERVERS, _LATENCY, _SPREAD, _SLOW, _FROM, _TO = 11, 0.167, 0.005, 2.0, 15.0, 45.0
PUBLISHED: Final[Mapping[str, tuple[Make, float]]] = {
    "round robin": (lambda sim, rng: RoundRobin(rng), 95.0),
    "least loaded": (lambda sim, rng: LeastLoaded(rng), 99.0),
    "least loaded of two": (lambda sim, rng: LeastRequest(rng), 99.0),
    "peak EWMA": (lambda sim, rng: PeakEwma(rng), 99.9),
    "linkerd-like": (lambda sim, rng: LinkerdLike(rng), 99.9),
    "ours": (lambda sim, rng: Balancer(rng), 99.9),
}
"""Who chooses, and the success in per cent that was published for it, or for the nearest there was."""


@dataclass(frozen=True)
class Published:
    """Success in per cent within 1 s over the whole minute, and latency quantiles in seconds."""

    success: float
    p99: float
    p999: float


def published(name: str, seed: int, rate: float = 1000.0, seconds: float = 60.0) -> Published:
    """Buoyant's "Beyond Round Robin" (2016): 11 servers of 167 ms, one takes 2 s from 15 s to 45 s.

    Where ``seconds`` is not 60 the fault is scaled along.
    """
    begin, end = _FROM * seconds / 60, _TO * seconds / 60

    def slow(now: float, client: int) -> Behaviour:
        return {"add": _SLOW - _LATENCY} if begin <= now < end else {}

    servers = [
        Delay(_LATENCY, _SPREAD, random.Random(f"{seed}/server {n}"), *((slow,) if n == 3 else ()))
        for n in range(_SERVERS)
    ]
    outcomes = Simulation(Setup(1, rate, seconds, seed), servers, PUBLISHED[name][0]).run()
    late = sum(latency > 1.0 for _, latency, *_ in outcomes)
    return Published(100 * (1 - late / len(outcomes)), _at(outcomes, 0.99), _at(outcomes, 0.999))


FLEET: Final = Scenario("fleet", clients=1000, rate=4000.0, warm=6.0, fault=12.0, after=1.0, slots=(0,) * 100)
FAULTS: Final[Mapping[str, tuple[Behaviour, int]]] = {
    "stall": ({"add": 2.0}, 1),
    "fast-fail": ({"fail": 1.0}, 1),
    "gray 20 %": ({"fail": 0.2}, 1),
    "30 of 100 fail": ({"fail": 1.0}, 30),
}
MESHES: Final[Mapping[str, Fleet]] = {
    "usual": Fleet(),
    "a report in five lost": Fleet(loss=0.2),
    "half a second late": Fleet(delay=0.5),
    "two seconds late": Fleet(delay=2.0),
    "dead 3 s into the fault": Fleet(dies=9.0),
}


def fleet(fault: str, arm: str, mesh: str, seed: int) -> tuple[int, int, float, int]:
    """Of 1,000 clients and 100 servers: bad requests in the fault, of how many, seconds from the first bad
    request to the last sidecar's knowing (-1: no ejection), and ejections of sound servers."""
    behaviour, number = FAULTS[fault]
    scenario = replace(FLEET, behaviour=behaviour, faulty=tuple(range(number)))
    result = play(arm, scenario, seed, MESHES[mesh])
    ejections = [each for each in result.decisions if each.kind == "eject"]
    known = min((each.time for each in ejections), default=-1.0)
    delay = result.since(known) + MESHES[mesh].delay if ejections else -1.0
    sound = {f"10.0.0.{index}:80" for index in range(number, 100)}
    return result.bad, len(result.within), delay, sum(each.endpoint in sound for each in ejections)


STEPS: Final = tuple(0.75 * 1.11**step for step in range(9))
"""Prequal's load steps, of the servers' allocation: 0.75 to about 1.74."""


def antagonists(
    arm: str, step: float, seed: int, seconds: float = 20.0, size: int = 100
) -> tuple[float, float, float]:
    """Prequal's testbed: as many clients as servers, neighbours that take and leave capacity.

    Gives p50 and p99.9 in seconds and the share over its deadline of 5 s. Work is 80 ms at the
    allocation, 4 slots a server; the first fifth is warm-up.
    """
    work, slots = 0.08, 4
    servers = [Antagonised(work, slots, random.Random(f"{seed}/server {n}")) for n in range(size)]
    make, meshed = ARMS[arm]
    rate = step * size * slots / work
    setup = Setup(size, rate, seconds, seed, patience=5.0, fleet=Fleet() if meshed else None)
    outcomes = [each for each in Simulation(setup, servers, make).run() if each[0] > seconds / 5]
    return _at(outcomes, 0.5), _at(outcomes, 0.999), sum(each[2] for each in outcomes) / len(outcomes)


def _at(outcomes: list[Outcome], quantile: float) -> float:
    ordered = sorted(latency for _, latency, *_ in outcomes)
    return ordered[int(quantile * len(ordered))]


def scenario(name: str, arm: str, seeds: int) -> list[str]:
    """One of the bench's scenarios: bad requests, success in per cent in the fault and 3 s after its begin,
    99 % latency in ms, most over mean use, ejections of sound servers. Medians, bad with its range."""
    played = ALL[name]
    runs = [play(arm, played, seed) for seed in range(1, seeds + 1)]
    good = {f"10.0.0.{index}:80" for index in played.bad}
    bad = sorted(run.bad for run in runs)
    false = sum(endpoint not in good for run in runs for endpoint in run.ejected())
    return [
        name,
        arm,
        f"{median(bad):g} ({bad[0]}-{bad[-1]})",
        f"{100 * median(run.success for run in runs):.3f}",
        f"{100 * median(run.success_after(3.0) for run in runs):.3f}",
        f"{1000 * median(run.latency(0.99) for run in runs):.0f}",
        f"{median(run.utilisation for run in runs):.3f}",
        str(false),
    ]


Table = Callable[[], Iterator[list[str]]]


def tables(seeds: int, scale: float) -> Mapping[str, tuple[list[str], Table]]:
    """Every experiment's heading and rows; ``scale`` below 1 shortens what can be."""
    share = ["arm", "published %", "success %", "p99 ms", "p99.9 ms"]
    faults = ["fault", "arm", "mesh", "bad", "of", "known after s", "false"]
    cases = ["scenario", "arm", "bad", "success %", "after 3 s %", "p99 ms", "max/mean", "false"]
    backs = ["scenario", "arm", "back after s", "bad"]
    loads = ["load", "arm", "p50 ms", "p99.9 ms", "over 5 s %"]
    return {
        "published": (share, partial(_published_rows, seeds)),
        "fleet": (faults, partial(_fleet_rows, seeds)),
        "scenarios": (cases, partial(_scenario_rows, seeds)),
        "verdicts": (backs, partial(verdicts.rows, seeds)),
        "antagonists": (loads, partial(_load_rows, seeds, scale)),
    }


def _published_rows(seeds: int) -> Iterator[list[str]]:
    for name, (_, said) in PUBLISHED.items():
        runs = [published(name, seed) for seed in range(1, seeds + 1)]
        shares = [run.success for run in runs]
        yield [
            name,
            f"{said:g}",
            f"{min(shares):.3f}-{max(shares):.3f}",
            f"{1000 * max(run.p99 for run in runs):.0f}",
            f"{1000 * max(run.p999 for run in runs):.0f}",
        ]


def _fleet_rows(seeds: int) -> Iterator[list[str]]:
    for fault in FAULTS:
        cases = [("peak-ewma", "usual"), ("linkerd-like", "usual"), ("ours-local", "usual")]
        for arm, mesh in cases + [("ours", mesh) for mesh in MESHES]:
            runs = [fleet(fault, arm, mesh, seed) for seed in range(1, seeds + 1)]
            yield [
                fault,
                arm,
                mesh if arm == "ours" else "",
                "/".join(str(run[0]) for run in runs),
                str(runs[0][1]),
                "/".join(f"{run[2]:.2f}" for run in runs) if arm == "ours" else "",
                str(sum(run[3] for run in runs)),
            ]


def _scenario_rows(seeds: int) -> Iterator[list[str]]:
    for name in ALL:
        for arm in (*ARMS, "ours-killed"):
            yield scenario(name, arm, seeds)


def _load_rows(seeds: int, scale: float) -> Iterator[list[str]]:
    for step in STEPS:
        for arm in ("round-robin", "least-request", "peak-ewma", "prequal-like", "ours-local", "ours"):
            runs = [antagonists(arm, step, seed, 20.0 * scale) for seed in range(1, seeds + 1)]
            yield [
                f"{step:.2f}",
                arm,
                f"{1000 * max(run[0] for run in runs):.0f}",
                f"{1000 * max(run[1] for run in runs):.0f}",
                f"{100 * max(run[2] for run in runs):.2f}",
            ]
