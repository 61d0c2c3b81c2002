"""Our own routes over the stored traces: search in any order with stable pages, what is different
about some of them, many as one tree, suggestions, and the logs that were written meanwhile."""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from collector.query import params
from collector.query.analysis import attribute_comparison
from collector.query.analysis.attribute_comparison import Different
from collector.query.bounded_reader import Store
from collector.query.errors import BadValueError
from collector.query.logs import records
from collector.query.replies import ok, rendered
from collector.query.search.pages import Finder
from collector.query.search.request import mesh_search
from collector.query.search.suggest import asked, suggestions
from collector.query.search.traces import Traces

AGGREGATE_DEFAULT: Final = 200  # traces
AGGREGATE_MAX: Final = 2000


class ExploreRoutes:
    """Handlers over the stored traces; ``clock`` gives epoch seconds."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._finder = Finder(store)
        self._different = Different(store)
        self._traces = Traces(store)
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/mesh/search", self.search),
            web.get("/api/mesh/search/different", self.different),
            web.get("/api/mesh/aggregate", self.aggregate),
            web.get("/api/mesh/suggest", self.suggest),
            web.get("/api/mesh/logs", self.logs),
            web.get("/api/mesh/logs/spans", self.logs_of_spans),
        ]

    async def search(self, request: web.Request) -> web.Response:
        search = mesh_search(request.query, self._now_us())
        page = await self._finder.page(search)
        wanted = search.listing
        return ok(
            {
                "traces": await self._finder.lines(page),
                "next": page.following or None,
                "partial": page.partial,
                "order": wanted.order,
                "dir": "desc" if wanted.descending else "asc",
                "window": {"start": page.window.start, "end": page.window.end},
            }
        )

    async def different(self, request: web.Request) -> web.Response:
        return ok(await self._different.told(attribute_comparison.asked(request.query, self._now_us())))

    async def aggregate(self, request: web.Request) -> web.Response:
        query = request.query
        service, operation = query.get("service", ""), query.get("operation", "")
        if not service or not operation:
            raise BadValueError("service or operation is missing: add service=NAME&operation=NAME")
        window = params.search_window(query, self._now_us())
        limit = params.whole(query, "limit", AGGREGATE_DEFAULT, 1, AGGREGATE_MAX)
        found = await self._traces.aggregate(window, service, operation, limit)
        return ok({"window": {"start": window.start, "end": window.end}, **found})

    async def suggest(self, request: web.Request) -> web.Response:
        return ok(await suggestions(self._store, asked(request.query)))

    async def logs(self, request: web.Request) -> web.Response:
        wanted = records.asked(request.query, self._now_us())
        rows = await self._store.rows(*records.page(wanted))
        return await rendered(lambda: records.told(wanted, rows))

    async def logs_of_spans(self, request: web.Request) -> web.Response:
        trace, _ = records.of_trace(request.query, needed=True)
        within = records.window(request.query, self._now_us(), of_trace=True)
        return ok(records.counted(await self._store.rows(*records.spans(trace, within))))

    def _now_us(self) -> int:
        return round(self._clock() * 1e6)
