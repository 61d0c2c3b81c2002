"""The spans of traces by their ids, in two queries: where in time the traces lie, then the spans there.

The order of otel_traces begins with ten minutes of time, so bounds in time keep a query away from all other
granules, also from those that the bloom filter of the id takes for the trace's. Two queries: as a subquery
the ten-minute ranges cost more to plan than a second round trip.
"""

from collections.abc import Sequence
from typing import Any, Final

from collector.query.bounded_reader import BoundedReader
from collector.query.sql import Sql

UNLIMITED: Final = (1 << 64) - 1
_STRETCH: Final = 600  # seconds, the ten minutes of the order
_LONGEST: Final = 10 * 86_400  # of a trace in seconds; a longer one is searched in all the time it spans

# One row for each part a trace was written in. One thread in both queries: a few granules are not worth
# waking others for.
_EXTENTS: Final = Sql("""
SELECT toUInt32(toStartOfTenMinutes(Start)), toUInt32(End)
FROM otel_traces_trace_id_ts
WHERE TraceId IN {ids:Array(String)}
SETTINGS max_threads = 1
""")
_SPANS: Final = Sql("""
SELECT {columns}
FROM otel_traces
WHERE {within}
LIMIT {limit:UInt64}
SETTINGS max_threads = 1
""")
_WITHIN: Final = Sql("""TraceId IN {ids:Array(String)}
    AND Timestamp >= fromUnixTimestamp({first:Int64}) AND Timestamp <= fromUnixTimestamp({last:Int64})""")
_STRETCHES: Final = Sql(" AND toStartOfTenMinutes(Timestamp) IN {stretches:Array(DateTime)}")


def extents(ids: Sequence[str]) -> Sql:
    """(first ten minutes, last second) of the traces, in epoch seconds: ``within`` takes the rows."""
    return _EXTENTS.bind(ids=list(ids))


def within(ids: Sequence[str], extents: Sequence[tuple[Any, ...]]) -> Sql | None:
    """Return the condition that a span is of these traces, bounded in time; None when none is stored."""
    if not extents:
        return None
    # Times are cut to seconds, hence the one added.
    condition = _WITHIN.bind(
        ids=list(ids),
        first=min(start for start, _ in extents),
        last=max(end for _, end in extents) + 1,
    )
    # A trace of weeks would list thousands of stretches: more to parse than to read.
    if any(end - start > _LONGEST for start, end in extents):
        return condition
    stretches = {at for start, end in extents for at in range(start, end + 1, _STRETCH)}
    return condition + _STRETCHES.bind(stretches=sorted(stretches))


def spans(columns: str, ids: Sequence[str], limit: int, extents: Sequence[tuple[Any, ...]]) -> Sql | None:
    """SQL ``columns`` of at most ``limit`` spans, in no order; None when none of the traces is stored."""
    condition = within(ids, extents)
    return condition and _SPANS.fill(columns=columns, within=condition).bind(limit=limit)


async def read(
    store: BoundedReader, columns: str, ids: Sequence[str], limit: int = UNLIMITED
) -> list[tuple[Any, ...]]:
    """SQL ``columns`` of the spans of these traces, in no order. Raises TryLaterError."""
    query = spans(columns, ids, limit, await store.rows(extents(ids)))
    return await store.rows(query) if query else []
