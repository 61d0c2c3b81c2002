"""Traces from the store: search gives ids first, then every span of those traces."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from collector.query import aggregate, sample
from collector.query.aggregate import Brief
from collector.query.jaeger import SpanRow
from collector.query.params import Window
from collector.query.search import Search, trace_ids
from collector.query.store import Store

# The columns of SpanRow, in its order.
_COLUMNS: Final = """
    TraceId, SpanId, ParentSpanId, TraceState, SpanName, SpanKind, ServiceName, ResourceAttributes,
    ScopeName, ScopeVersion, SpanAttributes, toUnixTimestamp64Nano(Timestamp), Duration,
    StatusCode, StatusMessage,
    arrayMap(t -> toUnixTimestamp64Nano(t), Events.Timestamp), Events.Name, Events.Attributes,
    Links.TraceId, Links.SpanId, Links.Attributes
"""

# otel_traces_trace_id_ts tells the stretches of ten minutes that spans of the traces lie in: of any other
# the primary key keeps us away, and with them from granules that the bloom filter takes for ours. Times are
# cut to seconds, hence the one added. One thread: a few granules are not worth waking others for.
_BY_IDS: Final = """
WITH (
    SELECT (min(Start), max(End) + 1, groupUniqArrayArray(arrayMap(
        n -> toStartOfTenMinutes(Start) + 600 * n, range(1 + intDiv(End - toStartOfTenMinutes(Start), 600))
    )))
    FROM otel_traces_trace_id_ts WHERE TraceId IN {ids:Array(String)}
) AS lie
SELECT COLUMNS
FROM otel_traces
WHERE TraceId IN {ids:Array(String)} AND Timestamp >= lie.1 AND Timestamp <= lie.2
    AND has(lie.3, toStartOfTenMinutes(Timestamp))
LIMIT {limit:UInt64}
SETTINGS max_threads = 1
"""


def by_ids(columns: str) -> str:
    """SQL for columns of the spans of the traces ``ids``, at most ``limit`` spans, in no order."""
    return _BY_IDS.replace("COLUMNS", columns)


SPANS: Final = by_ids(_COLUMNS)
UNLIMITED: Final = (1 << 64) - 1
_BRIEF: Final = by_ids("""TraceId, SpanId, ParentSpanId, ServiceName, SpanName, SpanKind,
    StatusCode = 'Error', toUnixTimestamp64Nano(Timestamp), Duration""")
AGGREGATED_MAX: Final = 100_000  # spans of one tree


class Traces:
    """Whole traces as lists of spans, in the order asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def search(self, search: Search) -> list[list[SpanRow]]:
        """The newest matching traces, complete, newest first."""
        return await self.by_ids(await self.ids(search))

    async def ids(self, search: Search) -> list[str]:
        """The ids of the newest matching traces, newest first."""
        sql, parameters = trace_ids(search)
        return [row[0] for row in await self._store.rows(sql, parameters)]

    async def aggregate(self, window: Window, service: str, operation: str, limit: int) -> dict[str, Any]:
        """A sample of the traces with an operation as one tree; ``matching`` is how many there are.

        Of traces that are large together fewer are looked at: ``traces`` says how many.
        """
        choice = sample.chosen(sample.traces(window, service, operation), limit)
        rows = await self._store.rows(choice.sql, choice.parameters)
        ids = [row[0] for row in rows]
        while True:
            briefs = await self._store.rows(_BRIEF, {"ids": ids, "limit": AGGREGATED_MAX + 1})
            if len(briefs) <= AGGREGATED_MAX or len(ids) == 1:
                break
            ids = ids[: max(1, len(ids) * AGGREGATED_MAX // (2 * len(briefs)))]
        made = await asyncio.to_thread(
            lambda: aggregate.tree(service, operation, (Brief._make(row) for row in briefs))
        )
        cut = made["cut"] or len(briefs) > AGGREGATED_MAX
        return {"matching": rows[0][1] if rows else 0, **made, "cut": cut}

    async def by_ids(self, ids: Sequence[str]) -> list[list[SpanRow]]:
        """The traces of these ids that are stored, each with its spans in order of start."""
        if not ids:
            return []
        traces: dict[str, list[SpanRow]] = defaultdict(list)
        for row in await self._store.rows(SPANS, {"ids": list(ids), "limit": UNLIMITED}):
            traces[row[0]].append(SpanRow._make(row))
        for spans in traces.values():
            spans.sort(key=lambda span: (span.start, span.span_id))
        return [traces[trace_id] for trace_id in dict.fromkeys(ids) if trace_id in traces]
