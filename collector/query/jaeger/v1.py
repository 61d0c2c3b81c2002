"""Jaeger's HTTP API v1: services, operations, traces, dependencies."""

from typing import Final

from aiohttp import web

from collector.clock import MeshClock
from collector.query import params
from collector.query.bounded_reader import BoundedReader
from collector.query.errors import BadValueError, NotFoundError
from collector.query.jaeger import spans as jaeger
from collector.query.mesh.dependencies import dependencies
from collector.query.mesh.stored_edges import StoredEdges
from collector.query.replies import envelope, ok, rendered
from collector.query.search.pages import Pages
from collector.query.search.request import durations, parse_jaeger_search
from collector.query.search.services import operations, services
from collector.query.search.span_conditions import Search
from collector.query.search.span_row import SpanRow
from collector.query.search.traces import Traces
from proxy.contract.api.parameters import Duration, Whole
from topology.engine import Engine

_LIMIT: Final = Whole(
    name="limit", meaning="traces", low=1, high=params.LIMIT_MAX, default=params.LIMIT_DEFAULT
)
_SHORTEST: Final = Duration(name="minDuration", meaning="of a span")
_LONGEST: Final = Duration(name="maxDuration", meaning="of a span")


class V1Routes:
    """Handlers over the stored spans; ``clock`` is the mesh's."""

    def __init__(self, store: BoundedReader, engine: Engine, clock: MeshClock) -> None:
        self._store = store
        self._engine = engine
        self._clock = clock
        self._traces = Traces(store)
        self._pages = Pages(store)
        self._edges = StoredEdges(store, engine.live.names)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/services", self.services),
            web.get("/api/services/{service}/operations", self.operation_names),
            web.get("/api/operations", self.operations),
            web.get("/api/traces", self.search),
            web.get("/api/traces/{trace_id}", self.trace),
            web.get("/api/dependencies", self.dependencies),
        ]

    async def services(self, request: web.Request) -> web.Response:
        return ok(envelope(await services(self._store)))

    async def operation_names(self, request: web.Request) -> web.Response:
        found = await operations(self._store, request.match_info["service"])
        return ok(envelope(list(dict.fromkeys(each["name"] for each in found))))

    async def operations(self, request: web.Request) -> web.Response:
        service = request.query.get("service", "")
        if not service:
            raise BadValueError("service is missing: name one of GET /api/services, as ?service=NAME")
        return ok(envelope(await operations(self._store, service, params.span_kind(request.query))))

    async def search(self, request: web.Request) -> web.Response:
        raw = params.flag(request.query, "raw")
        if ids := request.query.getall("traceID", []):
            wanted = list(dict.fromkeys(params.trace_id(text) for text in ids[: params.LIMIT_MAX]))
            found = await self._traces.by_ids(wanted)
            return await _found(found, raw, len(wanted), errors=_missing(wanted, found))
        search = self._search(request)
        listing = parse_jaeger_search(request.query, search)
        if listing is None:
            return await _found(await self._traces.search(search), raw, search.limit)
        page = await self._pages.page(listing)
        found = await self._traces.by_ids(page.ids)
        return await _found(found, raw, search.limit, cursor=page.next_cursor or None)

    def _search(self, request: web.Request) -> Search:
        query = request.query
        shortest, longest = durations(query, _SHORTEST, _LONGEST)
        return Search(
            window=params.search_window(query, *self._clock.present_us()),
            service=query.get("service", ""),
            operation=query.get("operation", ""),
            tags=params.tags(query.getall("tag", []), query.getall("tags", [])),
            min_duration=shortest,
            max_duration=longest,
            limit=params.read(query, _LIMIT),
        )

    async def trace(self, request: web.Request) -> web.Response:
        trace_id = params.trace_id(request.match_info["trace_id"])
        raw = params.flag(request.query, "raw")
        # Ids lead to their ten minutes (spans_by_id), so times are not needed to be quick, as they are for
        # Jaeger.
        params.window(request.query, self._now_us(), 0)  # where to look: not needed, but not to be wrong
        found = await self._traces.by_ids([trace_id])
        if not found:
            raise NotFoundError(not_stored(trace_id))
        return await _found(found, raw)

    async def dependencies(self, request: web.Request) -> web.Response:
        window = params.dependency_window(request.query, self._now_us())
        names = self._engine.live.names()
        service = names.shown(names.find(request.query.get("service", "")))
        links = await dependencies(self._edges, self._engine, window, self._clock())
        wanted = [link for link in links if not service or service in (link["parent"], link["child"])]
        return ok(envelope(wanted))

    def _now_us(self) -> int:
        return round(self._clock() * 1e6)


def not_stored(trace_id: str) -> str:
    return f"trace {trace_id} is not stored: it may be too new, or past the retention"


def _missing(wanted: list[str], found: list[list[SpanRow]]) -> list[dict[str, str]] | None:
    """Return the errors beside traces that were wanted by id: one for each that is not stored."""
    there = {spans[0].trace_id for spans in found}
    lacking = [trace_id for trace_id in wanted if trace_id not in there]
    return [{"msg": not_stored(each), "traceID": jaeger.shown_trace_id(each)} for each in lacking] or None


async def _found(traces: list[list[SpanRow]], raw: bool, limit: int = 0, **beside: object) -> web.Response:
    """Traces in the envelope, with what else belongs there."""
    return await rendered(lambda: envelope([jaeger.trace(rows, raw) for rows in traces], limit) | beside)
