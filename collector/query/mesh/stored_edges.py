"""Graph, series and latency of past windows, from the stored edges (mesh_edges, mesh_edges_minute, and
mesh_connections for opaque connections and encryption).

They are the calls the engine counts in memory, each stored once, in whole seconds, on the edge
from its source to its target: so a service's figures are those of the edges that lead to it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

from collector.control.mesh_rows import ZERO_BUCKET
from collector.query.bounded_reader import BoundedReader
from collector.query.params import Window
from collector.query.sql import Sql
from proxy.contract.histogram import Histogram, from_sparse
from proxy.contract.model import EndpointState
from proxy.contract.service_id import ServiceId, ServiceNames
from proxy.contract.traffic import Protocol
from topology.graph.cells import Cell
from topology.graph.figures import encryption, point, stats
from topology.model.endpoints import EndpointView
from topology.model.graph import USER, EdgeView, GraphView, Kind, NodeView, Point, Stats, TcpView
from topology.spans.node_kinds import kind_of

# Windows of this many seconds are read by the minute: of many services, seconds would be too many rows.
LONG: Final = 3600
MINUTE: Final = 60

_BETWEEN: Final = "Time >= toDateTime({start:Int64}) AND Time < toDateTime({end:Int64})"
_FIGURES: Final = "sum(Errors), sum(Sum), sumMap(Latency)"
# Each is true for an empty value: one statement serves every choice of calls.
_ONLY_EDGES: Final = (
    "(empty({service:Array(String)}) OR has({service:Array(String)}, lowerUTF8(Target)))"
    " AND (empty({source:Array(String)}) OR has({source:Array(String)}, lowerUTF8(Source)))"
    " AND (empty({target:Array(String)}) OR has({target:Array(String)}, lowerUTF8(Target)))"
)
_ONLY_CALLS: Final = _ONLY_EDGES + " AND ({endpoint:String} = '' OR Endpoint = {endpoint:String})"

# ``{edges}`` is the table by the second or by the minute.
_GRAPH: Final = Sql("""
SELECT Source, Target, Protocol, {figures}, sum(Encrypted), sum(Clear)
FROM {edges}
WHERE {between}
GROUP BY Source, Target, Protocol
ORDER BY Source, Target, Protocol
""")
_CONNECTIONS: Final = Sql("""
SELECT Source, Target, Protocol, sumIf(Count, Arm != ''), sum(Encrypted), sum(Clear), sum(Standing),
    sum(Sent), sum(Received)
FROM mesh_connections
WHERE {between}
GROUP BY Source, Target, Protocol
ORDER BY Source, Target, Protocol
""").fill(between=_BETWEEN)
_CALLS: Final = Sql("""
SELECT Source, Target, sum(Count)
FROM {edges}
WHERE {between}
GROUP BY Source, Target
""")
_SERIES: Final = Sql("""
SELECT intDiv(toUnixTimestamp(Time), {step:Int64}) AS slot, {figures}
FROM {edges}
WHERE {between} AND {calls}
GROUP BY slot
ORDER BY slot
""")
_ENDPOINTS: Final = Sql("""
SELECT Target, Endpoint, {figures}
FROM mesh_edges
WHERE {between} AND {calls} AND Endpoint != ''
GROUP BY Target, Endpoint
ORDER BY Target, Endpoint
""").fill(figures=_FIGURES, between=_BETWEEN, calls=_ONLY_CALLS)
_LATENCY: Final = Sql("""
SELECT {figures}
FROM mesh_edges
WHERE {between} AND {calls}
""").fill(figures=_FIGURES, between=_BETWEEN, calls=_ONLY_CALLS)


@dataclass(frozen=True, slots=True)
class CallFilter:
    """A choice of calls: those to a ``service``, over an edge, or to an ``endpoint``. Empty is any."""

    service: str = ""
    source: str = ""
    target: str = ""
    endpoint: str = ""

    def bind(self, sql: Sql, names: ServiceNames) -> Sql:
        """``sql`` with this choice as its parameters; ``names`` are those of the services there are now."""
        nodes = {"service": self.service, "source": self.source, "target": self.target}
        stored = {
            key: [each.lower() for each in names.stored_as(text)] if text else []
            for key, text in nodes.items()
        }
        return sql.bind(**stored, endpoint=self.endpoint)


def _cell(errors: int, total: float, buckets: Mapping[int, int]) -> Cell:
    counts = {index: number for index, number in buckets.items() if index != ZERO_BUCKET and number}
    return Cell(from_sparse(counts, zero=buckets.get(ZERO_BUCKET, 0), total=total), errors)


def _edges(by_minute: bool) -> str:
    return "mesh_edges_minute" if by_minute else "mesh_edges"


def covered(window: Window) -> tuple[int, int]:
    """First second of a window's traffic, and the one after the last: of long windows, whole minutes."""
    start, end = _seconds(window)
    if window.seconds < LONG:
        return start, end
    # Down and up to whole minutes (the double minus rounds up), as the table by the minute cannot be cut
    # finer.
    return start // MINUTE * MINUTE, -(-end // MINUTE) * MINUTE


