"""Routes that interpret traffic: what changed between two windows, where to look first, one service."""

from typing import Final

from aiohttp import web

from collector.query import params
from collector.query.analysis import service_page
from collector.query.analysis.graph_diff import difference
from collector.query.analysis.suspects import ranking
from collector.query.bounded_reader import BoundedReader
from collector.query.mesh.live_or_stored import AnsweredWindow, TrafficQueries
from collector.query.mesh.stored_edges import CallFilter
from collector.query.params import Query, Window
from collector.query.serving import ApiRequest, serve
from collector.query.stored_services import of_spans
from proxy.contract.api import mesh_routes
from proxy.contract.api.analysis import GraphDifference, Suspects
from proxy.contract.api.graph import ServicePage, SourcedWindow

WINDOW_US: Final = 300_000_000  # of the difference, by default
SUSPECTS_WINDOW_US: Final = 60_000_000
SERVICE_WINDOW_US: Final = 3_600_000_000
BASELINE_US: Final = 3_600_000_000


class GraphAnalysisRoutes:
    """Handlers over the traffic of memory and store."""

    def __init__(self, store: BoundedReader, traffic: TrafficQueries) -> None:
        self._store = store
        self._traffic = traffic

    def routes(self) -> list[web.RouteDef]:
        return [
            serve(mesh_routes.DIFFERENCE, self.difference),
            serve(mesh_routes.SUSPECTS, self.suspects),
            serve(mesh_routes.SERVICE, self.service),
        ]

    async def difference(self, request: ApiRequest) -> GraphDifference:
        after = self._traffic.within(request.query, WINDOW_US)
        before = self._before(request.query, after.window, after.window.end - after.window.start)
        changes = difference(await self._traffic.by_edge(before), await self._traffic.by_edge(after))
        return {
            "before": _window(before),
            "after": _window(after),
            "edges": changes.edges,
            "services": changes.services,
            "compared": changes.compared,
        }

    async def suspects(self, request: ApiRequest) -> Suspects:
        limit = params.read(request.query, mesh_routes.SUSPECT_LIMIT)
        after = self._traffic.within(request.query, SUSPECTS_WINDOW_US)
        before = self._before(request.query, after.window, BASELINE_US)
        usual, now = await self._traffic.by_edge(before), await self._traffic.by_edge(after)
        found = ranking(now, usual, limit)
        return {
            "window": _window(after),
            "baseline": _window(before),
            "callers": found.callers,
            "basis": found.basis,
            "services": found.services,
        }

    async def service(self, request: ApiRequest) -> ServicePage:
        """Neighbours as live as they can be; what is over time, from the store."""
        name = request.path["service"]
        window = self._traffic.within(request.query, SERVICE_WINDOW_US)
        step = params.step(request.query, window.window)
        # Always from the store: memory keeps no history by step, and a heatmap of the last seconds says
        # little.
        start, end, cells = await self._traffic.edges.slots(window.window, step, CallFilter(service=name))
        rows = await self._store.rows(
            service_page.OPERATIONS.fill(service=of_spans(self._traffic.edges.names().shown(name))).bind(
                start=window.window.start, end=window.window.end
            )
        )
        around = service_page.neighbours(name, await self._traffic.by_edge(window))
        return {
            "service": name,
            "window": _window(window),
            "step": step,
            "stats": around.stats,
            "callers": around.callers,
            "callees": around.callees,
            "points": service_page.points(cells, start, end, step, window.now),
            "heatmap": service_page.heatmap(cells, start, end, step),
            "operations": service_page.operations(rows, max(1.0, window.window.seconds)),
        }

    def _before(self, query: Query, after: Window, default_us: int) -> AnsweredWindow:
        """Return the window to compare with: without one, ``default_us`` directly before."""
        return self._traffic.split(params.window(query, after.start, default_us, "before_"))


def _window(window: AnsweredWindow) -> SourcedWindow:
    source = "live" if window.stored is None else "store"
    return {"start": window.window.start, "end": window.window.end, "source": source}
