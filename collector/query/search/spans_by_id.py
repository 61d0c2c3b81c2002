"""The spans of traces by id: first where in time they lie, then what is asked of them, only there.

The order of otel_traces begins with the ten minutes, so what is known of those keeps a question away from
all others, and from granules that the bloom filter takes for the trace's. Two questions, as the stretches
within one, as a subquery, cost more to plan than they do to ask.
"""

from collections.abc import Sequence
from typing import Any, Final

from collector.query.bounded_reader import Store
from collector.query.search.span_conditions import Condition

UNLIMITED: Final = (1 << 64) - 1
_STRETCH: Final = 600  # seconds, the ten minutes of the order
_LONGEST: Final = 10 * 86_400  # of a trace in seconds; of a longer one the stretches are not told apart

# A row for each part a trace was written to. One thread in both: a few granules are not worth waking
# others for.
_LIE: Final = """
SELECT toUInt32(toStartOfTenMinutes(Start)), toUInt32(End)
FROM otel_traces_trace_id_ts
WHERE TraceId IN {ids:Array(String)}
SETTINGS max_threads = 1
"""
_SPANS: Final = """
SELECT {columns}
FROM otel_traces
WHERE {within}
LIMIT {{limit:UInt64}}
SETTINGS max_threads = 1
"""
_WITHIN: Final = """TraceId IN {ids:Array(String)}
    AND Timestamp >= fromUnixTimestamp({first:Int64}) AND Timestamp <= fromUnixTimestamp({last:Int64})"""
_STRETCHES: Final = " AND toStartOfTenMinutes(Timestamp) IN {stretches:Array(DateTime)}"


def lie(ids: Sequence[str]) -> Condition:
    """Where traces lie: rows for ``within`` and ``spans``."""
    return Condition(_LIE, {"ids": list(ids)})


def within(ids: Sequence[str], found: Sequence[tuple[Any, ...]]) -> Condition | None:
    """Whether a span is of these traces, told where to look; None when there are no such traces."""
    if not found:
        return None
    # Times are cut to seconds, hence the one added.
    parameters = {
        "ids": list(ids),
        "first": min(start for start, _ in found),
        "last": max(end for _, end in found) + 1,
    }
    if any(end - start > _LONGEST for start, end in found):
        return Condition(_WITHIN, parameters)
    stretches = {at for start, end in found for at in range(start, end + 1, _STRETCH)}
    return Condition(_WITHIN + _STRETCHES, {**parameters, "stretches": sorted(stretches)})


def spans(columns: str, ids: Sequence[str], limit: int, found: Sequence[tuple[Any, ...]]) -> Condition | None:
    """SQL ``columns`` of at most ``limit`` spans, in no order; None when there are no such traces."""
    there = within(ids, found)
    if there is None:
        return None
    sql = _SPANS.format(columns=columns, within=there.sql)
    return Condition(sql, {**there.parameters, "limit": limit})


async def read(
    store: Store, columns: str, ids: Sequence[str], limit: int = UNLIMITED
) -> list[tuple[Any, ...]]:
    """SQL ``columns`` of the spans of these traces, in no order. Raises TryLaterError."""
    where = lie(ids)
    found = await store.rows(where.sql, where.parameters)
    asked = spans(columns, ids, limit, found)
    return await store.rows(asked.sql, asked.parameters) if asked else []
