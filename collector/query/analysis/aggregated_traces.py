"""Many traces of one operation, read from the store and made one tree."""

import asyncio
from typing import Final

from collector.query.analysis import trace_aggregate, trace_sample
from collector.query.analysis.trace_aggregate import TreeSpan
from collector.query.bounded_reader import BoundedReader
from collector.query.params import Window
from collector.query.search import spans_by_id
from proxy.contract.api.analysis import AggregatedTraces

SPANS_MAX: Final = 100_000  # of one tree
# The columns of TreeSpan, in its order.
_COLUMNS: Final = """TraceId, SpanId, ParentSpanId, ServiceName, SpanName, SpanKind,
    StatusCode = 'Error', toUnixTimestamp64Nano(Timestamp), Duration"""


async def aggregate(
    store: BoundedReader, window: Window, service: str, operation: str, limit: int
) -> AggregatedTraces:
    """Return a sample of the traces with an operation as one tree; ``matching`` is how many there are.

    Fewer than ``limit`` are read where they have too many spans together: ``traces`` says how many.
    """
    sample = trace_sample.sample(trace_sample.traces(window, service, operation), limit)
    rows = await store.rows(sample)
    ids = [row[0] for row in rows]
    while True:
        spans = await spans_by_id.read(store, _COLUMNS, ids, SPANS_MAX + 1)
        if len(spans) <= SPANS_MAX or len(ids) == 1:
            break
        # Twice what would fit on average: the next try is more likely the last.
        ids = ids[: max(1, len(ids) * SPANS_MAX // (2 * len(spans)))]
    # In a thread: the event loop also takes in spans.
    tree = await asyncio.to_thread(
        lambda: trace_aggregate.tree(service, operation, (TreeSpan._make(row) for row in spans))
    )
    return {
        "window": {"start": window.start, "end": window.end},
        "matching": rows[0][1] if rows else 0,
        "traces": tree.traces,
        "cut": tree.cut or len(spans) > SPANS_MAX,
        "nodes": tree.nodes,
    }
