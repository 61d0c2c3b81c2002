"""Our own routes to find stored traces: search in any order with stable pages, and completions for it."""

from collections.abc import Callable

from aiohttp import web

from collector.query.bounded_reader import BoundedReader
from collector.query.replies import ok
from collector.query.search.pages import Finder
from collector.query.search.request import mesh_search
from collector.query.search.suggest import asked, suggestions


class SearchRoutes:
    """Handlers over the stored traces; ``clock`` gives epoch seconds."""

    def __init__(self, store: BoundedReader, clock: Callable[[], float]) -> None:
        self._store = store
        self._finder = Finder(store)
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/mesh/search", self.search),
            web.get("/api/mesh/suggest", self.suggest),
        ]

    async def search(self, request: web.Request) -> web.Response:
        search = mesh_search(request.query, round(self._clock() * 1e6))
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

    async def suggest(self, request: web.Request) -> web.Response:
        return ok(await suggestions(self._store, asked(request.query)))
