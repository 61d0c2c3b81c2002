"""What collectors tell each other through the store, and what of it is news. Pure.

Rows out (``Told``), rows in (``Heard``: members, ``Folds``: edges, ``Changes``: decisions). Each look
overlaps the one before, since rows of one moment need not appear at one moment; what was seen is known.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from collector.control.mesh_writer import ZERO_BUCKET
from proxy.contract.address import split_address
from proxy.contract.decisions.codec import loads
from proxy.contract.decisions.evidence import Ejection, StageChange
from proxy.contract.decisions.kinds import DecisionKind, StageOrigin
from proxy.contract.histogram import from_sparse
from proxy.contract.model import EndpointState
from proxy.contract.service_id import ServiceId
from topology.graph.span_pairing import USER
from topology.model import Decision, EdgeSample
from topology.registry.sources import Member

# Seconds between two tellings of everything, and after which a silent collector's members are dropped.
AGAIN: Final = 10.0
LOST: Final = 10.0
# Seconds of edges that one who joins takes in, and in which rows of one second appear.
CATCH_UP: Final = 60
_OVERLAP: Final = 2

Members = Mapping[ServiceId, tuple[Member, ...]]
Row = Sequence[Any]


class Told:
    """What this collector says of itself."""

    def __init__(self, collector: str, run: str) -> None:
        self._collector = collector
        self._run = run
        self._members: Members = {}
        self._all = float("-inf")

    def columns(self, members: Members, now: float) -> tuple[dict[str, list[Any]], Members]:
        """Rows of mesh_members to store now, and what to ``note`` once they are."""
        everything = now - self._all >= AGAIN
        changed = [
            name
            for name in sorted(members.keys() | self._members.keys())
            if everything or members.get(name) != self._members.get(name)
        ]
        services = [ServiceId(), *changed]
        found = [members.get(name, ()) for name in services]
        return {
            "Collector": [self._collector] * len(services),
            "Run": [self._run] * len(services),
            "Service": services,
            "Present": [name in members for name in services],
            "Address": [[each.address for each in group] for group in found],
            "State": [[each.state.value for each in group] for group in found],
            "App": [[_shared(each.app) for each in group] for group in found],
            "Instance": [[each.instance for each in group] for group in found],
            "Version": [[each.version for each in group] for group in found],
            "Zone": [[each.zone for each in group] for group in found],
        }, members

    def note(self, members: Members, now: float) -> None:
        """These are stored."""
        if now - self._all >= AGAIN:
            self._all = now
        self._members = members


def _shared(app: str) -> str:
    """An application on a loopback address is known by it to its own machine only."""
    return "" if app and split_address(app)[0] in ("127.0.0.1", "::1", "localhost") else app


@dataclass(slots=True)
class _Collector:
    quiet: float = 0.0  # seconds of looking without a sign of life
    newest: float = 0.0
    services: dict[ServiceId, tuple[Member, ...]] = field(default_factory=dict)


class Heard:
    """Members by collector, from rows of mesh_members in order of time."""

    def __init__(self, collector: str, run: str) -> None:
        self._collector = collector
        self._run = run
        self._others: dict[str, _Collector] = {}
        self.namesake = False
        """Whether another process stores under the name of this one."""

    @property
    def collectors(self) -> int:
        """How many others there are."""
        return len(self._others)

    def take(self, rows: Iterable[Row], looked: float) -> dict[str, Members]:
        """Whose members changed, and to what, ``looked`` seconds after the look before. A collector
        is lost by silence alone, and only while the store answers."""
        changed = set()
        for other in self._others.values():
            other.quiet += looked
        for time, collector, run, name, present, *columns in rows:
            service = ServiceId.parse(name)
            if collector == self._collector:
                self.namesake = self.namesake or run != self._run
                continue
            held = self._others.setdefault(collector, _Collector())
            if time > held.newest:
                held.quiet, held.newest = 0.0, time
            if not service:
                continue
            members = tuple(_member(service, *each) for each in zip(*columns, strict=True))
            if present and held.services.get(service) != members:
                held.services[service] = members
                changed.add(collector)
            elif not present and held.services.pop(service, None) is not None:
                changed.add(collector)
        lost = [name for name, held in self._others.items() if held.quiet >= LOST]
        for name in lost:
            del self._others[name]
        found: dict[str, Members] = {name: dict(self._others[name].services) for name in changed - set(lost)}
        return found | {name: {} for name in lost}


def _member(
    service: ServiceId, address: str, state: str, app: str, instance: str, version: str, zone: str
) -> Member:
    known = EndpointState(state) if state in list(EndpointState) else EndpointState.UNREADY
    return Member(service, address, known, app, instance, version, zone)


class Folds:
    """Edges of others, each second of each collector once."""

    def __init__(self) -> None:
        self._newest: dict[tuple[str, bool], int] = {}
        self._seen: dict[tuple[str, bool], dict[int, set[tuple[str, ...]]]] = {}

    def since(self, *, users: bool) -> dict[str, int]:
        """By collector the second after which rows may be new; users' calls are stored later."""
        return {name: at - _OVERLAP for (name, those), at in self._newest.items() if those is users}

    def take(self, rows: Iterable[Row]) -> dict[str, list[EdgeSample]]:
        """New samples by collector."""
        found: dict[str, list[EdgeSample]] = {}
        for second, source, target, protocol, endpoint, arm, collector, count, errors, total, *more in rows:
            buckets, encrypted, clear = more
            who = collector, source == USER
            seen = self._seen.setdefault(who, {}).setdefault(second, set())
            key = source, target, protocol, endpoint, arm
            if key in seen:
                continue
            seen.add(key)
            self._newest[who] = max(second, self._newest.get(who, second))
            counts = {index: number for index, number in buckets.items() if index != ZERO_BUCKET and number}
            histogram = from_sparse(counts, zero=buckets.get(ZERO_BUCKET, 0), total=total)
            sample = EdgeSample(second, *key, count, errors, histogram, encrypted, clear)
            found.setdefault(collector, []).append(sample)
        for who, seconds in self._seen.items():
            for second in [each for each in seconds if each < self._newest[who] - _OVERLAP]:
                del seconds[second]
        return found


