"""Jaeger's HTTP API v3: what its newer UI and Grafana ask, answered in OTLP JSON."""

from collections.abc import Callable

from aiohttp import web

from collector.query import params, params_v3
from collector.query.errors import BadValueError, NotFoundError
from collector.query.otlp import traces_data
from collector.query.replies import ok, rendered
from collector.query.services import operations, services
from collector.query.store import Store
from collector.query.summaries import summaries
from collector.query.traces import Traces


class V3Routes:
    """Handlers over the stored spans; ``clock`` gives epoch seconds."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._traces = Traces(store)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v3/services", self.services),
            web.get("/api/v3/operations", self.operations),
            web.get("/api/v3/traces", self.search),
            web.get("/api/v3/traces/{trace_id}", self.trace),
            web.get("/api/v3/trace-summaries", self.summaries),
        ]

    async def services(self, request: web.Request) -> web.Response:
        return ok({"services": await services(self._store)})

    async def operations(self, request: web.Request) -> web.Response:
        service = request.query.get("service", "")
        if not service:
            raise BadValueError("service is missing: name one of GET /api/v3/services, as ?service=NAME")
        kind = params.span_kind(params_v3.canonical(request.query))
        return ok({"operations": await operations(self._store, service, kind)})

    async def trace(self, request: web.Request) -> web.Response:
        trace_id = params.trace_id(request.match_info["trace_id"], "trace_id")
        found = await self._traces.by_ids([trace_id])
        if not found:
            raise NotFoundError(f"trace {trace_id} is not stored: it may be too new, or past the retention")
        return await rendered(lambda: {"result": traces_data(found[0])})

    async def search(self, request: web.Request) -> web.Response:
        found = await self._traces.search(params_v3.search(request.query, self._now_us()))
        if not found:  # as Jaeger answers an empty search here, unlike in v1
            raise NotFoundError("no traces found: widen the times, or ask for less")
        return await rendered(lambda: {"result": traces_data(row for trace in found for row in trace)})

    async def summaries(self, request: web.Request) -> web.Response:
        ids = await self._traces.ids(params_v3.search(request.query, self._now_us()))
        return ok({"summaries": await summaries(self._store, ids)})

    def _now_us(self) -> int:
        return round(self._clock() * 1e6)
