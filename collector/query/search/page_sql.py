"""Traces in one line each, in any order over the whole window, page by page. Pure SQL.

A trace belongs to the window it starts in, so that neighbouring windows share none. It is read
from mesh_trace_summaries, whose rows of one trace add up; conditions on spans pick ids in
otel_traces. The order is total: equal ranks come in order of the trace id, both in the
direction asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from collector.query.params import Window
from collector.query.search.cursor import Cursor
from collector.query.search.span_conditions import Condition

# Rows of one trace come with the batches its spans arrived in. One whose spans start further
# apart than this from its first may be counted in a window it did not start in.
SPREAD_US: Final = 3_600_000_000


class Order(StrEnum):
    """What traces are ranked by: a number, but ROOT by the text of the root's service and name."""

    START = "start"
    DURATION = "duration"
    SPANS = "spans"
    ERRORS = "errors"
    SERVICES = "services"
    ROOT = "root"


_RANK: Final[Mapping[Order, str]] = {
    Order.START: "toInt64(Began)",
    Order.DURATION: "toInt64(Ended - Began)",
    Order.SPANS: "toInt64(sum(Spans))",
    Order.ERRORS: "toInt64(sum(Errors))",
    Order.SERVICES: "toInt64(length(arrayFilter(each -> each != '', groupUniqArrayArray(Services))))",
    # The cursor holds the rank, so that it must be short.
    Order.ROOT: "concat(substringUTF8(max(RootService), 1, 60), '\\n', substringUTF8(max(RootName), 1, 60))",
}


@dataclass(frozen=True, slots=True)
class Listing:
    """Which traces, in which order.

    ``shortest`` and ``longest`` bound the whole trace, in nanoseconds; ``service`` took part in
    it. ``matching`` are selections of trace ids (SQL that returns TraceId), all of which hold.
    """

    window: Window
    order: Order = Order.START
    descending: bool = True
    limit: int = 20
    service: str = ""
    failed: bool | None = None
    shortest: int | None = None
    longest: int | None = None
    matching: tuple[Condition, ...] = field(default=())


_IDS: Final = """
SELECT TraceId, {rank} AS Rank,
    toUnixTimestamp64Nano(min(Start)) AS Began, toUnixTimestamp64Nano(max(End)) AS Ended
FROM mesh_trace_summaries
WHERE Start >= fromUnixTimestamp64Micro({{low_us:Int64}})
    AND Start <= fromUnixTimestamp64Micro({{high_us:Int64}}){matching}
GROUP BY TraceId
HAVING Began >= {{from_us:Int64}} * 1000 AND Began < ({{until_us:Int64}} + 1) * 1000{having}
ORDER BY Rank {direction}, TraceId {direction}
LIMIT {{limit:UInt32}}
"""

# Start narrows the rows to the partitions of the traces.
_ROWS: Final = """
SELECT TraceId, max(RootService), max(RootName),
    toUnixTimestamp64Nano(min(Start)), toUnixTimestamp64Nano(max(End)), sum(Spans), sum(Errors),
    arraySort(groupUniqArrayArray(Services))
FROM mesh_trace_summaries
WHERE TraceId IN {ids:Array(String)}
    AND Start >= fromUnixTimestamp64Nano({first:Int64})
    AND Start <= fromUnixTimestamp64Nano({last:Int64} + 1000 * SPREAD)
GROUP BY TraceId
""".replace("SPREAD", str(SPREAD_US))


def ids(listing: Listing, after: Cursor | None) -> tuple[str, dict[str, object]]:
    """SQL and parameters for (id, rank, start, end) of one page and the row behind it."""
    window = listing.window
    parameters: dict[str, object] = {
        "from_us": window.start,
        "until_us": window.end,
        "limit": listing.limit + 1,
        "low_us": max(0, window.start - SPREAD_US),
        "high_us": window.end + SPREAD_US,
    }
    having = ""
    for sql, name, value in (
        ("has(groupUniqArrayArray(Services), {of_service:String})", "of_service", listing.service or None),
        ("Ended - Began >= {shortest_ns:Int64}", "shortest_ns", listing.shortest),
        ("Ended - Began <= {longest_ns:Int64}", "longest_ns", listing.longest),
    ):
        if value is not None:
            having += f" AND {sql}"
            parameters[name] = value
    if listing.failed is not None:
        having += f" AND sum(Errors) {'>' if listing.failed else '='} 0"
    if after:
        beyond = "<" if listing.descending else ">"
        kind = "String" if listing.order is Order.ROOT else "Int64"
        having += f" AND (Rank, TraceId) {beyond} ({{rank:{kind}}}, {{trace:String}})"
        parameters |= {"rank": after.rank, "trace": after.trace_id}
    matching = ""
    for condition in listing.matching:
        matching += f" AND TraceId IN ({condition.sql})"
        parameters |= condition.parameters
    sql = _IDS.format(
        rank=_RANK[listing.order],
        matching=matching,
        having=having,
        direction="DESC" if listing.descending else "ASC",
    )
    return sql, parameters


def rows(found: list[tuple[Any, ...]]) -> tuple[str, dict[str, object]]:
    """SQL and parameters for the lines of a page's traces, in no order."""
    starts = [row[2] for row in found]
    return _ROWS, {"ids": [row[0] for row in found], "first": min(starts), "last": max(starts)}


def line(row: tuple[Any, ...]) -> dict[str, Any]:
    """One trace: start in microseconds since the epoch, duration in milliseconds."""
    trace_id, service, name, start, end, spans, errors, services = row
    return {
        "traceId": trace_id,
        "rootService": service,
        "rootOperation": name,
        "start": start // 1000,
        "duration": (end - start) / 1e6,
        "spans": spans,
        "errors": errors,
        "services": [each for each in services if each],
    }
