"""Routes that interpret stored traces: what tells some from the rest, and many as one tree."""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from collector.query import params
from collector.query.analysis import attribute_comparison
from collector.query.analysis.aggregated_traces import aggregate
from collector.query.analysis.attribute_comparison import Different
from collector.query.bounded_reader import BoundedReader
from collector.query.errors import BadValueError
from collector.query.replies import ok

AGGREGATE_DEFAULT: Final = 200  # traces
AGGREGATE_MAX: Final = 2000


class TraceAnalysisRoutes:
    """Handlers over the stored traces; ``clock`` gives epoch seconds."""

    def __init__(self, store: BoundedReader, clock: Callable[[], float]) -> None:
        self._store = store
        self._different = Different(store)
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/mesh/search/different", self.different),
            web.get("/api/mesh/aggregate", self.aggregate),
        ]

    async def different(self, request: web.Request) -> web.Response:
        return ok(await self._different.told(attribute_comparison.asked(request.query, self._now_us())))

    async def aggregate(self, request: web.Request) -> web.Response:
        query = request.query
        service, operation = query.get("service", ""), query.get("operation", "")
        if not service or not operation:
            raise BadValueError("service or operation is missing: add service=NAME&operation=NAME")
        window = params.search_window(query, self._now_us())
        limit = params.whole(query, "limit", AGGREGATE_DEFAULT, 1, AGGREGATE_MAX)
        found = await aggregate(self._store, window, service, operation, limit)
        return ok({"window": {"start": window.start, "end": window.end}, **found})

    def _now_us(self) -> int:
        return round(self._clock() * 1e6)
