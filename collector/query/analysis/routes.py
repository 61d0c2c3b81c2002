"""Routes that interpret traffic: what changed between two windows, where to look first, one service."""

from typing import Any, Final

from aiohttp import web

from collector.query import params
from collector.query.analysis import service_page
from collector.query.analysis.graph_diff import difference
from collector.query.analysis.suspects import ranking
from collector.query.bounded_reader import BoundedReader
from collector.query.mesh.live_or_stored import Asked, Traffic
from collector.query.mesh.stored_edges import Only
from collector.query.params import Query, Window
from collector.query.replies import ok

WINDOW_US: Final = 300_000_000  # of the difference, by default
BLAME_WINDOW_US: Final = 60_000_000
SERVICE_WINDOW_US: Final = 3_600_000_000
BLAME_BASELINE_US: Final = 3_600_000_000


class InsightRoutes:
    """Handlers over the traffic of memory and store."""

    def __init__(self, store: BoundedReader, traffic: Traffic) -> None:
        self._store = store
        self._traffic = traffic

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/mesh/graph/diff", self.diff),
            web.get("/api/mesh/blame", self.blame),
            web.get("/api/mesh/service/{name}", self.service),
        ]

    async def diff(self, request: web.Request) -> web.Response:
        after = self._traffic.within(request.query, WINDOW_US)
        before = self._before(request.query, after.window, after.window.end - after.window.start)
        one, other = await self._traffic.by_edge(before), await self._traffic.by_edge(after)
        return ok({"before": _window(before), "after": _window(after), **difference(one, other)})

    async def blame(self, request: web.Request) -> web.Response:
        limit = params.whole(request.query, "limit", 20, 1, 1000)
        after = self._traffic.within(request.query, BLAME_WINDOW_US)
        before = self._before(request.query, after.window, BLAME_BASELINE_US)
        usual, now = await self._traffic.by_edge(before), await self._traffic.by_edge(after)
        return ok({"window": _window(after), "baseline": _window(before), **ranking(now, usual, limit)})

    async def service(self, request: web.Request) -> web.Response:
        """Neighbours as live as they can be; what is over time, from the store."""
        name = request.match_info["name"]
        asked = self._traffic.within(request.query, SERVICE_WINDOW_US)
        step = params.step(request.query, asked.window)
        start, end, cells = await self._traffic.edges.slots(asked.window, step, Only(service=name))
        rows = await self._store.rows(
            service_page.OPERATIONS.bind(service=name, start=asked.window.start, end=asked.window.end)
        )
        return ok(
            {
                "service": name,
                "window": _window(asked),
                "step": step,
                **service_page.neighbours(name, await self._traffic.by_edge(asked)),
                **service_page.over_time(cells, start, end, step),
                "operations": service_page.operations(rows, max(1.0, asked.window.seconds)),
            }
        )

    def _before(self, query: Query, after: Window, default_us: int) -> Asked:
        """The window to compare with: without one, ``default_us`` directly before."""
        end = params.instant(query, "before_end", after.start)
        start = params.instant(query, "before_start", max(0, end - default_us))
        if start > end:
            raise params.bad("before_start", start, f"it must not be after before_end ({end})")
        return self._traffic.split(Window(start, end))


def _window(asked: Asked) -> dict[str, Any]:
    source = "live" if asked.stored is None else "store"
    return {"start": asked.window.start, "end": asked.window.end, "source": source}
