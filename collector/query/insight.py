"""Routes that interpret traffic: what changed between two windows, and where to look first."""

from typing import Any, Final

from aiohttp import web

from collector.query import params
from collector.query.blame import ranking
from collector.query.graphdiff import difference
from collector.query.params import Query, Window
from collector.query.replies import ok
from collector.query.traffic import Asked, Traffic

WINDOW_US: Final = 300_000_000  # of the difference, by default
BLAME_WINDOW_US: Final = 60_000_000
BLAME_BASELINE_US: Final = 3_600_000_000


class InsightRoutes:
    """Handlers over the traffic of memory and store."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/mesh/graph/diff", self.diff),
            web.get("/api/mesh/blame", self.blame),
        ]

    async def diff(self, request: web.Request) -> web.Response:
        after = self._traffic.within(request.query, WINDOW_US)
        before = self._before(request.query, after.window, after.window.end - after.window.start)
        one, other = await self._traffic.side(before), await self._traffic.side(after)
        return ok({"before": _window(before), "after": _window(after), **difference(one, other)})

    async def blame(self, request: web.Request) -> web.Response:
        limit = params.whole(request.query, "limit", 20, 1, 1000)
        after = self._traffic.within(request.query, BLAME_WINDOW_US)
        before = self._before(request.query, after.window, BLAME_BASELINE_US)
        usual, now = await self._traffic.side(before), await self._traffic.side(after)
        return ok({"window": _window(after), "baseline": _window(before), **ranking(now, usual, limit)})

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
