"""Which traces of a window are looked at closely: a bounded, repeatable choice among all. Pure SQL.

Traces are chosen by a hash of their id, so that the choice depends on nothing they contain, is
the same again, and that of a larger limit includes that of a smaller.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from zlib import crc32

from collector.query.params import Window
from collector.query.search.span_conditions import Condition, Search, conditions

# In which ten minutes traces began: how many of either side.
_STRETCHES: Final = """
SELECT toUInt32(toStartOfTenMinutes(began)) AS stretch, countIf(side = 1), countIf(side = 0)
FROM (SELECT began, {side} AS side FROM ({traces}))
GROUP BY stretch
"""
_SIDES: Final = """
SELECT TraceId, side
FROM (SELECT TraceId, {side} AS side, began FROM ({traces}))
WHERE toUInt32(toStartOfTenMinutes(began)) IN {{stretches:Array(UInt32)}}
ORDER BY cityHash64(TraceId), TraceId
LIMIT {{sample:UInt32}} BY side
"""
_LOAD: Final = """
SELECT toUInt32(toStartOfTenMinutes(Timestamp)) AS stretch, count()
FROM otel_traces
WHERE Timestamp >= fromUnixTimestamp64Micro({start:Int64})
    AND Timestamp <= fromUnixTimestamp64Micro({end:Int64})
GROUP BY stretch
"""
# (TraceId, took, failed, began) of traces in a window: by their spans of an operation, or as a whole.
_BY_SPANS: Final = """SELECT TraceId, max(Duration) AS took, max(StatusCode = 'Error') AS failed,
    min(Timestamp) AS began
FROM otel_traces WHERE {conditions} GROUP BY TraceId"""
_WHOLE: Final = """SELECT TraceId,
    toUInt64(toUnixTimestamp64Nano(max(End)) - toUnixTimestamp64Nano(min(Start))) AS took,
    sum(Errors) > 0 AS failed, min(Start) AS began
FROM mesh_trace_summaries
WHERE Start >= fromUnixTimestamp64Micro({start:Int64}) AND Start <= fromUnixTimestamp64Micro({end:Int64})
GROUP BY TraceId"""
_THRESHOLD: Final = "SELECT count(), toUInt64(quantileExact({share})(took)) FROM ({traces})"


def traces(window: Window, service: str, operation: str) -> Condition:
    """The traces a question is about, with what their part in it took and whether it failed."""
    if not service and not operation:
        return Condition(_WHOLE, {"start": window.start, "end": window.end})
    parts = conditions(Search(window, service, operation))
    parameters: dict[str, object] = {}
    for part in parts:
        parameters |= part.parameters
    return Condition(_BY_SPANS.format(conditions=" AND ".join(part.sql for part in parts)), parameters)


def threshold(of: Condition, share: float) -> Condition:
    """(number of traces, nanoseconds that ``share`` of them took at most)."""
    return Condition(_THRESHOLD.format(share=share, traces=of.sql), of.parameters)


def chosen(of: Condition, size: int) -> Condition:
    """(id, how many there are) of at most ``size`` traces."""
    sql = f"""SELECT TraceId, count() OVER () FROM ({of.sql})
ORDER BY cityHash64(TraceId), TraceId LIMIT {{sample:UInt32}}"""
    return Condition(sql, {**of.parameters, "sample": size})


def stretches(of: Condition, side: Condition) -> Condition:
    """(ten minutes as epoch seconds, traces of side 1, traces of side 0)."""
    sql = _STRETCHES.format(side=f"toUInt8({side.sql})", traces=of.sql)
    return Condition(sql, {**of.parameters, **side.parameters})


def load(window: Window) -> Condition:
    """(ten minutes as epoch seconds, spans in them)."""
    return Condition(_LOAD, {"start": window.start, "end": window.end})


def affordable(found: Sequence[tuple[int, int, int]], spans: Mapping[int, int], most: int) -> list[int]:
    """The stretches to look at, together of about ``most`` ``spans``, at least one for each side.

    Half of them are for side 1, half for side 0; first what has both, else in an order that depends on
    nothing that happened in them.
    """
    if sum(spans.values()) <= most:
        return sorted(row[0] for row in found)
    chosen: set[int] = set()
    for side in (1, 2):
        left = most / 2
        those = [row for row in found if row[side]]
        for row in sorted(those, key=lambda row: (not (row[1] and row[2]), crc32(str(row[0]).encode()))):
            if left <= 0:
                break
            chosen.add(row[0])
            left -= spans.get(row[0], 0)
    return sorted(chosen)


def sides(of: Condition, side: Condition, size: int, among: Sequence[int]) -> Condition:
    """(id, side) of at most ``size`` traces of each side, 0 and 1, that began in these stretches."""
    sql = _SIDES.format(side=f"toUInt8({side.sql})", traces=of.sql)
    return Condition(sql, {**of.parameters, **side.parameters, "sample": size, "stretches": list(among)})