def _seconds(window: Window) -> tuple[int, int]:
    """Return the whole seconds a window touches: the first, and the one after the last."""
    start = window.start // 1_000_000
    # At least one second, or rates would be divided by zero.
    return start, max(ceil(window.end / 1e6), start + 1)


class StoredEdges:
    """Queries of the stored edges, under the names that services have now. Raises TryLaterError."""

    def __init__(self, store: BoundedReader, names: Callable[[], ServiceNames]) -> None:
        self._store = store
        self.names = names

    async def graph(self, window: Window, known: Iterable[NodeView] = ()) -> GraphView:
        """Nodes and edges of the window. ``known`` are the nodes of now: kind, stage, endpoints
        and versions are not stored with the edges and are shown as they are now."""
        start, end = covered(window)
        cells = await self.traffic(window)
        edges = tuple(
            EdgeView(
                source,
                target,
                stats(cell, end - start),
                protocol,
                TcpView(cell.open, cell.sent, cell.received) if protocol is Protocol.TCP else None,
                encryption(cell.encrypted, cell.clear),
            )
            for (source, target, protocol), cell in cells.items()
        )
        nodes = _nodes(cells, {node.name: node for node in known}, end - start)
        return GraphView(nodes, edges, float(start), float(end))

    async def traffic(self, window: Window) -> dict[tuple[str, str, Protocol], Cell]:
        """Calls by source, target and protocol, in order of these, and opaque connections that were open, on
        average."""
        start, end = covered(window)
        # mesh_connections is always read by the second: it has no table by the minute.
        edges = _edges(window.seconds >= LONG)
        graph = _GRAPH.fill(figures=_FIGURES, edges=edges, between=_BETWEEN).bind(start=start, end=end)
        connections = _CONNECTIONS.bind(start=start, end=end)
        named = _named_now(self.names())
        cells: dict[tuple[str, str, Protocol], Cell] = {}
        for source, target, word, *figures, encrypted, clear in await self._store.rows(graph):
            cell = _cell(*figures)
            cell.encrypted, cell.clear = encrypted, clear
            # Merged, as two stored names may be one service now: the plain name from before it had a
            # namespace, and the full one.
            cells.setdefault((named(source), named(target), Protocol(word)), Cell()).merge(cell)
        for source, target, word, called, *further in await self._store.rows(connections):
            cell = cells.setdefault((named(source), named(target), Protocol(word)), Cell())
            encrypted, clear, standing, sent, received = further
            cell.sent += sent
            cell.received += received
            # ``called`` is 0 but in rows of older versions: of requests that mesh_edges takes to be in the
            # clear, since a sidecar made them, and for which these rows know better.
            cell.encrypted += encrypted
            cell.clear = clear + max(0, cell.clear - called)
            # Standing is the number of open connections, summed over the seconds: divided by the length of
            # the window it is their average. Rounded up, so that one open for a moment is still shown.
            cell.open += ceil(standing / (end - start))
        return dict(sorted(cells.items()))

    async def calls(self, window: Window) -> dict[tuple[str, str], int]:
        """Return the number of calls by source and target; of long windows, by whole minutes."""
        start, end = covered(window)
        calls = _CALLS.fill(edges=_edges(window.seconds >= LONG), between=_BETWEEN)
        rows = await self._store.rows(calls.bind(start=start, end=end))
        named = _named_now(self.names())
        found: dict[tuple[str, str], int] = {}
        for source, target, count in rows:
            edge = named(source), named(target)
            found[edge] = found.get(edge, 0) + count
        return found

    async def series(self, window: Window, step: int, only: CallFilter) -> tuple[Point, ...]:
        """Return one point for each step the window touches, also without traffic; as the engine's, steps
        begin at multiples of their length."""
        start, end, found = await self.slots(window, step, only)
        return tuple(
            point(float(time), found.get(time // step, Cell()), step, end) for time in range(start, end, step)
        )

    async def slots(self, window: Window, step: int, only: CallFilter) -> tuple[int, int, dict[int, Cell]]:
        """First second, the one after the last, and traffic by number of the step since the epoch; of long
        windows by whole minutes, if the step is."""
        first, end = _seconds(window)
        start = first // step * step
        # Minutes know no endpoints.
        by_minute = step % MINUTE == 0 and not only.endpoint and window.seconds >= LONG
        if by_minute:
            end = covered(window)[1]
        series = _SERIES.fill(
            figures=_FIGURES,
            edges=_edges(by_minute),
            between=_BETWEEN,
            calls=_ONLY_EDGES if by_minute else _ONLY_CALLS,
        ).bind(start=start, end=end, step=step)
        rows = await self._store.rows(only.bind(series, self.names()))
        return start, end, {slot: _cell(*figures) for slot, *figures in rows}

    async def endpoints(
        self, window: Window, service: str, known: Iterable[EndpointView]
    ) -> list[EndpointView]:
        """Endpoints as they are known now with the traffic of the window, and those that had some."""
        start, end = _seconds(window)
        names = self.names()
        named = _named_now(names)
        found = CallFilter(service=service).bind(_ENDPOINTS.bind(start=start, end=end), names)
        cells: dict[tuple[ServiceId, str], Cell] = {}
        for target, address, *figures in await self._store.rows(found):
            cells.setdefault((ServiceId(named(target)), address), Cell()).merge(_cell(*figures))
        views = {(view.service, view.address): view for view in known}
        # Endpoints with traffic in the window that have left since.
        for service_, address in cells.keys() - views.keys():
            views[service_, address] = EndpointView(service_, address, EndpointState.GONE, 0.0, Stats())
        return [
            replace(view, stats=stats(cells.get(key) or Cell(), end - start))
            for key, view in sorted(views.items())
        ]

    async def latency(self, window: Window, only: CallFilter) -> Histogram:
        """Distribution of latency over the window."""
        start, end = _seconds(window)
        rows = await self._store.rows(only.bind(_LATENCY.bind(start=start, end=end), self.names()))
        return _cell(*rows[0]).histogram if rows else Histogram()


def _named_now(names: ServiceNames) -> Callable[[str], str]:
    """Return what gives a stored node its name of now: rows from before a service was given its namespace
    have its plain name, and others may spell it in another case."""

    spelled: dict[str, str] = {}  # of those that are unknown now

    def named(text: str) -> str:
        # Of a text with a slash nobody can tell whether it is a queue.
        if "/" in text:
            return names.spelling(ServiceId(text))
        known = names.recognise(ServiceId(text))
        return spelled.setdefault(known.caseless, known)

    return named


def _nodes(
    cells: Mapping[tuple[str, str, Protocol], Cell], known: Mapping[str, NodeView], seconds: int
) -> tuple[NodeView, ...]:
    served: dict[str, Cell] = {}
    kinds: dict[str, Kind] = {}
    for (source, target, protocol), cell in cells.items():
        kinds.setdefault(source, _kind(source, target, protocol, called=False))
        # Overwrites: what a node is called with says more about it than what it calls.
        kinds[target] = _kind(target, source, protocol, called=True)
        served.setdefault(source, Cell())
        served.setdefault(target, Cell()).add(cell.histogram, cell.errors)
    return tuple(
        replace(known.get(name) or NodeView(name, kinds[name], Stats()), stats=stats(served[name], seconds))
        for name in sorted(served)
    )


def _kind(name: str, other: str, protocol: str, called: bool) -> Kind:
    """Return the kind of a node by the stored edge; ``topology.spans.node_kinds`` names the nodes."""
    if name == USER:
        return Kind.USER
    return kind_of(name, protocol, called, other)
