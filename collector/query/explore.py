"""Our own routes over the stored traces: search in any order with stable pages, suggestions."""

from collections.abc import Callable

from aiohttp import web

from collector.query.finder import Finder
from collector.query.params_listing import mesh_search
from collector.query.replies import ok
from collector.query.store import Store
from collector.query.suggest import asked, suggestions


class ExploreRoutes:
    """Handlers over the stored traces; ``clock`` gives epoch seconds."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._finder = Finder(store)
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/mesh/search", self.search),
            web.get("/api/mesh/suggest", self.suggest),
        ]

    async def search(self, request: web.Request) -> web.Response:
        search = mesh_search(request.query, self._now_us())
        page = await self._finder.page(search)
        wanted = search.listing
        return ok({
            "traces": await self._finder.lines(page),
            "next": page.following or None,
            "partial": page.partial,
            "order": wanted.order,
            "dir": "desc" if wanted.descending else "asc",
            "window": {"start": page.window.start, "end": page.window.end},
        })  # fmt: skip

    async def suggest(self, request: web.Request) -> web.Response:
        return ok(await suggestions(self._store, asked(request.query)))

    def _now_us(self) -> int:
        return round(self._clock() * 1e6)
