"""Routes of stored log records: page by page, and how many each span of a trace has."""

import asyncio

from aiohttp import web

from collector.clock import MeshClock
from collector.query.bounded_reader import BoundedReader
from collector.query.logs import records
from collector.query.serving import ApiRequest, serve
from proxy.contract.api import trace_routes
from proxy.contract.api.search import LogCounts, LogPage


class LogRoutes:
    """Handlers over the stored log records; ``clock`` is the mesh's."""

    def __init__(self, store: BoundedReader, clock: MeshClock) -> None:
        self._store = store
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        return [
            serve(trace_routes.LOGS, self.logs, large=True),
            serve(trace_routes.LOG_COUNTS, self.counts),
        ]

    async def logs(self, request: ApiRequest) -> LogPage:
        wanted = records.parse_request(request.query, *self._clock.present_us())
        rows = await self._store.rows(records.page(wanted))
        return await asyncio.to_thread(records.render, wanted, rows)

    async def counts(self, request: ApiRequest) -> LogCounts:
        trace, _ = records.trace_and_span(request.query, needed=True)
        window = records.window(request.query, *self._clock.present_us(), of_trace=True)
        return records.render_counts(await self._store.rows(records.spans(trace, window)))
