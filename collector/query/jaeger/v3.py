"""Jaeger's HTTP API v3: what its newer UI and Grafana ask, answered in OTLP JSON."""

from collections.abc import Callable, Mapping

from aiohttp import web

from collector.query import params
from collector.query.bounded_reader import BoundedReader
from collector.query.errors import BadValueError, NotFoundError
from collector.query.jaeger import v3_params
from collector.query.jaeger.otlp_json import traces_data
from collector.query.jaeger.v1 import not_stored
from collector.query.mesh.dependencies import dependencies
from collector.query.mesh.stored_edges import StoredEdges
from collector.query.replies import ok, rendered
from collector.query.search.pages import Pages
from collector.query.search.request import parse_v3_search
from collector.query.search.services import operations, services
from collector.query.search.summaries import summaries
from collector.query.search.traces import Traces
from topology.engine import Engine


class V3Routes:
    """Handlers over the stored spans; ``clock`` gives epoch seconds."""

    def __init__(
        self, store: BoundedReader, edges: StoredEdges, engine: Engine, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._edges = edges
        self._engine = engine
        self._clock = clock
        self._traces = Traces(store)
        self._pages = Pages(store)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v3/services", self.services),
            web.get("/api/v3/operations", self.operations),
            web.get("/api/v3/traces", self.search),
            web.post("/api/v3/traces", self.search),
            web.get("/api/v3/traces/{trace_id}", self.trace),
            web.get("/api/v3/trace-summaries", self.summaries),
            web.post("/api/v3/trace-summaries", self.summaries),
            web.get("/api/v3/dependencies", self.dependencies),
        ]

    async def services(self, request: web.Request) -> web.Response:
        return ok({"services": await services(self._store)})

    async def operations(self, request: web.Request) -> web.Response:
        service = request.query.get("service", "")
        if not service:
            raise BadValueError("service is missing: name one of GET /api/v3/services, as ?service=NAME")
        kind = params.span_kind(v3_params.canonical(request.query))
        return ok({"operations": await operations(self._store, service, kind)})

    async def trace(self, request: web.Request) -> web.Response:
        trace_id = params.trace_id(request.match_info["trace_id"], "trace_id")
        raw = v3_params.of_trace(request.query, self._now_us())
        found = await self._traces.by_ids([trace_id])
        if not found:
            raise NotFoundError(not_stored(trace_id))
        return await rendered(lambda: {"result": traces_data(found, raw)})

    async def search(self, request: web.Request) -> web.Response:
        query = await _query(request)
        raw = v3_params.raw(query)
        found = await self._traces.by_ids(await self._ids(query))
        if not found:  # as Jaeger answers an empty search here, unlike in v1
            raise NotFoundError("no traces found: widen the times, or ask for less")
        return await rendered(lambda: {"result": traces_data(found, raw)})

    async def summaries(self, request: web.Request) -> web.Response:
        ids = await self._ids(await _query(request))
        return ok({"summaries": await summaries(self._store, ids)})

    async def dependencies(self, request: web.Request) -> web.Response:
        window = v3_params.dependency_window(request.query, self._now_us())
        links = await dependencies(self._edges, self._engine, window, self._clock())
        return ok({"dependencies": [{**link, "callCount": str(link["callCount"])} for link in links]})

    async def _ids(self, query: Mapping[str, str]) -> list[str]:
        """Traces a search finds, newest first."""
        search = v3_params.search(query, self._now_us())
        if text := v3_params.filter_text(query):
            return (await self._pages.page(parse_v3_search(text, search))).ids
        return await self._traces.ids(search)

    def _now_us(self) -> int:
        return round(self._clock() * 1e6)


async def _query(request: web.Request) -> Mapping[str, str]:
    """Return the parameters of a search: the query string of a GET, or the JSON object of a POST in its
    terms."""
    return request.query if request.method == "GET" else v3_params.of_body(await request.read())
