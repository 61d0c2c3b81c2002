"""Traces in one line each, in any order over the whole window, page by page. Pure SQL.

A trace belongs to the window it starts in, so that neighbouring windows share none. It is read
from mesh_trace_summaries, whose rows of one trace add up; conditions on spans pick ids in
otel_traces. The order is total: equal ranks come in order of the trace id, both in the
direction asked for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from collector.query.params import Window
from collector.query.search.cursor import Cursor
from collector.query.sql import Sql, join
from collector.query.stored_services import of_ids
from proxy.contract.api.search import TraceLine

# Rows of one trace come with the batches its spans arrived in. One whose spans start further
# apart than this from its first may be counted in a window it did not start in.
SPREAD_US: Final = 3_600_000_000


class Order(StrEnum):
    """The rank of a trace: a number, but ROOT the text of the root's service and name."""

    START = "start"
    DURATION = "duration"
    SPANS = "spans"
    ERRORS = "errors"
    SERVICES = "services"
    ROOT = "root"


_RANK: Final[Mapping[Order, str]] = {
    Order.START: "toInt64(Began)",
    # All of one type but ROOT, as the rank in a cursor is compared with them.
    Order.DURATION: "toInt64(Ended - Began)",
    Order.SPANS: "toInt64(sum(Spans))",
    Order.ERRORS: "toInt64(sum(Errors))",
    Order.SERVICES: "toInt64(length(arrayFilter(each -> each != '', groupUniqArrayArray(Services))))",
    # The cursor holds the rank, so that it must be short.
    Order.ROOT: "concat(substringUTF8(max(RootService), 1, 60), '\\n', substringUTF8(max(RootName), 1, 60))",
}


@dataclass(frozen=True, slots=True)
class Listing:
    """The traces of a search, and their order.

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
    matching: tuple[Sql, ...] = field(default=())


_IDS: Final = Sql("""
SELECT TraceId, {rank} AS Rank,
    toUnixTimestamp64Nano(min(Start)) AS Began, toUnixTimestamp64Nano(max(End)) AS Ended
FROM mesh_trace_summaries
WHERE {where}
GROUP BY TraceId
HAVING {having}
ORDER BY Rank {direction}, TraceId {direction}
LIMIT {limit:UInt32}
""")
# Rows of a trace that starts in the window: the partitions to read, then the exact bounds.
_NEAR: Final = Sql(
    "Start >= fromUnixTimestamp64Micro({low_us:Int64}) AND Start <= fromUnixTimestamp64Micro({high_us:Int64})"
)
_WITHIN: Final = Sql("Began >= {from_us:Int64} * 1000 AND Began < ({until_us:Int64} + 1) * 1000")

# Start narrows the rows to the partitions of the traces.
_ROWS: Final = Sql("""
SELECT TraceId, max(RootService), max(RootName),
    toUnixTimestamp64Nano(min(Start)), toUnixTimestamp64Nano(max(End)), sum(Spans), sum(Errors),
    arraySort(groupUniqArrayArray(Services))
FROM mesh_trace_summaries
WHERE TraceId IN {ids:Array(String)}
    AND Start >= fromUnixTimestamp64Nano({first:Int64})
    AND Start <= fromUnixTimestamp64Nano({last:Int64} + 1000 * {spread_us:Int64})
GROUP BY TraceId
""")


def ids(listing: Listing, after: Cursor | None) -> Sql:
    """(id, rank, start, end) of the traces of one page and the one behind it."""
    window = listing.window
    # Rows of a trace may start before or after the trace does: a wider stretch is read, its bounds checked
    # after.
    near = _NEAR.bind(low_us=max(0, window.start - SPREAD_US), high_us=window.end + SPREAD_US)
    of_spans = (Sql("TraceId IN ({ids})").fill(ids=each) for each in listing.matching)
    # Conditions on spans go to WHERE by id, those on a whole trace to HAVING: one row of a trace knows only
    # the spans of one batch.
    # The limit is one more than the page: the row beyond it shows that there is a next page, without counting
    # all matches.
    return _IDS.fill(
        rank=_RANK[listing.order],
        where=join(" AND ", (near, *of_spans)),
        having=join(" AND ", _having(listing, after)),
        direction="DESC" if listing.descending else "ASC",
    ).bind(limit=listing.limit + 1)


def _having(listing: Listing, after: Cursor | None) -> Iterable[Sql]:
    """Conditions on whole traces, which their rows give only together."""
    yield _WITHIN.bind(from_us=listing.window.start, until_us=listing.window.end)
    if listing.service:
        has_service = Sql("arrayExists(each -> {of_service}, groupUniqArrayArray(Services))")
        yield has_service.fill(of_service=of_ids("each", listing.service))
    if listing.shortest is not None:
        yield Sql("Ended - Began >= {shortest_ns:Int64}", {"shortest_ns": listing.shortest})
    if listing.longest is not None:
        yield Sql("Ended - Began <= {longest_ns:Int64}", {"longest_ns": listing.longest})
    if listing.failed is not None:
        yield Sql("sum(Errors) > 0" if listing.failed else "sum(Errors) = 0")
    if after:
        # The pair, not the rank alone: traces of equal rank may lie on both sides of a page's end.
        behind = Sql("(Rank, TraceId) {beyond} ({rank}, {trace:String})").fill(
            beyond="<" if listing.descending else ">",
            rank="{rank:String}" if listing.order is Order.ROOT else "{rank:Int64}",
        )
        yield behind.bind(rank=after.rank, trace=after.trace_id)


def rows(found: list[tuple[Any, ...]]) -> Sql:
    """Return the columns that are shown of the traces of a page (rows of ``ids``), in no order."""
    starts = [row[2] for row in found]
    return _ROWS.bind(ids=[row[0] for row in found], first=min(starts), last=max(starts), spread_us=SPREAD_US)


def line(row: tuple[Any, ...]) -> TraceLine:
    """Return one trace: start in microseconds since the epoch, duration in milliseconds."""
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
