"""Endpoints that look bad for a while and are not: slow at the start, one failure, a pause, a restart.

What counts is how soon they get their share again, and what is lost on the way.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from tests.bench.feedback.scenarios import Behaviour
from tests.sim.core import Fleet, Outcome, Setup, Simulation
from tests.sim.play import ARMS
from tests.sim.servers import Delay

_LATENCY: Final = 0.04
_SPREAD: Final = 0.002
_BEGIN: Final = 10.0
_STEADY: Final = 5  # seconds over which a share must be back


@dataclass(frozen=True)
class Verdict:
    """Server 0 shows ``behaviour`` from second 10 to ``until``; with ``joins`` it comes only then."""

    name: str
    behaviour: Behaviour
    until: float
    servers: int = 3
    clients: int = 4
    rate: float = 90.0
    seconds: float = 50.0
    joins: bool = False


_SLOW: Final[Behaviour] = {"add": 0.46}
_FAILS: Final[Behaviour] = {"fail": 1.0}
ALL: Final[Mapping[str, Verdict]] = {
    each.name: each
    for each in (
        Verdict("slow start", _SLOW, 20.0, joins=True),
        Verdict("slow start, 1 client", _SLOW, 20.0, clients=1, joins=True),
        Verdict("slow start, 1 request/s", _SLOW, 20.0, clients=1, rate=1.0, seconds=90.0, joins=True),
        Verdict("slow start, 1,000 requests/s", _SLOW, 20.0, rate=1000.0, seconds=35.0, joins=True),
        Verdict("scale out, 20 clients", _SLOW, 20.0, servers=11, clients=20, rate=440.0, joins=True),
        Verdict("cold cache of 40 requests", {"cold": 40}, _BEGIN + 40.0, joins=True),
        Verdict("one failure of two", {"once": True}, _BEGIN + 40.0, servers=2, clients=1, rate=36.0),
        Verdict("one failure of three", {"once": True}, _BEGIN + 40.0, clients=1, rate=36.0),
        Verdict("one failure, 1 request/s", {"once": True}, _BEGIN + 40.0, servers=2, clients=1, rate=1.0),
        Verdict("a pause of 1 s", {"pause": 1.0}, _BEGIN + 1.0, servers=2, clients=1),
        Verdict("down for 3 s", _FAILS, _BEGIN + 3.0, clients=1),
        Verdict("down for 3 s, 4 clients", _FAILS, _BEGIN + 3.0),
    )
}


@dataclass(frozen=True)
class Outcomes:
    """``back`` is the seconds from the end of what is wrong with server 0 until it has at least half of its
    share over five seconds, ``bad`` what failed or took over a second, ``shares`` its shares by second."""

    back: float
    bad: int
    shares: tuple[float, ...]


def judge(name: str, arm: str, seed: int) -> Outcomes:
    """Play one case and measure when server 0 is back."""
    case = ALL[name]
    state = {"failed": False}

    def behave(number: int, now: float, client: int) -> Behaviour:
        if number or not _BEGIN <= now < case.until:
            return {}
        if case.behaviour.get("once"):
            if state["failed"]:
                return {}
            state["failed"] = True
            return _FAILS
        if "cold" in case.behaviour:
            return _SLOW if servers[0].served <= case.behaviour["cold"] else {}
        if case.behaviour.get("pause"):
            return {"add": max(0.0, case.until - now)}
        return case.behaviour

    servers = [
        Delay(_LATENCY, _SPREAD, random.Random(f"{seed}/server {n}"), partial(behave, n))
        for n in range(case.servers)
    ]
    make, meshed = ARMS[arm]
    joins = {0: _BEGIN} if case.joins else {}
    mesh = Fleet() if meshed else None
    setup = Setup(case.clients, case.rate, case.seconds, seed, fleet=mesh, joins=joins)
    outcomes = Simulation(setup, servers, make).run()
    failed = [each[0] for each in outcomes if each[2]]
    over = failed[0] if "once" in case.behaviour else _BEGIN if "cold" in case.behaviour else case.until
    shares = _shares(outcomes, case)
    ends = range(int(over), int(case.seconds) - _STEADY)
    back = next((at for at in ends if sum(shares[at : at + _STEADY]) >= _STEADY / 2), case.seconds)
    bad = sum(each[2] or each[1] > 1.0 for each in outcomes)
    return Outcomes(max(0.0, back - over), bad, tuple(shares))


def starved(sidecars: int, seed: int) -> tuple[float, float]:
    """Return the share of an Envoy's requests that fail, in the first 5 s of a fault and after them.

    One of three servers fails everything; beside the Envoy there are ``sidecars`` of ours.
    """
    clients, begin, end = sidecars + 1, _BEGIN + 5.0, 40.0
    servers = [
        Delay(_LATENCY, _SPREAD, random.Random(f"{seed}/server {n}"), partial(_failing, n)) for n in range(3)
    ]
    setup = Setup(clients, 30.0 * clients, end, seed, fleet=Fleet(), envoys=1)
    outcomes = Simulation(setup, servers, ARMS["ours"][0]).run()
    envoys = [each for each in outcomes if each[4] == sidecars and each[0] >= _BEGIN]
    first, after = (
        [failed for sent, _, failed, *_ in envoys if (sent < begin) is early] for early in (True, False)
    )
    return sum(first) / len(first), sum(after) / len(after)


def _failing(number: int, now: float, client: int) -> Behaviour:
    return _FAILS if number == 0 and now >= _BEGIN else {}


def _shares(outcomes: list[Outcome], case: Verdict) -> list[float]:
    """Return by second how much of its fair share server 0 got."""
    total, own = [0] * int(case.seconds), [0] * int(case.seconds)
    for sent, _, _, server, _ in outcomes:
        total[int(sent)] += 1
        own[int(sent)] += server == 0
    return [case.servers * mine / all_ if all_ else 0.0 for mine, all_ in zip(own, total, strict=True)]


def rows(seeds: int) -> Iterator[list[str]]:
    """Return the table's rows: by case and arm, seconds until server 0 is back, and bad requests."""
    for name in ALL:
        for arm in ("peak-ewma", "linkerd-like", "ours-local", "ours"):
            runs = [judge(name, arm, seed) for seed in range(1, seeds + 1)]
            back, bad = [run.back for run in runs], [run.bad for run in runs]
            yield [name, arm, f"{max(back):.0f}", f"{min(bad)}-{max(bad)}"]
