"""Graph, series and latency of past windows, from the stored edges (mesh_edges, mesh_edges_minute, and
mesh_connections for what calls do not tell).

They are the calls the engine counts in memory, each stored once, in whole seconds, on the edge
from its source to its target: so a service's figures are those of the edges that lead to it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

from collector.control.mesh_writer import ZERO_BUCKET
from collector.query.bounded_reader import Store
from collector.query.params import Window
from proxy.contract.histogram import Histogram, from_sparse
from proxy.contract.model import EndpointState
from proxy.contract.traffic import Protocol
from topology.graph.span_pairing import USER
from topology.graph.span_peers import kind_of
from topology.graph.window import Cell, secrecy, stats
from topology.model import EdgeView, EndpointView, GraphView, Kind, NodeView, Point, Stats, TcpView

# Windows of this many seconds are read by the minute: of many services, seconds would be too many rows.
LONG: Final = 3600
MINUTE: Final = 60

_BETWEEN: Final = "Time >= toDateTime({start:Int64}) AND Time < toDateTime({end:Int64})"
_FIGURES: Final = "sum(Errors), sum(Sum), sumMap(Latency)"
_ONLY: Final = (
    "({service:String} = '' OR Target = {service:String})"
    " AND ({source:String} = '' OR Source = {source:String})"
    " AND ({target:String} = '' OR Target = {target:String})"
    " AND ({endpoint:String} = '' OR Endpoint = {endpoint:String})"
)

_GRAPH: Final = f"""
SELECT Source, Target, Protocol, {_FIGURES}, sumIf(Count, Arm != '')
FROM mesh_edges
WHERE {_BETWEEN}
GROUP BY Source, Target, Protocol
ORDER BY Source, Target, Protocol
"""
_CONNECTIONS: Final = f"""
SELECT Source, Target, Protocol, sumIf(Count, Arm != ''), sum(Encrypted), sum(Clear), sum(Standing),
    sum(Sent), sum(Received)
FROM mesh_connections
WHERE {_BETWEEN}
GROUP BY Source, Target, Protocol
ORDER BY Source, Target, Protocol
"""
_CALLS: Final = f"""
SELECT Source, Target, sum(Count)
FROM mesh_edges
WHERE {_BETWEEN}
GROUP BY Source, Target
"""
_SERIES: Final = f"""
SELECT intDiv(toUnixTimestamp(Time), {{step:Int64}}) AS slot, {_FIGURES}
FROM mesh_edges
WHERE {_BETWEEN} AND {_ONLY}
GROUP BY slot
ORDER BY slot
"""
_ENDPOINTS: Final = f"""
SELECT Target, Endpoint, {_FIGURES}
FROM mesh_edges
WHERE {_BETWEEN} AND {_ONLY} AND Endpoint != ''
GROUP BY Target, Endpoint
ORDER BY Target, Endpoint
"""
_LATENCY: Final = f"""
SELECT {_FIGURES}
FROM mesh_edges
WHERE {_BETWEEN} AND {_ONLY}
"""


@dataclass(frozen=True, slots=True)
class Only:
    """Which calls: those to a ``service``, over an edge, or to an ``endpoint``. Empty is any."""

    service: str = ""
    source: str = ""
    target: str = ""
    endpoint: str = ""

    def parameters(self) -> dict[str, object]:
        return {
            "service": self.service,
            "source": self.source,
            "target": self.target,
            "endpoint": self.endpoint,
        }


def _cell(errors: int, total: float, buckets: Mapping[int, int]) -> Cell:
    counts = {index: number for index, number in buckets.items() if index != ZERO_BUCKET and number}
    return Cell(from_sparse(counts, zero=buckets.get(ZERO_BUCKET, 0), total=total), errors)


def _by_minute(sql: str) -> str:
    """The same question to the edges by the minute, which know no endpoints."""
    return sql.replace("mesh_edges", "mesh_edges_minute").replace("Endpoint =", "'' =")


def covered(window: Window) -> tuple[int, int]:
    """First second of a window's traffic, and the one after the last: of long windows, whole minutes."""
    start, end = _seconds(window)
    if window.seconds < LONG:
        return start, end
    return start // MINUTE * MINUTE, -(-end // MINUTE) * MINUTE


def _seconds(window: Window) -> tuple[int, int]:
    """The whole seconds a window touches: the first, and the one after the last."""
    start = window.start // 1_000_000
    return start, max(ceil(window.end / 1e6), start + 1)


