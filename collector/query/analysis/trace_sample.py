"""A sample of the traces of a window: a bounded, repeatable choice among all. Pure SQL.

Traces are chosen by a hash of their id, so that the choice depends on nothing they contain, is
the same again, and that of a larger limit includes that of a smaller.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from zlib import crc32

from collector.query.params import Window
from collector.query.search.span_conditions import Search, conditions
from collector.query.sql import Sql, join

# In which ten minutes traces began: how many of either side.
_STRETCHES: Final = Sql("""
SELECT toUInt32(toStartOfTenMinutes(began)) AS stretch, countIf(side = 1), countIf(side = 0)
FROM (SELECT began, toUInt8({side}) AS side FROM ({traces}))
GROUP BY stretch
""")
_SIDES: Final = Sql("""
SELECT TraceId, side
FROM (SELECT TraceId, toUInt8({side}) AS side, began FROM ({traces}))
WHERE toUInt32(toStartOfTenMinutes(began)) IN {stretches:Array(UInt32)}
ORDER BY cityHash64(TraceId), TraceId
LIMIT {sample:UInt32} BY side
""")
_LOAD: Final = Sql("""
SELECT toUInt32(toStartOfTenMinutes(Timestamp)) AS stretch, count()
FROM otel_traces
WHERE Timestamp >= fromUnixTimestamp64Micro({start:Int64})
    AND Timestamp <= fromUnixTimestamp64Micro({end:Int64})
GROUP BY stretch
""")
_CHOSEN: Final = Sql("""SELECT TraceId, count() OVER () FROM ({traces})
ORDER BY cityHash64(TraceId), TraceId LIMIT {sample:UInt32}""")
# (TraceId, took, failed, began) of traces in a window: by their spans of an operation, or as a whole.
_BY_SPANS: Final = Sql("""SELECT TraceId, max(Duration) AS took, max(StatusCode = 'Error') AS failed,
    min(Timestamp) AS began
FROM otel_traces WHERE {conditions} GROUP BY TraceId""")
_WHOLE: Final = Sql("""SELECT TraceId,
    toUInt64(toUnixTimestamp64Nano(max(End)) - toUnixTimestamp64Nano(min(Start))) AS took,
    sum(Errors) > 0 AS failed, min(Start) AS began
FROM mesh_trace_summaries
WHERE Start >= fromUnixTimestamp64Micro({start:Int64}) AND Start <= fromUnixTimestamp64Micro({end:Int64})
GROUP BY TraceId""")
_THRESHOLD: Final = Sql("SELECT count(), toUInt64(quantileExact({share:Float64})(took)) FROM ({traces})")


def traces(window: Window, service: str, operation: str) -> Sql:
    """Return the traces a question is about, with what their part in it took and whether it failed."""
    if not service and not operation:
        return _WHOLE.bind(start=window.start, end=window.end)
    return _BY_SPANS.fill(conditions=join(" AND ", conditions(Search(window, service, operation))))


def threshold(of: Sql, share: float) -> Sql:
    """(number of traces, nanoseconds that ``share`` of them took at most)."""
    return _THRESHOLD.fill(traces=of).bind(share=share)


def sample(of: Sql, size: int) -> Sql:
    """(id, how many there are) of at most ``size`` traces."""
    return _CHOSEN.fill(traces=of).bind(sample=size)


def stretches(of: Sql, side: Sql) -> Sql:
    """(ten minutes as epoch seconds, traces of side 1, traces of side 0)."""
    return _STRETCHES.fill(side=side, traces=of)


def load(window: Window) -> Sql:
    """(ten minutes as epoch seconds, spans in them)."""
    return _LOAD.bind(start=window.start, end=window.end)


def affordable(found: Sequence[tuple[int, int, int]], spans: Mapping[int, int], most: int) -> list[int]:
    """Return the stretches to look at, together of about ``most`` ``spans``, at least one for each side.

    Half of them are for side 1, half for side 0; first what has both, else in an order that depends on
    nothing that happened in them.
    """
    # All of them fit: no choice to be made.
    if sum(spans.values()) <= most:
        return sorted(row[0] for row in found)
    # An order by crc32 of the time: stretches that depend on nothing that happened, and the same again.
    chosen: set[int] = set()
    for side in (1, 2):
        left = most / 2
        those = [row for row in found if row[side]]
        for row in sorted(those, key=lambda row: (not (row[1] and row[2]), crc32(str(row[0]).encode()))):
            # Checked before a stretch is added: each side gets at least one, even if that alone is over the
            # budget.
            if left <= 0:
                break
            chosen.add(row[0])
            left -= spans.get(row[0], 0)
    return sorted(chosen)


def sample_of_sides(of: Sql, side: Sql, size: int, among: Sequence[int]) -> Sql:
    """(id, side) of at most ``size`` traces of each side, 0 and 1, that began in these stretches."""
    return _SIDES.fill(side=side, traces=of).bind(sample=size, stretches=list(among))
