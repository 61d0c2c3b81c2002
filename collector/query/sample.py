"""Which traces of a window are looked at closely: a bounded, repeatable choice among all. Pure SQL.

Traces are chosen by a hash of their id, so that the choice depends on nothing they contain, is
the same again, and that of a larger limit includes that of a smaller.
"""

from typing import Final

from collector.query.params import Window
from collector.query.search import Condition, Search, conditions

# Of each side its number of traces, and the chosen ones.
_SIDES: Final = """
SELECT TraceId, side, total FROM (
    SELECT TraceId, side, count() OVER (PARTITION BY side) AS total
    FROM (SELECT TraceId, {side} AS side FROM ({traces}))
)
ORDER BY cityHash64(TraceId), TraceId
LIMIT {{sample:UInt32}} BY side
"""
# (TraceId, took, failed) of traces in a window: by their spans of an operation, or as a whole.
_BY_SPANS: Final = """SELECT TraceId, max(Duration) AS took, max(StatusCode = 'Error') AS failed
FROM otel_traces WHERE {conditions} GROUP BY TraceId"""
_WHOLE: Final = """SELECT TraceId,
    toUInt64(toUnixTimestamp64Nano(max(End)) - toUnixTimestamp64Nano(min(Start))) AS took,
    sum(Errors) > 0 AS failed
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


def sides(of: Condition, side: Condition, size: int) -> Condition:
    """(id, side, how many the side has) of at most ``size`` traces of each side, 0 and 1."""
    sql = _SIDES.format(side=f"toUInt8({side.sql})", traces=of.sql)
    return Condition(sql, {**of.parameters, **side.parameters, "sample": size})