class StoredEdges:
    """What mesh_edges holds of a window."""

    def __init__(self, store: Store) -> None:
        self._store = store

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
                secrecy(cell.encrypted, cell.clear),
            )
            for (source, target, protocol), cell in cells.items()
        )
        nodes = _nodes(cells, {node.name: node for node in known}, end - start)
        return GraphView(nodes, edges, float(start), float(end))

    async def traffic(self, window: Window) -> dict[tuple[str, str, Protocol], Cell]:
        """Calls by source, target and protocol, in order of these, and opaque connections that stood, on
        average."""
        start, end = covered(window)
        sql = _by_minute(_GRAPH) if window.seconds >= LONG else _GRAPH
        asked = {"start": start, "end": end}
        cells: dict[tuple[str, str, Protocol], Cell] = {}
        for source, target, word, *figures, called in await self._store.rows(sql, asked):
            protocol = Protocol(word)
            cell = cells[source, target, protocol] = _cell(*figures)
            cell.clear = called if protocol is Protocol.HTTP else 0
        for source, target, word, called, *further in await self._store.rows(_CONNECTIONS, asked):
            cell = cells.setdefault((source, target, Protocol(word)), Cell())
            encrypted, clear, standing, cell.sent, cell.received = further
            cell.encrypted, cell.clear = encrypted, clear + max(0, cell.clear - called)
            cell.open = ceil(standing / (end - start))
        return dict(sorted(cells.items()))

    async def calls(self, window: Window) -> dict[tuple[str, str], int]:
        """Number of calls by source and target; of long windows, by whole minutes."""
        start, end = covered(window)
        sql = _by_minute(_CALLS) if window.seconds >= LONG else _CALLS
        rows = await self._store.rows(sql, {"start": start, "end": end})
        return {(source, target): count for source, target, count in rows}

    async def series(self, window: Window, step: int, only: Only) -> tuple[Point, ...]:
        """One point for each step the window touches, also without traffic; as the engine's,
        steps begin at multiples of their length."""
        start, end, found = await self.slots(window, step, only)
        return tuple(
            Point(float(time), stats(found.get(time // step, Cell()), step))
            for time in range(start, end, step)
        )

    async def slots(self, window: Window, step: int, only: Only) -> tuple[int, int, dict[int, Cell]]:
        """First second, the one after the last, and traffic by number of the step since the epoch."""
        first, end = _seconds(window)
        start = first // step * step
        asked = {"start": start, "end": end, "step": step, **only.parameters()}
        coarse = step % MINUTE == 0 and not only.endpoint and window.seconds >= LONG
        sql = _by_minute(_SERIES) if coarse else _SERIES
        return start, end, {slot: _cell(*figures) for slot, *figures in await self._store.rows(sql, asked)}

    async def endpoints(
        self, window: Window, service: str, known: Iterable[EndpointView]
    ) -> list[EndpointView]:
        """Endpoints as they are known now with the traffic of the window, and those that had some."""
        start, end = _seconds(window)
        asked = {"start": start, "end": end, **Only(service=service).parameters()}
        cells = {(row[0], row[1]): _cell(*row[2:]) for row in await self._store.rows(_ENDPOINTS, asked)}
        views = {(view.service, view.address): view for view in known}
        for service_, address in cells.keys() - views.keys():
            views[service_, address] = EndpointView(service_, address, EndpointState.GONE, 0.0, Stats())
        return [
            replace(view, stats=stats(cells.get(key) or Cell(), end - start))
            for key, view in sorted(views.items())
        ]

    async def latency(self, window: Window, only: Only) -> Histogram:
        """Distribution of latency over the window."""
        start, end = _seconds(window)
        rows = await self._store.rows(_LATENCY, {"start": start, "end": end, **only.parameters()})
        return _cell(*rows[0]).histogram if rows else Histogram()


def _nodes(
    cells: Mapping[tuple[str, str, Protocol], Cell], known: Mapping[str, NodeView], seconds: int
) -> tuple[NodeView, ...]:
    served: dict[str, Cell] = {}
    kinds: dict[str, Kind] = {}
    for (source, target, protocol), cell in cells.items():
        kinds.setdefault(source, _kind(source, protocol, called=False))
        kinds[target] = _kind(target, protocol, called=True)
        served.setdefault(source, Cell())
        served.setdefault(target, Cell()).add(cell.histogram, cell.errors)
    return tuple(
        replace(known.get(name) or NodeView(name, kinds[name], Stats()), stats=stats(served[name], seconds))
        for name in sorted(served)
    )


def _kind(name: str, protocol: str, called: bool) -> Kind:
    """What a node is, by what the stored edge says of it (topology.peers names the nodes)."""
    if name == USER:
        return Kind.USER
    return kind_of(name, protocol, called)
