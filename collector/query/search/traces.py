"""Traces from the store: a search gives ids first, then every span of those traces."""

from collections import defaultdict
from collections.abc import Sequence

from collector.query.bounded_reader import BoundedReader
from collector.query.search import spans_by_id
from collector.query.search.span_conditions import Search, trace_ids
from collector.query.search.span_row import COLUMNS, SpanRow


class Traces:
    """Whole traces as lists of spans, in the order of their ids. Raises TryLaterError."""

    def __init__(self, store: BoundedReader) -> None:
        self._store = store

    async def search(self, search: Search) -> list[list[SpanRow]]:
        """Return the newest matching traces, complete, newest first."""
        return await self.by_ids(await self.ids(search))

    async def ids(self, search: Search) -> list[str]:
        """Return the ids of the newest matching traces, newest first."""
        return [row[0] for row in await self._store.rows(trace_ids(search))]

    async def by_ids(self, ids: Sequence[str]) -> list[list[SpanRow]]:
        """Return the traces of these ids that are stored, each span of them once, in order of start."""
        if not ids:
            return []
        traces: dict[str, list[SpanRow]] = defaultdict(list)
        for row in await spans_by_id.read(self._store, COLUMNS, ids):
            traces[row[0]].append(SpanRow._make(row))
        return [_in_order(traces[trace_id]) for trace_id in dict.fromkeys(ids) if trace_id in traces]


def _in_order(spans: list[SpanRow]) -> list[SpanRow]:
    # Zipkin's client and server share an id, so that the kind belongs to it.
    spans.sort(key=lambda span: (span.start, span.span_id, span.kind))
    # Exporters and Collectors send spans again in other batches, which the store has as new ones. Only equal
    # ones are left out: what shares no more than an id should be seen.
    return [span for at, span in enumerate(spans) if not at or span != spans[at - 1]]
