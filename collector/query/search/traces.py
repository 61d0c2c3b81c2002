"""Traces from the store: search gives ids first, then every span of those traces."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from collector.query.analysis import trace_aggregate, trace_sample
from collector.query.analysis.trace_aggregate import Brief
from collector.query.bounded_reader import Store
from collector.query.jaeger.spans import SpanRow
from collector.query.params import Window
from collector.query.search import spans_by_id
from collector.query.search.span_conditions import Search, trace_ids

# The columns of SpanRow, in its order.
COLUMNS: Final = """
    TraceId, SpanId, ParentSpanId, TraceState, SpanName, SpanKind, ServiceName, ResourceAttributes,
    ScopeName, ScopeVersion, SpanAttributes, toUnixTimestamp64Nano(Timestamp), Duration,
    StatusCode, StatusMessage,
    arrayMap(t -> toUnixTimestamp64Nano(t), Events.Timestamp), Events.Name, Events.Attributes,
    Links.TraceId, Links.SpanId, Links.Attributes
"""

_BRIEF: Final = """TraceId, SpanId, ParentSpanId, ServiceName, SpanName, SpanKind,
    StatusCode = 'Error', toUnixTimestamp64Nano(Timestamp), Duration"""
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
        choice = trace_sample.chosen(trace_sample.traces(window, service, operation), limit)
        rows = await self._store.rows(choice.sql, choice.parameters)
        ids = [row[0] for row in rows]
        while True:
            briefs = await spans_by_id.read(self._store, _BRIEF, ids, AGGREGATED_MAX + 1)
            if len(briefs) <= AGGREGATED_MAX or len(ids) == 1:
                break
            ids = ids[: max(1, len(ids) * AGGREGATED_MAX // (2 * len(briefs)))]
        made = await asyncio.to_thread(
            lambda: trace_aggregate.tree(service, operation, (Brief._make(row) for row in briefs))
        )
        cut = made["cut"] or len(briefs) > AGGREGATED_MAX
        return {"matching": rows[0][1] if rows else 0, **made, "cut": cut}

    async def by_ids(self, ids: Sequence[str]) -> list[list[SpanRow]]:
        """The traces of these ids that are stored, each with its spans in order of start."""
        if not ids:
            return []
        traces: dict[str, list[SpanRow]] = defaultdict(list)
        for row in await spans_by_id.read(self._store, COLUMNS, ids):
            traces[row[0]].append(SpanRow._make(row))
        for spans in traces.values():
            spans.sort(key=lambda span: (span.start, span.span_id))
        return [traces[trace_id] for trace_id in dict.fromkeys(ids) if trace_id in traces]
