"""Routes of stored log records: page by page, and how many each span of a trace has."""

from collections.abc import Callable

from aiohttp import web

from collector.query.bounded_reader import BoundedReader
from collector.query.logs import records
from collector.query.replies import ok, rendered


class LogRoutes:
    """Handlers over the stored log records; ``clock`` gives epoch seconds."""

    def __init__(self, store: BoundedReader, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/mesh/logs", self.logs),
            web.get("/api/mesh/logs/spans", self.counts),
        ]

    async def logs(self, request: web.Request) -> web.Response:
        wanted = records.asked(request.query, self._now_us())
        rows = await self._store.rows(records.page(wanted))
        return await rendered(lambda: records.told(wanted, rows))

    async def counts(self, request: web.Request) -> web.Response:
        trace, _ = records.of_trace(request.query, needed=True)
        window = records.window(request.query, self._now_us(), of_trace=True)
        return ok(records.counted(await self._store.rows(records.spans(trace, window))))

    def _now_us(self) -> int:
        return round(self._clock() * 1e6)
