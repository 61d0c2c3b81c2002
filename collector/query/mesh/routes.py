"""Our own routes under /api/mesh: graph, services, endpoints, decisions, stages, series, latency.

Which part of a window memory answers for and which the store, ``traffic`` says.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from aiohttp import web

from collector.query import params
from collector.query.bounded_reader import BoundedReader
from collector.query.errors import BadValueError, NotFoundError
from collector.query.mesh import views
from collector.query.mesh.decisions import decisions
from collector.query.mesh.live_or_stored import Asked, Traffic
from collector.query.mesh.namespaces import Namespaces, placed
from collector.query.mesh.stored_edges import Only
from collector.query.replies import ok
from proxy.contract.histogram import Histogram
from proxy.contract.model import Stage
from topology.engine import Engine, UnknownServiceError
from topology.model import EndpointView, Point

WINDOW_US: Final = 60_000_000  # the default
DECISIONS_MAX: Final = 1000


class MeshRoutes:
    """Handlers over the engine and the stored edges; ``clock`` gives epoch seconds."""

    def __init__(
        self, store: BoundedReader, traffic: Traffic, engine: Engine, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._traffic = traffic
        self._engine = engine
        self._clock = clock
        self._edges = traffic.edges
        self._namespaces = Namespaces(store, clock)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/mesh/graph", self.graph),
            web.get("/api/mesh/services", self.services),
            web.get("/api/mesh/endpoints", self.endpoints),
            web.get("/api/mesh/decisions", self.decisions),
            web.get("/api/mesh/stages", self.stages),
            web.put("/api/mesh/stages", self.set_stage),
            web.get("/api/mesh/series", self.series),
            web.get("/api/mesh/latency", self.latency),
        ]

    async def graph(self, request: web.Request) -> web.Response:
        asked = self._asked(request)
        if asked.stored is None:
            found, source = self._engine.live.graph(asked.now, asked.live), "live"
            spaces = await self._namespaces.lately()
        else:
            known = self._engine.live.services(asked.now, WINDOW_US / 1e6)
            found, source = await self._edges.graph(asked.window, known), "store"
            spaces = await self._namespaces.within(asked.window)
        return ok(views.graph(replace(found, nodes=placed(found.nodes, spaces)), source))

    async def services(self, request: web.Request) -> web.Response:
        nodes = self._engine.live.services(self._clock(), WINDOW_US / 1e6)
        found = placed(nodes, await self._namespaces.lately())
        return ok({"services": [views.node(each) for each in found]})

    async def endpoints(self, request: web.Request) -> web.Response:
        service = request.query.get("service") or None
        asked = self._asked(request)
        live = asked.live if asked.stored is None else WINDOW_US / 1e6
        found: Iterable[EndpointView] = self._engine.live.endpoints(asked.now, live, service)
        if asked.stored is not None:
            found = await self._edges.endpoints(asked.window, service or "", found)
        return ok({"endpoints": [views.endpoint(each) for each in found]})

    async def decisions(self, request: web.Request) -> web.Response:
        limit = params.whole(request.query, "limit", 100, 1, DECISIONS_MAX)
        service, kind = request.query.get("service", ""), request.query.get("kind", "")
        found = await decisions(self._store, self._engine, service, limit, kind)
        return ok({"decisions": [views.decision(each) for each in found]})

    async def stages(self, request: web.Request) -> web.Response:
        found = self._engine.live.stages(self._clock(), WINDOW_US / 1e6)
        return ok({"stages": [views.stage(each) for each in found]})

    async def set_stage(self, request: web.Request) -> web.Response:
        service, stage, percent, by = stage_change(await request.read())
        try:
            view = self._engine.set_stage(service, stage, percent, self._clock(), by=by)
        except UnknownServiceError:
            known = ", ".join(each.service for each in self._engine.live.stages(self._clock(), 1.0))
            raise NotFoundError(
                f"service {service!r} is unknown: name one of {known}"
                if known
                else f"service {service!r} is unknown: start its sidecar, or add it to mesh.yaml"
            ) from None
        except ValueError as error:
            raise BadValueError(str(error)) from None
        return ok(views.stage(view))

    async def series(self, request: web.Request) -> web.Response:
        asked, only = self._asked(request), _only(request.query)
        step = params.step(request.query, asked.window)
        stored = await self._edges.series(asked.stored, step, only) if asked.stored else ()
        live = self._engine.live.series(asked.now, asked.live, step, **_wanted(only)) if asked.live else ()
        return ok({"points": [views.point(each) for each in joined(stored, live)]})

    async def latency(self, request: web.Request) -> web.Response:
        asked, only = self._asked(request), _only(request.query)
        if only.endpoint:  # the engine's histograms are by edge; the store's by endpoint too
            return ok({"buckets": views.buckets(await self._edges.latency(asked.window, only))})
        histogram = await self._edges.latency(asked.stored, only) if asked.stored else Histogram()
        if asked.live:
            histogram.merge(
                self._engine.live.latency(
                    asked.now,
                    asked.live,
                    only.service or None,
                    only.source or None,
                    only.target or None,
                )
            )
        return ok({"buckets": views.buckets(histogram)})

    def _asked(self, request: web.Request) -> Asked:
        return self._traffic.asked(request.query, WINDOW_US)


def joined(stored: Iterable[Point], live: Iterable[Point]) -> list[Point]:
    """One series of two: in the step where they meet, the one that saw more calls."""
    points = {point.time: point for point in stored}
    for point in live:
        held = points.get(point.time)
        if held is None or held.stats.count <= point.stats.count:
            points[point.time] = point
    return [points[time] for time in sorted(points)]


def _wanted(only: Only) -> dict[str, str | None]:
    return {
        "service": only.service or None,
        "source": only.source or None,
        "target": only.target or None,
        "endpoint": only.endpoint or None,
    }


def _only(query: params.Query) -> Only:
    """``service=``, ``source=&target=`` or ``endpoint=``: at least one says which calls."""
    only = Only(*(query.get(key, "") for key in ("service", "source", "target", "endpoint")))
    if only == Only():
        raise BadValueError(
            "which calls is not said: add service=NAME, source=NAME&target=NAME or endpoint=HOST:PORT"
        )
    return only


def stage_change(body: bytes) -> tuple[str, Stage, int, str]:
    """Service, stage, percent of a PUT body and by whom; without ``percent``, all of stage ``route``."""
    example = '{"service": "reviews", "stage": "route", "percent": 25}'
    try:
        change: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise BadValueError(f"the body is not JSON: write {example}") from None
    if not isinstance(change, dict) or not change.keys() <= {"service", "stage", "percent", "by"}:
        raise BadValueError(f"the body must hold service, stage, percent and by only: write {example}")
    service, stage = change.get("service"), change.get("stage")
    if not isinstance(service, str) or not service:
        raise params.bad("service", service, "write the name of a service")
    if stage not in list(Stage):
        raise params.bad("stage", stage, f"write one of {', '.join(Stage)}")
    percent = change.get("percent", 100 if stage == Stage.ROUTE else 0)
    if not isinstance(percent, int) or isinstance(percent, bool) or not 0 <= percent <= 100:
        raise params.bad("percent", percent, "write a whole number from 0 to 100")
    by = change.get("by", "")
    if not isinstance(by, str) or len(by) > 200 or not by.isprintable():
        raise params.bad("by", by, "write who changes it, in at most 200 characters")
    return service, Stage(stage), percent, by