@dataclass(frozen=True, slots=True)
class News:
    """Decisions to take over: changes of stages, and by collector ejections that stand."""

    stages: list[Decision]
    ejected: list[tuple[str, Decision]]


class Changes:
    """Decisions of others from rows of mesh_decisions in order of time, each once."""

    def __init__(self) -> None:
        self._seen: dict[tuple[Any, ...], float] = {}

    def take(self, rows: Iterable[Row], now: float) -> News:
        """What is new, and in force at ``now`` (epoch seconds)."""
        stages: list[Decision] = []
        last: dict[tuple[str, str, str], Decision] = {}
        for collector, milliseconds, kind, service, endpoint, reason, evidence in rows:
            key = collector, milliseconds, kind, service, endpoint
            if key in self._seen:
                continue
            self._seen[key] = now
            made = decision(milliseconds, kind, service, endpoint, reason, evidence)
            if kind == DecisionKind.STAGE:
                stages += [made] if is_stage(made) else []
            else:
                last[collector, service, endpoint] = made
        self._seen = {key: at for key, at in self._seen.items() if now - at < 2 * CATCH_UP}
        standing = [(who, made) for (who, *_), made in last.items() if _stands(made, now)]
        return News(stages, standing)


def _stands(made: Decision, now: float) -> bool:
    return isinstance(made.evidence, Ejection) and made.evidence.until > now


def decision(
    milliseconds: int, kind: str, service: str, endpoint: str, reason: str, evidence: str
) -> Decision:
    """Read a stored decision."""
    return Decision(milliseconds / 1000, ServiceId.parse(service), reason, loads(kind, evidence), endpoint)


def is_stage(made: Decision) -> bool:
    """True for a change of a stage by the API or the guard: mesh.yaml is each collector's own."""
    origins = (StageOrigin.API, StageOrigin.GUARD)
    return isinstance(made.evidence, StageChange) and made.evidence.origin in origins
