"""The page about one service: its traffic over time, latency heatmap, neighbours, operations. Pure.

Calls are those of the edges that lead to the service; operations are counted from its spans, of
which there may be fewer when traces are sampled.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from collector.query.mesh import views
from collector.query.mesh.live_or_stored import EdgeTraffic
from collector.query.sql import Sql
from proxy.contract.api.graph import Heatmap, Neighbour, Operation, Stats
from proxy.contract.api.graph import Point as ApiPoint
from proxy.contract.histogram import SCALE
from topology.graph.cells import Cell
from topology.graph.figures import point, stats

# Buckets of a heatmap's column: a quarter octave each, four of the histogram's.
_COARSER: Final = 2
_MICROSECOND: Final = -20 << (SCALE - _COARSER)  # the bucket that ends at about a microsecond
OPERATIONS_MAX: Final = 200

OPERATIONS: Final = Sql("""
SELECT SpanName, lower(SpanKind), count(), countIf(StatusCode = 'Error'),
    quantiles(0.5, 0.9, 0.99)(Duration)
FROM otel_traces
WHERE {service} AND SpanKind IN ('Server', 'Consumer')
    AND Timestamp >= fromUnixTimestamp64Micro({start:Int64})
    AND Timestamp <= fromUnixTimestamp64Micro({end:Int64})
GROUP BY SpanName, SpanKind
ORDER BY count() DESC, SpanName, SpanKind
LIMIT {limit:UInt32}
""").bind(limit=OPERATIONS_MAX)


class Neighbours(NamedTuple):
    """``stats`` of all calls to a service, and its callers and callees, the busiest first."""

    stats: Stats
    callers: list[Neighbour]
    callees: list[Neighbour]


def neighbours(service: str, traffic: EdgeTraffic) -> Neighbours:
    """Return the edges of a service, with the calls over each."""
    served = Cell()
    callers: list[Neighbour] = []
    callees: list[Neighbour] = []
    for (source, target, protocol), cell in traffic.cells.items():
        figures = views.stats(stats(cell, traffic.seconds))
        if target == service:
            served.add(cell.histogram, cell.errors)
            callers.append({"name": source, "protocol": protocol, **figures})
        if source == service:
            callees.append({"name": target, "protocol": protocol, **figures})
    for each in (callers, callees):
        each.sort(key=lambda edge: (-edge["count"], edge["name"], edge["protocol"]))
    return Neighbours(views.stats(stats(served, traffic.seconds)), callers, callees)


def points(cells: Mapping[int, Cell], start: int, end: int, step: int, now: float) -> list[ApiPoint]:
    """Traffic of every step from ``start`` to ``end`` (epoch seconds); ``cells`` are by number of the
    step."""
    # ``end`` may be the end of a minute that has only begun.
    return [
        views.point(point(float(time), cells.get(time // step) or Cell(), step, min(end, now)))
        for time in range(start, end, step)
    ]


def heatmap(cells: Mapping[int, Cell], start: int, end: int, step: int) -> Heatmap:
    """Latency of every step; only buckets between the fastest and the slowest call are listed."""
    columns = [_coarse(cells.get(time // step)) for time in range(start, end, step)]
    indices = [index for column in columns for index in column]
    low, high = (min(indices), max(indices)) if indices else (0, -1)
    return {
        "buckets": [{"low": _edge(index), "high": _edge(index + 1)} for index in range(low, high + 1)],
        "counts": [[column.get(index, 0) for index in range(low, high + 1)] for column in columns],
    }


def _coarse(cell: Cell | None) -> dict[int, int]:
    """Counts by coarser bucket; calls that took nothing are in the lowest there is."""
    found: dict[int, int] = {}
    if cell is None:
        return found
    for index, count in cell.histogram.counts.items():
        found[index >> _COARSER] = found.get(index >> _COARSER, 0) + count
    # Zero has no bucket on a logarithmic axis.
    if cell.histogram.zero:
        lowest = min(found, default=_MICROSECOND)
        found[lowest] = found.get(lowest, 0) + cell.histogram.zero
    return found


def _edge(index: int) -> float:
    return float(2.0 ** (index / (1 << (SCALE - _COARSER)))) * 1000


def operations(rows: Sequence[tuple[Any, ...]], seconds: float) -> list[Operation]:
    """Return the rows of ``OPERATIONS`` as the page shows them."""
    return [
        {
            "name": name,
            "kind": kind,
            "count": count,
            "errors": errors,
            "rate": count / seconds,
            "success": 1 - errors / count,
            "p50": p50 / 1e6,
            "p90": p90 / 1e6,
            "p99": p99 / 1e6,
        }
        for name, kind, count, errors, (p50, p90, p99) in rows
    ]
