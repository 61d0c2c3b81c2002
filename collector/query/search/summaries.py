"""Traces in one line each, as Jaeger's v3 search shows them (TraceSummary)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from collector.query.bounded_reader import BoundedReader
from collector.query.search import spans_by_id

_COLUMNS: Final = """TraceId, SpanId, ParentSpanId, ServiceName, SpanName, StatusCode = 'Error',
    toUnixTimestamp64Nano(Timestamp), Duration"""


class SummarySpan(NamedTuple):
    """The columns of a span that a summary needs; times in nanoseconds."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str
    failed: int
    start: int
    duration: int


async def summaries(store: BoundedReader, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Summaries of the stored traces of these ids, in their order."""
    if not ids:
        return []
    traces: dict[str, list[SummarySpan]] = defaultdict(list)
    for row in await spans_by_id.read(store, _COLUMNS, ids):
        traces[row[0]].append(SummarySpan._make(row))
    return [summary(traces[trace_id]) for trace_id in ids if trace_id in traces]


def summary(spans: Iterable[SummarySpan]) -> dict[str, Any]:
    """Return one trace. Its root is the first span without a parent; orphans name a parent it lacks."""
    ordered = sorted(spans, key=lambda span: (span.start, span.span_id))
    known = {span.span_id for span in ordered}
    # Orphans have no root in the store: then names are empty, as Jaeger gives them.
    # (In order of start, so that of several roots the first one names the trace.)
    root = next((span for span in ordered if not span.parent_id), None)
    services: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for span in ordered:
        services[span.service][0] += 1
        services[span.service][1] += span.failed
    return {
        "traceId": ordered[0].trace_id,
        "rootServiceName": root.service if root else "",
        "rootOperationName": root.name if root else "",
        "minStartTimeUnixNano": str(ordered[0].start),
        "maxEndTimeUnixNano": str(max(span.start + span.duration for span in ordered)),
        "spanCount": len(ordered),
        "errorSpanCount": sum(span.failed for span in ordered),
        "orphanSpanCount": sum(bool(span.parent_id) and span.parent_id not in known for span in ordered),
        "services": [
            {"name": name, "spanCount": count, "errorSpanCount": failed}
            for name, (count, failed) in sorted(services.items())
        ],
    }
