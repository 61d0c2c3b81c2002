"""Our own routes to find stored traces: search in any order with stable pages, and completions for it."""

from aiohttp import web

from collector.clock import MeshClock
from collector.query.bounded_reader import BoundedReader
from collector.query.search import suggest
from collector.query.search.pages import Pages
from collector.query.search.request import parse_search
from collector.query.search.suggest import suggestions
from collector.query.serving import ApiRequest, serve
from proxy.contract.api import trace_routes
from proxy.contract.api.search import Suggestions, TracePage


class SearchRoutes:
    """Handlers over the stored traces; ``clock`` is the mesh's."""

    def __init__(self, store: BoundedReader, clock: MeshClock) -> None:
        self._store = store
        self._pages = Pages(store)
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        return [
            serve(trace_routes.SEARCH, self.search),
            serve(trace_routes.SUGGEST, self.suggest),
        ]

    async def search(self, request: ApiRequest) -> TracePage:
        search = parse_search(request.query, *self._clock.present_us())
        page = await self._pages.page(search)
        listing = search.listing
        return {
            "traces": await self._pages.lines(page),
            "next": page.next_cursor or None,
            "partial": page.partial,
            "order": listing.order,
            "dir": "desc" if listing.descending else "asc",
            "window": {"start": page.window.start, "end": page.window.end},
        }

    async def suggest(self, request: ApiRequest) -> Suggestions:
        return await suggestions(self._store, suggest.parse_request(request.query))
