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
from collector.query.mesh.live_or_stored import AnsweredWindow, TrafficQueries
from collector.query.mesh.namespaces import Namespaces, with_namespaces
from collector.query.mesh.stored_edges import CallFilter
from collector.query.serving import ApiRequest, serve
from proxy.contract.api import mesh_routes
from proxy.contract.api.decisions import Decisions, Stages, StageView
from proxy.contract.api.graph import Endpoints, Graph, Latency, Series, Services
from proxy.contract.histogram import Histogram
from proxy.contract.model import Stage
from topology.engine import Engine, UnknownServiceError
from topology.model.endpoints import EndpointView
from topology.model.graph import Point

WINDOW_US: Final = 60_000_000  # the default


class MeshRoutes:
    """Handlers over the engine and the stored edges; ``clock`` gives epoch seconds."""

    def __init__(
        self, store: BoundedReader, traffic: TrafficQueries, engine: Engine, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._traffic = traffic
        self._engine = engine
        self._clock = clock
        self._edges = traffic.edges
        self._namespaces = Namespaces(store, clock)

    def routes(self) -> list[web.RouteDef]:
        return [
            serve(mesh_routes.GRAPH, self.graph),
            serve(mesh_routes.SERVICES, self.services),
            serve(mesh_routes.ENDPOINTS, self.endpoints),
            serve(mesh_routes.DECISIONS, self.decisions),
            serve(mesh_routes.STAGES, self.stages),
            serve(mesh_routes.SET_STAGE, self.set_stage),
            serve(mesh_routes.SERIES, self.series),
            serve(mesh_routes.LATENCY, self.latency),
        ]

    async def graph(self, request: ApiRequest) -> Graph:
        window = self._window(request)
        if window.stored is None:
            found, source = self._engine.live.graph(window.now, window.live), "live"
            spaces = await self._namespaces.recent()
        else:
            known = self._engine.live.services(window.now, WINDOW_US / 1e6)
            found, source = await self._edges.graph(window.window, known), "store"
            spaces = await self._namespaces.within(window.window)
        return views.graph(replace(found, nodes=with_namespaces(found.nodes, spaces)), source)

    async def services(self, request: ApiRequest) -> Services:
        nodes = self._engine.live.services(self._clock(), WINDOW_US / 1e6)
        return {
            "services": [views.node(each) for each in with_namespaces(nodes, await self._namespaces.recent())]
        }

    async def endpoints(self, request: ApiRequest) -> Endpoints:
        service = request.query.get("service") or None
        window = self._window(request)
        # Endpoints are not stored: of the past only their traffic is, their state is that of now.
        live = window.live if window.stored is None else WINDOW_US / 1e6
        found: Iterable[EndpointView] = self._engine.live.endpoints(window.now, live, service)
        if window.stored is not None:
            found = await self._edges.endpoints(window.window, service or "", found)
        return {"endpoints": [views.endpoint(each) for each in found]}

    async def decisions(self, request: ApiRequest) -> Decisions:
        limit = params.read(request.query, mesh_routes.DECISION_LIMIT)
        service, kind = (
            request.query.get("service", ""),
            params.read(request.query, mesh_routes.DECISION_KIND),
        )
        found = await decisions(self._store, self._engine, service, limit, kind)
        return {"decisions": [views.decision(each) for each in found]}

    async def stages(self, request: ApiRequest) -> Stages:
        found = self._engine.live.stages(self._clock(), WINDOW_US / 1e6)
        return {"stages": [views.stage(each) for each in found]}

    async def set_stage(self, request: ApiRequest) -> StageView:
        service, stage, percent, by = stage_change(await request.body())
        try:
            view = self._engine.set_stage(
                self._engine.live.find(service), stage, percent, self._clock(), by=by
            )
        except UnknownServiceError:
            known = ", ".join(each.service for each in self._engine.live.stages(self._clock(), 1.0))
            raise NotFoundError(
                f"service {service!r} is unknown: name one of {known}"
                if known
                else f"service {service!r} is unknown: start its sidecar, or add it to mesh.yaml"
            ) from None
        except ValueError as error:
            raise BadValueError(str(error)) from None
        return views.stage(view)

    async def series(self, request: ApiRequest) -> Series:
        window, only = self._window(request), _only(request.query)
        step = params.step(request.query, window.window)
        stored = await self._edges.series(window.stored, step, only) if window.stored else ()
        live = self._engine.live.series(window.now, window.live, step, **_wanted(only)) if window.live else ()
        return {"points": [views.point(each) for each in joined(stored, live)]}

    async def latency(self, request: ApiRequest) -> Latency:
        window, only = self._window(request), _only(request.query)
        if only.endpoint:  # the engine's histograms are by edge; the store's by endpoint too
            return {"buckets": views.buckets(await self._edges.latency(window.window, only))}
        histogram = await self._edges.latency(window.stored, only) if window.stored else Histogram()
        if window.live:
            histogram.merge(
                self._engine.live.latency(
                    window.now,
                    window.live,
                    only.service or None,
                    only.source or None,
                    only.target or None,
                )
            )
        return {"buckets": views.buckets(histogram)}

    def _window(self, request: ApiRequest) -> AnsweredWindow:
        return self._traffic.recent(request.query, WINDOW_US)


def joined(stored: Iterable[Point], live: Iterable[Point]) -> list[Point]:
    """Return one series of two: in the step where they meet, the one that saw more calls."""
    points = {point.time: point for point in stored}
    for point in live:
        known = points.get(point.time)
        if known is None or known.stats.count <= point.stats.count:
            points[point.time] = point
    return [points[time] for time in sorted(points)]


def _wanted(only: CallFilter) -> dict[str, str | None]:
    return {
        "service": only.service or None,
        "source": only.source or None,
        "target": only.target or None,
        "endpoint": only.endpoint or None,
    }


def _only(query: params.Query) -> CallFilter:
    """``service=``, ``source=&target=`` or ``endpoint=``: at least one says which calls."""
    only = CallFilter(*(query.get(key, "") for key in ("service", "source", "target", "endpoint")))
    if only == CallFilter():
        raise BadValueError(
            "the calls are not named: add service=NAME, source=NAME&target=NAME or endpoint=HOST:PORT"
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
    for key in ("service", "stage"):
        if key not in change:
            raise BadValueError(f"{key} is missing: write {example}")
    service, stage = change["service"], change["stage"]
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
