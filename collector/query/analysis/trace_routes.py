"""Routes that interpret stored traces: what tells some from the rest, and many as one tree."""

from aiohttp import web

from collector.clock import MeshClock
from collector.query import params
from collector.query.analysis import attribute_comparison
from collector.query.analysis.aggregated_traces import aggregate
from collector.query.analysis.attribute_comparison import Comparison
from collector.query.bounded_reader import BoundedReader
from collector.query.errors import BadValueError
from collector.query.serving import ApiRequest, serve
from proxy.contract.api import trace_routes
from proxy.contract.api.analysis import AggregatedTraces, AttributeComparison


class TraceAnalysisRoutes:
    """Handlers over the stored traces; ``clock`` is the mesh's."""

    def __init__(self, store: BoundedReader, clock: MeshClock) -> None:
        self._store = store
        self._comparison = Comparison(store)
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        return [
            serve(trace_routes.ATTRIBUTES, self.attributes),
            serve(trace_routes.AGGREGATE, self.aggregate),
        ]

    async def attributes(self, request: ApiRequest) -> AttributeComparison:
        return await self._comparison.run(
            attribute_comparison.parse_request(request.query, *self._clock.present_us())
        )

    async def aggregate(self, request: ApiRequest) -> AggregatedTraces:
        query = request.query
        service, operation = query.get("service", ""), query.get("operation", "")
        if not service or not operation:
            raise BadValueError("service or operation is missing: add service=NAME&operation=NAME")
        window = params.search_window(query, *self._clock.present_us())
        limit = params.read(query, trace_routes.AGGREGATE_LIMIT)
        return await aggregate(self._store, window, service, operation, limit)
