"""The assignment of measurements to edges, so that every call is counted once.

In order of precedence:

- The measurement of the caller's sidecar is the edge: it alone has the endpoint, the arm and the whole
  latency, with the network and failures to connect.
- The measurement of the callee's sidecar is dropped if the caller's sidecar reports, and counts for the
  edge after ``SECOND_OPINION`` seconds if it does not.
- The measurement of the callee's sidecar without a caller is ``user -> service``. If a span then proves
  that the caller was a service without a sidecar, the call moves to that edge (``Edge.recount``). If the
  caller had a sidecar that did not yet know the mesh, its sidecar has counted the call, and that of the
  user is removed (``Measured``).
- Spans make edges only of calls that no sidecar of the caller measured.

Every call counts when it ended, by the clock of its caller for spans, whenever it is reported, and not in
the future. A ``host:port`` outside the mesh becomes a service once one answered there. Opaque TCP names no
caller: see ``Connections``.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from proxy.contract.histogram import Histogram
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Arm, Protocol
from topology.evidence.report_delay import ReportTime
from topology.graph.cells import Cell, Key
from topology.graph.connections import Connections, Open
from topology.graph.known_nodes import KnownNodes
from topology.graph.spread import SPREAD, spread
from topology.graph.window import Window
from topology.model.graph import USER, Kind
from topology.model.samples import CallSample, ConnectionSample, EdgeSample, Side, SizeSample, SpanFact
from topology.registry.registry import Registry
from topology.spans import node_kinds
from topology.spans.span_edges import Alias, Edge, Measured
from topology.spans.span_pairing import Pairing

# Seconds for which a callee's measurement waits for one of its caller. Both report every half second, by
# clocks and connections of their own: two seconds are four reports of the caller.
SECOND_OPINION: Final = 2.0
# Seconds after its last measurement for which a sidecar counts as reporting. A quiet caller reports only
# when it calls, so this is longer than an interval of reports; a caller that is gone must not hide what
# callees see for long, so it is shorter than the window that people look at.
REPORTING: Final = 10.0
_FOR_EVER: Final = 1 << 62
_CALLERS: Final = (Kind.USER, Kind.EXTERNAL)  # kinds of callers that send no spans
_OPEN_MAX: Final = 60  # seconds that one reading of open connections may be stored for


class Intake:
    """Feeds the window. For ``hold`` seconds the calls of unknown users can still move to another edge."""

    def __init__(self, window: Window, pairing: Pairing, registry: Registry, hold: float) -> None:
        self._window = window
        self._pairing = pairing
        self._registry = registry
        # For ``hold`` seconds a span waits for its other half; a second at each end for rounding to seconds.
        self._hold = int(hold) + 2
        self._nodes = KnownNodes()
        self._reported: dict[str, float] = {}
        self._waiting: deque[tuple[float, CallSample, ReportTime]] = deque()
        self._connections = Connections()
        self._owed: dict[str, int] = {}  # calls that moved before the user's count of them came
        self._stored = 0

    def call(self, sample: CallSample, when: ReportTime, now: float) -> None:
        """Count finished calls of a report."""
        if sample.protocol == Protocol.TCP:
            self._tcp(sample, when, now)
        elif sample.side is Side.CLIENT:
            self._reported[sample.source] = now
            key = Key(sample.source, sample.target, Protocol.HTTP, sample.endpoint, sample.arm)
            self._count(key, sample, when)
        elif not sample.source:
            self._count_user(sample, when, now)
        elif not self._is_reporting(sample.source, now):
            self._waiting.append((now + SECOND_OPINION, sample, when))

    def sizes(self, sample: SizeSample, now: float) -> None:
        """Count bodies of the successful responses of a report."""
        key = Key(sample.source, sample.target, Protocol.HTTP, sample.endpoint, sample.arm)
        self._window.add_sizes(key, sample.histogram, now)

    def merge_remote(self, sample: EdgeSample) -> None:
        """Count calls that another collector counted and stored, in the same second."""
        ends = (sample.source, sample.target, False), (sample.target, sample.source, True)
        for name, other, called in ends:
            kind = node_kinds.kind_of(name, sample.protocol, called, other)
            if kind is not Kind.SERVICE and name != USER:
                self._nodes.add_kind(name, kind)
        key = Key(sample.source, sample.target, sample.protocol, sample.endpoint, sample.arm, remote=True)
        # Rows of the store do not say how calls were answered.
        cell = Cell(
            sample.histogram,
            sample.errors,
            encrypted=sample.encrypted,
            clear=sample.clear,
            unclassed=sample.histogram.count,
        )
        self._window.merge(key, cell, sample.second)

    def connections(self, sample: ConnectionSample, now: float) -> None:
        """Note open opaque connections, and the bytes that went over them."""
        server = sample.side is Side.SERVER
        if server:
            sample = replace(sample, endpoint=self._served_at(sample, now))
        elif node_kinds.outside(sample.target):
            self._nodes.add_kind(sample.target, node_kinds.kind_at(sample.target))
        if self._connections.set_open(sample, now) and (sample.sent or sample.received):
            key = Key(USER if server else sample.source, sample.target, Protocol.TCP, sample.endpoint)
            self._window.add_bytes(key, sample.sent, sample.received, now)

    def open(self, now: float) -> dict[tuple[str, str], Open]:
        """Return the open opaque connections by source and target."""
        return self._connections.open(now)

    def spans(self, facts: Iterable[SpanFact], now: float) -> None:
        """Count the calls that spans prove."""
        edges: list[Edge] = []
        for fact in facts:
            results = self._pairing.add(fact, now)
            if not results:
                continue
            recent = not fact.ended or fact.ended >= now - self._hold
            for result in results:
                if not isinstance(result, Alias | Measured):
                    edges.append(result)
                # The other two change what is counted now: a trace of yesterday says nothing about that.
                elif recent and isinstance(result, Measured):
                    self._recount(result.target, result.duration, result.failed, now)
                elif recent and isinstance(result, Alias):
                    self._nodes.add_answer(result.address, result.service, now)
        self._count_edges(edges, now)

    def advance(self, now: float) -> None:
        """Count what has waited long enough for a measurement of higher precedence."""
        expired = self._pairing.expire(now)
        self._count_edges([edge for edge in expired if not self._is_measured(edge, now)], now)
        # All wait equally long, so the queue is in order of time and only its head needs a look.
        while self._waiting and self._waiting[0][0] <= now:
            _, sample, when = self._waiting.popleft()
            if not self._is_reporting(sample.source, now):
                self._count(
                    Key(sample.source, sample.target, Protocol.HTTP, self._endpoint(sample)), sample, when
                )
        for sample in self._connections.take_unmatched(now):
            key = Key(sample.source, sample.target, Protocol.TCP, sample.endpoint)
            self._window.add(key, sample.histogram, sample.errors, now, sample.encrypted)

    def close_seconds(self, now: float) -> Iterator[EdgeSample]:
        """Yield the calls of seconds that are over and not yet stored; then forget what is too old.

        Calls of users come ``hold`` seconds later: until then a span can move them to another edge, and rows
        that are stored cannot be taken back.
        """
        end = int(now)
        yield from self._open_connections(now, end)
        yield from self._store(end, end - self._hold)
        self._stored = end
        # Last, as the calls of before the first step may be older than the memory.
        self._window.expire(now)

    def flush(self) -> Iterator[EdgeSample]:
        """Yield all calls not yet stored; nothing may be added afterwards."""
        yield from self._store(_FOR_EVER, _FOR_EVER)

    def _open_connections(self, now: float, end: int) -> Iterator[EdgeSample]:
        """Yield the open opaque connections, for the seconds since the last call."""
        passed = min(end - self._stored, _OPEN_MAX) if self._stored else 0
        if passed <= 0:
            return
        for (source, target), open_ in self._connections.open(now).items():
            yield EdgeSample(
                end - 1,
                source,
                self.resolve(target),
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
        for stop, users in ((end, False), (users_end, True)):
            for second, key, cell in self._window.close_seconds(stop, users=users):
                yield EdgeSample(
                    second,
                    key.source,
                    self.resolve(key.target),
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

    def resolve(self, target: str) -> str:
        """Return the service behind a target, or the target itself."""
        if not node_kinds.outside(target):
            return target
        place = self._registry.resolve(target)
        return place[0] if place else self._nodes.service_at(target)

    def kind(self, name: str) -> Kind:
        """Return the kind of the node of this name."""
        if name == USER:
            return Kind.USER
        return self._nodes.kind(name)

    def _is_measured(self, edge: Edge, now: float) -> bool:
        """True if a sidecar counted a call of which spans show one side alone."""
        if edge.target_kind is Kind.EXTERNAL:
            return self._is_reporting(edge.source, now)
        return edge.source_kind in _CALLERS and self._registry.has_sidecar(ServiceId(edge.target))

    def _is_reporting(self, source: str, now: float) -> bool:
        # A stream is proof enough. Without one (a sidecar that lost the collector's xDS, not its receiver)
        # its reports are.
        if self._registry.has_sidecar(ServiceId(source)):
            return True
        return now - self._reported.get(source, -REPORTING) < REPORTING

    def _tcp(self, sample: CallSample, when: ReportTime, now: float) -> None:
        if sample.side is Side.SERVER:
            self._connections.add_callee_sample(replace(sample, endpoint=self._served_at(sample, now)), now)
            return
        self._connections.add_caller_sample(sample, now)
        if node_kinds.outside(sample.target):
            self._nodes.add_kind(sample.target, node_kinds.kind_at(sample.target))
        self._count(Key(sample.source, sample.target, Protocol.TCP, sample.endpoint), sample, when)

    def _count(self, key: Key, sample: CallSample, when: ReportTime) -> None:
        """Count the calls of a report when they were made."""
        if when.ended - when.begun < SPREAD:
            self._window.add(
                key, sample.histogram, sample.errors, when.ended, sample.encrypted, sample.answer
            )
            return
        # What a sidecar gathered while the mesh was away: in one second it would be a peak of calls that
        # nobody made.
        for at, histogram, errors in spread(sample.histogram, sample.errors, when.begun, when.ended):
            self._window.add(key, histogram, errors, at, sample.encrypted, sample.answer)

    def _served_at(self, sample: CallSample | ConnectionSample, now: float) -> str:
        """Return the address at which callers know an endpoint.

        Another port than the application's is an address of its own, and belongs to the service.
        """
        if sample.endpoint:
            self._nodes.add_answer(sample.endpoint, sample.target, now)
        return sample.endpoint or self._registry.address_of(sample.reporter)

    def _count_user(self, sample: CallSample, when: ReportTime, now: float) -> None:
        self._count(Key(USER, sample.target, Protocol.HTTP, self._endpoint(sample)), sample, when)
        owed = self._owed.pop(sample.target, 0)
        while owed and self._window.take(USER, sample.target, 0.0, False, self._open_since(now)):
            owed -= 1
        if owed:
            self._owed[sample.target] = owed

    def _count_edges(self, edges: Sequence[Edge], now: float) -> None:
        """Count the calls of edges when they ended, those of one edge and second together.

        A request of spans has many of these, and a call costs the window several times what its sum costs.
        """
        sums: dict[tuple[Key, int, bool | None], Cell] = {}
        for edge in edges:
            source = self._spelling(edge.source, edge.source_kind)
            target = self._spelling(edge.target, edge.target_kind)
            for name, kind in ((source, edge.source_kind), (target, edge.target_kind)):
                if kind is not Kind.USER:
                    self._nodes.add_kind(name, kind)
            key = Key(source, self.resolve(target), edge.protocol)
            # A caller whose clock is ahead called now at the latest.
            place = key, int(min(edge.ended or now, now)), edge.encrypted
            cell = sums.get(place)
            if cell is None:
                cell = sums[place] = Cell()
            cell.histogram.record(edge.duration)
            cell.errors += edge.failed
        for (key, at, encrypted), cell in sums.items():
            self._window.add(key, cell.histogram, cell.errors, at, encrypted)
        for edge in edges:
            # Too long ago, the user's call that it was taken for is stored and cannot be taken back.
            if edge.recount and min(edge.ended or now, now) >= now - self._hold:
                self._recount(edge.target, edge.measured, edge.failed, now)

    def _spelling(self, name: str, kind: Kind) -> str:
        """Return the one spelling of a service; names of queues and databases have a case."""
        if kind is not Kind.SERVICE and kind is not Kind.EXTERNAL:
            return name
        known = self._registry.spelling(ServiceId(name))
        return known if known in self._registry.services() else self._nodes.spelling(name)

    def _recount(self, target: str, duration: float, failed: bool, now: float) -> None:
        """Take one call away from the unknown users of a service."""
        if not self._window.take(USER, target, duration, failed, self._open_since(now)):
            self._owed[target] = self._owed.get(target, 0) + 1

    def _open_since(self, now: float) -> int:
        return max(self._window.closed(users=True), int(now) - self._hold)

    def _endpoint(self, sample: CallSample) -> str:
        return sample.endpoint or self._registry.address_of(sample.reporter)
