"""All a page about one service shows: its figures over time, latency heatmap, neighbours, operations. Pure.

Calls are those of the edges that lead to the service; operations are counted from its spans, of
which there may be fewer when traces are sampled.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from collector.query.mesh import views
from collector.query.mesh.live_or_stored import EdgeTraffic
from collector.query.sql import Sql
from proxy.contract.histogram import SCALE
from topology.graph.window import Cell, stats
from topology.model import Point

# Buckets of a heatmap's column: a quarter octave each, four of the histogram's.
_COARSER: Final = 2
_MICROSECOND: Final = -20 << (SCALE - _COARSER)  # the bucket that ends at about a microsecond
OPERATIONS_MAX: Final = 200

OPERATIONS: Final = Sql("""
SELECT SpanName, lower(SpanKind), count(), countIf(StatusCode = 'Error'),
    quantiles(0.5, 0.9, 0.99)(Duration)
FROM otel_traces
WHERE ServiceName = {service:String} AND SpanKind IN ('Server', 'Consumer')
    AND Timestamp >= fromUnixTimestamp64Micro({start:Int64})
    AND Timestamp <= fromUnixTimestamp64Micro({end:Int64})
GROUP BY SpanName, SpanKind
ORDER BY count() DESC, SpanName, SpanKind
LIMIT {limit:UInt32}
""").bind(limit=OPERATIONS_MAX)

Json = dict[str, Any]


def neighbours(service: str, traffic: EdgeTraffic) -> Json:
    """``stats`` of all calls to the service, ``callers`` and ``callees`` with those of each edge,
    the busiest first."""
    served, callers, callees = Cell(), [], []
    for (source, target, protocol), cell in traffic.cells.items():
        figures = {"protocol": protocol, **views.stats(stats(cell, traffic.seconds))}
        if target == service:
            served.add(cell.histogram, cell.errors)
            callers.append({"name": source, **figures})
        if source == service:
            callees.append({"name": target, **figures})
    for each in (callers, callees):
        each.sort(key=lambda edge: (-edge["count"], edge["name"], edge["protocol"]))
    return {"stats": views.stats(stats(served, traffic.seconds)), "callers": callers, "callees": callees}


def over_time(cells: Mapping[int, Cell], start: int, end: int, step: int) -> Json:
    """``points`` for every step from ``start`` to ``end`` (epoch seconds), and a ``heatmap``: its
    ``buckets`` in milliseconds (more than ``low``, up to ``high``), and for each point the counts."""
    times = range(start, end, step)
    columns = [_coarse(cells.get(time // step)) for time in times]
    held = [index for column in columns for index in column]
    low, high = (min(held), max(held)) if held else (0, -1)
    buckets = [{"low": _edge(index), "high": _edge(index + 1)} for index in range(low, high + 1)]
    return {
        "points": [
            views.point(Point(float(time), stats(cells.get(time // step) or Cell(), step))) for time in times
        ],
        "heatmap": {
            "buckets": buckets,
            "counts": [[column.get(index, 0) for index in range(low, high + 1)] for column in columns],
        },
    }


def _coarse(cell: Cell | None) -> dict[int, int]:
    """Counts by coarser bucket; calls that took nothing are in the lowest there is."""
    found: dict[int, int] = {}
    if cell is None:
        return found
    for index, count in cell.histogram.counts.items():
        found[index >> _COARSER] = found.get(index >> _COARSER, 0) + count
    if cell.histogram.zero:
        lowest = min(found, default=_MICROSECOND)
        found[lowest] = found.get(lowest, 0) + cell.histogram.zero
    return found


def _edge(index: int) -> float:
    return float(2.0 ** (index / (1 << (SCALE - _COARSER)))) * 1000


def operations(rows: Sequence[tuple[Any, ...]], seconds: float) -> list[Json]:
    """Rows of ``OPERATIONS`` as the page shows them; ``rate`` per second, durations milliseconds."""
    return [
        {
            "name": name,
            "kind": kind,
            "count": count,
            "errors": errors,
            "rate": count / seconds,
            "success": 1 - errors / count,
            **dict(zip(("p50", "p90", "p99"), (value / 1e6 for value in quantiles), strict=True)),
        }
        for name, kind, count, errors, quantiles in rows
    ]
