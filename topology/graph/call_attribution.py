"""Which measurement counts as which edge, so that every call is counted once.

- A sidecar's client measurement is the edge. The server's measurement of the same edge is
  dropped, unless nothing was heard from the source's sidecar for a while.
- A server measurement without a caller is ``user -> service``. When a span then proves that
  the caller was a service without a sidecar, the call moves to that edge (``Edge.recount``).
  When the caller had a sidecar that did not yet know the mesh, the call just goes (``Measured``).
- A ``host:port`` outside the mesh becomes a service once one answered there.
- Opaque TCP names no caller: see ``Connections``.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from proxy.contract.histogram import Histogram
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Arm, Protocol
from topology.graph import span_peers
from topology.graph.connections import Connections, Open
from topology.graph.span_pairing import USER, Alias, Measured, Pairing
from topology.graph.span_peers import Edge
from topology.graph.window import Cell, Key, Window
from topology.model.graph import Kind
from topology.model.samples import CallSample, ConnectionSample, EdgeSample, Side, SpanFact
from topology.registry.registry import Registry

# How long a server's measurement waits to see whether its caller measures too.
SECOND_OPINION: Final = 2.0
# A sidecar that measured within this many seconds is measuring.
REPORTING: Final = 10.0
_NAMES: Final = 10_000
_FOR_EVER: Final = 1 << 62
_STANDING_MAX: Final = 60  # seconds at most that one look at what stands is good for


class Intake:
    """Feeds the window. ``hold`` is how many seconds calls of unknown users can still move."""

    def __init__(self, window: Window, pairing: Pairing, registry: Registry, hold: float) -> None:
        self._window = window
        self._pairing = pairing
        self._registry = registry
        self._hold = int(hold) + 2
        self._aliases: dict[str, str] = {}
        self._kinds: dict[str, Kind] = {}
        self._measuring: dict[str, float] = {}
        self._waiting: deque[tuple[float, CallSample]] = deque()
        self._connections = Connections()
        self._owed: dict[str, int] = {}  # calls that moved before the user's count of them came
        self._stored = 0
        self._stored_users = 0

    def call(self, sample: CallSample, now: float) -> None:
        """Count finished calls."""
        if sample.protocol == Protocol.TCP:
            self._tcp(sample, now)
        elif sample.side is Side.CLIENT:
            self._measuring[sample.source] = now
            key = Key(sample.source, sample.target, Protocol.HTTP, sample.endpoint, sample.arm)
            self._window.add(key, sample.histogram, sample.errors, now, sample.encrypted)
        elif not sample.source:
            self._count_user(sample, now)
        elif not self._measured(sample.source, now):
            self._waiting.append((now + SECOND_OPINION, sample))

    def merge_remote(self, sample: EdgeSample) -> None:
        """Count what another collector counted, and stored, in the second it did."""
        ends = (sample.source, sample.target, False), (sample.target, sample.source, True)
        for name, other, called in ends:
            kind = span_peers.kind_of(name, sample.protocol, called, other)
            if kind is not Kind.SERVICE and name != USER and len(self._kinds) < _NAMES:
                self._kinds.setdefault(name, kind)
        key = Key(sample.source, sample.target, sample.protocol, sample.endpoint, sample.arm, remote=True)
        cell = Cell(sample.histogram, sample.errors, encrypted=sample.encrypted, clear=sample.clear)
        self._window.merge(key, cell, sample.second)

    def connections(self, sample: ConnectionSample, now: float) -> None:
        """Note opaque connections that stand, and what went over them."""
        server = sample.side is Side.SERVER
        if server:
            sample = replace(sample, endpoint=self._served_at(sample))
        elif len(self._kinds) < _NAMES and span_peers.outside(sample.target):
            self._kinds.setdefault(sample.target, span_peers.kind_at(sample.target))
        if self._connections.stand(sample, now) and (sample.sent or sample.received):
            key = Key(USER if server else sample.source, sample.target, Protocol.TCP, sample.endpoint)
            self._window.moved(key, sample.sent, sample.received, now)

    def open(self, now: float) -> dict[tuple[str, str], Open]:
        """Opaque connections that stand, by source and target."""
        return self._connections.open(now)

    def span(self, fact: SpanFact, now: float) -> None:
        """Count what a span proves."""
        for found in self._pairing.add(fact, now):
            if isinstance(found, Alias):
                if len(self._aliases) < _NAMES:
                    self._aliases[found.address] = found.service
            elif isinstance(found, Measured):
                self._recount(found.target, found.duration, found.failed, now)
            else:
                self._edge(found, now)

    def advance(self, now: float) -> None:
        """Settle what has waited long enough."""
        for edge in self._pairing.expire(now):
            if not self._measured(edge.source, now):
                self._edge(edge, now)
        while self._waiting and self._waiting[0][0] <= now:
            _, sample = self._waiting.popleft()
            if not self._measured(sample.source, now):
                key = Key(sample.source, sample.target, Protocol.HTTP, self._endpoint(sample))
                self._window.add(key, sample.histogram, sample.errors, now, sample.encrypted)
        for sample in self._connections.settle(now):
            key = Key(sample.source, sample.target, Protocol.TCP, sample.endpoint)
            self._window.add(key, sample.histogram, sample.errors, now, sample.encrypted)
        self._window.expire(now)

    def closed(self, now: float) -> Iterator[EdgeSample]:
        """Seconds that are over and not yet stored. Users' calls come later: they may still move."""
        end = int(now)
        yield from self._standing(now, end)
        yield from self._store(end, end - self._hold)

    def flush(self) -> Iterator[EdgeSample]:
        """Everything not yet stored; nothing may be added afterwards."""
        yield from self._store(_FOR_EVER, _FOR_EVER)

    def _standing(self, now: float, end: int) -> Iterator[EdgeSample]:
        """Opaque connections that stand, for the seconds since the last time."""
        passed = min(end - self._stored, _STANDING_MAX) if self._stored else 0
        if passed <= 0:
            return
        for (source, target), open_ in self._connections.open(now).items():
            yield EdgeSample(
                end - 1,
                source,
                self.resolved(target),
                Protocol.TCP,
                "",
                Arm.NONE,
                0,
                0,
                Histogram(),
                open_.encrypted,
                open_.clear,
                open_.count * passed,
            )

    def _store(self, end: int, users_end: int) -> Iterator[EdgeSample]:
        parts = ((self._stored, end, False), (self._stored_users, users_end, True))
        self._stored, self._stored_users = end, users_end
        for begin, stop, users in parts:
            for second, key, cell in self._window.closed(begin, stop):
                if (key.source == USER) is users:
                    yield EdgeSample(
                        second,
                        key.source,
                        self.resolved(key.target),
                        key.protocol,
                        key.endpoint,
                        key.arm,
                        cell.histogram.count,
                        cell.errors,
                        cell.histogram,
                        cell.encrypted,
                        cell.clear,
                        sent=cell.sent,
                        received=cell.received,
                    )

    def resolved(self, target: str) -> str:
        """The service behind a target, or the target itself."""
        if not span_peers.outside(target):
            return target
        place = self._registry.resolve(target)
        return place[0] if place else self._aliases.get(target, target)

    def kind(self, name: str) -> Kind:
        """What the node of this name is."""
        if name == USER:
            return Kind.USER
        return self._kinds.get(name, Kind.EXTERNAL if span_peers.outside(name) else Kind.SERVICE)

    def _measured(self, source: str, now: float) -> bool:
        if self._registry.has_sidecar(ServiceId(source)):
            return True
        return now - self._measuring.get(source, -REPORTING) < REPORTING

    def _tcp(self, sample: CallSample, now: float) -> None:
        if sample.side is Side.SERVER:
            self._connections.served(replace(sample, endpoint=self._served_at(sample)), now)
            return
        self._connections.ended(sample, now)
        if len(self._kinds) < _NAMES and span_peers.outside(sample.target):
            self._kinds.setdefault(sample.target, span_peers.kind_at(sample.target))
        key = Key(sample.source, sample.target, Protocol.TCP, sample.endpoint)
        self._window.add(key, sample.histogram, sample.errors, now, sample.encrypted)

    def _served_at(self, sample: CallSample | ConnectionSample) -> str:
        """The address at which callers know an endpoint; another port than the application's is an
        address of its own, and belongs to the service."""
        if sample.endpoint and len(self._aliases) < _NAMES:
            self._aliases[sample.endpoint] = sample.target
        return sample.endpoint or self._registry.address_of(sample.reporter)

    def _count_user(self, sample: CallSample, now: float) -> None:
        key = Key(USER, sample.target, Protocol.HTTP, self._endpoint(sample))
        self._window.add(key, sample.histogram, sample.errors, now, sample.encrypted)
        owed = self._owed.pop(sample.target, 0)
        while owed and self._window.take(USER, sample.target, 0.0, False, self._open_since(now)):
            owed -= 1
        if owed:
            self._owed[sample.target] = owed

    def _edge(self, edge: Edge, now: float) -> None:
        for name, kind in ((edge.source, edge.source_kind), (edge.target, edge.target_kind)):
            if kind is not Kind.SERVICE and kind is not Kind.USER and len(self._kinds) < _NAMES:
                self._kinds.setdefault(name, kind)
        histogram = Histogram()
        histogram.record(edge.duration)
        target = self.resolved(edge.target)
        key = Key(edge.source, target, edge.protocol)
        self._window.add(key, histogram, int(edge.failed), now, edge.encrypted)
        if edge.recount:
            self._recount(edge.target, edge.measured, edge.failed, now)

    def _recount(self, target: str, duration: float, failed: bool, now: float) -> None:
        """Take one call away from the unknown users of a service."""
        if not self._window.take(USER, target, duration, failed, self._open_since(now)):
            self._owed[target] = self._owed.get(target, 0) + 1

    def _open_since(self, now: float) -> int:
        return max(self._stored_users, int(now) - self._hold)

    def _endpoint(self, sample: CallSample) -> str:
        return sample.endpoint or self._registry.address_of(sample.reporter)
