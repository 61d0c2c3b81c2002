"""Jaeger's gRPC API v3, jaeger.api_v3.QueryService: the same answers as over HTTP (``v3``).

A trace is streamed in parts of bounded size, as clients take messages of at most 4 MiB.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import grpc
from google.protobuf.json_format import ParseDict
from google.protobuf.timestamp_pb2 import Timestamp
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from collector.otlp.jsonform import parse
from collector.query import params
from collector.query.bounded_reader import BoundedReader
from collector.query.errors import BadValueError, NotFoundError, QueryError, TryLaterError
from collector.query.jaeger import api_v3_pb2 as wire
from collector.query.jaeger.otlp_json import traces_data
from collector.query.jaeger.v1 import not_stored
from collector.query.mesh.dependencies import dependencies
from collector.query.mesh.stored_edges import StoredEdges
from collector.query.params import LIMIT_DEFAULT, LIMIT_MAX, LOOKBACK_DEFAULT_NS, Window
from collector.query.replies import render
from collector.query.search.services import operations, services
from collector.query.search.span_conditions import Search
from collector.query.search.span_row import SpanRow
from collector.query.search.summaries import summaries
from collector.query.search.traces import Traces
from collector.query.service_directory import ServiceDirectory
from topology.engine import Engine

SERVICE: Final = "jaeger.api_v3.QueryService"
_PART: Final = 500  # spans of one message
_SUMMARIES: Final = 100  # of one message
_CODES: Final = (
    (BadValueError, grpc.StatusCode.INVALID_ARGUMENT),
    (NotFoundError, grpc.StatusCode.NOT_FOUND),
    (TryLaterError, grpc.StatusCode.UNAVAILABLE),
)
_TIME_MAX_US: Final = 9_000_000_000_000_000

Context = grpc.aio.ServicerContext[Any, Any]


class QueryService:
    """The methods; ``clock`` gives epoch seconds."""

    def __init__(
        self,
        store: BoundedReader,
        edges: StoredEdges,
        directory: ServiceDirectory,
        engine: Engine,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._edges = edges
        self._directory = directory
        self._engine = engine
        self._clock = clock
        self._traces = Traces(store)

    def register(self, server: grpc.aio.Server) -> None:
        """Serve the methods on ``server``."""
        stream, unary = grpc.unary_stream_rpc_method_handler, grpc.unary_unary_rpc_method_handler
        methods = {
            "GetTrace": stream(_stream_with_errors(self.get_trace), wire.GetTraceRequest.FromString, _bytes),
            "FindTraces": stream(_stream_with_errors(self.find_traces), wire.FindRequest.FromString, _bytes),
            "FindTraceSummaries": stream(
                _stream_with_errors(self.find_summaries), wire.FindRequest.FromString, _bytes
            ),
            "GetServices": unary(_with_errors(self.get_services), wire.GetServicesRequest.FromString, _bytes),
            "GetOperations": unary(
                _with_errors(self.get_operations), wire.GetOperationsRequest.FromString, _bytes
            ),
            "GetDependencies": unary(
                _with_errors(self.get_dependencies), wire.GetDependenciesRequest.FromString, _bytes
            ),
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))

    async def get_trace(self, request: wire.GetTraceRequest) -> AsyncIterator[TracesData]:
        trace_id = params.trace_id(request.trace_id, "trace_id")
        found = await self._traces.by_ids([trace_id])
        if not found:
            raise NotFoundError(not_stored(trace_id))
        # In a thread: a trace of thousands of spans takes longer to convert than the event loop may be held
        # up.
        for part in await asyncio.to_thread(parts, found[0], request.raw_traces):
            yield part

    async def find_traces(self, request: wire.FindRequest) -> AsyncIterator[TracesData]:
        for trace in await self._traces.search(await self._search(request.query)):
            for part in await asyncio.to_thread(parts, trace, request.query.raw_traces):
                yield part

    async def find_summaries(self, request: wire.FindRequest) -> AsyncIterator[Any]:
        ids = await self._traces.ids(await self._search(request.query))
        found = await summaries(self._store, ids)
        for start in range(0, len(found), _SUMMARIES):
            chunk = {"summaries": found[start : start + _SUMMARIES]}
            yield ParseDict(chunk, wire.FindTraceSummariesResponse())

    async def get_services(self, request: wire.GetServicesRequest) -> wire.GetServicesResponse:
        return wire.GetServicesResponse(services=await services(self._store))

    async def get_operations(self, request: wire.GetOperationsRequest) -> wire.GetOperationsResponse:
        if not request.service:
            raise BadValueError("service is missing: name one of GetServices")
        kind = params.span_kind({"spanKind": request.span_kind})
        service = await self._directory.stored_name(request.service)
        found = await operations(self._store, service, kind)
        return wire.GetOperationsResponse(
            operations=[wire.Operation(name=each["name"], span_kind=each["spanKind"]) for each in found]
        )

    async def get_dependencies(self, request: wire.GetDependenciesRequest) -> wire.DependenciesResponse:
        end = instant(request.end_time, "end_time", self._now_us())
        day = params.DEPENDENCIES_LOOKBACK_MS * 1000
        window = _window(instant(request.start_time, "start_time", max(0, end - day)), end)
        found = await dependencies(self._edges, self._engine, window, self._clock())
        return wire.DependenciesResponse(dependencies=[ParseDict(link, wire.Dependency()) for link in found])

    async def _search(self, query: wire.TraceQueryParameters) -> Search:
        wanted = search(query, self._now_us())
        return replace(wanted, service=await self._directory.stored_name(wanted.service))

    def _now_us(self) -> int:
        return round(self._clock() * 1e6)


def search(query: wire.TraceQueryParameters, now_us: int) -> Search:
    """Return a search; without times, the last hour. Raises BadValueError."""
    if query.filter:
        raise BadValueError("filter is not taken: ask GET /api/v3/traces with query.filter in TraceQL")
    if not 0 <= query.search_depth <= LIMIT_MAX:
        raise params.bad("search_depth", query.search_depth, f"write 1 to {LIMIT_MAX}")
    end = instant(query.start_time_max, "start_time_max", now_us)
    start = instant(query.start_time_min, "start_time_min", max(0, end - LOOKBACK_DEFAULT_NS // 1000))
    shortest = query.duration_min.ToNanoseconds() if query.HasField("duration_min") else 0
    longest = query.duration_max.ToNanoseconds() if query.HasField("duration_max") else 0
    if min(shortest, longest) < 0 or (longest and shortest > longest):
        raise BadValueError("duration_min and duration_max must be in order, and not below zero")
    return Search(
        window=_window(start, end),
        service=query.service_name,
        operation=query.operation_name,
        tags=tuple(sorted(query.attributes.items())),
        min_duration=shortest or None,
        max_duration=longest or None,
        limit=query.search_depth or LIMIT_DEFAULT,
    )


def instant(moment: Timestamp, name: str, default: int) -> int:
    """Microseconds since the epoch; the default for a time that is not set."""
    microseconds = moment.seconds * 1_000_000 + moment.nanos // 1000
    if not 0 <= microseconds <= _TIME_MAX_US:
        raise params.bad(name, microseconds, "write a time from 1970 to 2250")
    # protobuf does not tell an unset time from 1970, which nobody searches for.
    return microseconds or default


def _window(start: int, end: int) -> Window:
    if start > end:
        raise BadValueError("the start is after the end: exchange them")
    return Window(start, end)


def parts(trace: Sequence[SpanRow], raw: bool) -> list[TracesData]:
    """Split a trace into messages of at most 500 spans: clients take 4 MiB each."""
    # By way of the JSON of v3, so that both answer the same; a protobuf of its own saves a few milliseconds a
    # trace.
    whole = parse(TracesData(), render(traces_data([trace], raw)).encode())
    return list(_parts(whole))


def _parts(whole: TracesData) -> Iterator[TracesData]:
    part, room = TracesData(), _PART
    for resource in whole.resource_spans:
        for scope in resource.scope_spans:
            for start in range(0, len(scope.spans), _PART):
                spans = scope.spans[start : start + _PART]
                # The rest of a part stays free rather than to be filled with a piece of the next group.
                if len(spans) > room:
                    yield part
                    part, room = TracesData(), _PART
                room -= len(spans)
                group = part.resource_spans.add(resource=resource.resource)
                group.scope_spans.add(scope=scope.scope, spans=spans)
    yield part


def _bytes(message: Any) -> bytes:
    return bytes(message.SerializeToString())


def _with_errors(method: Callable[[Any], Awaitable[Any]]) -> Callable[[Any, Context], Awaitable[Any]]:
    """Return the method with its errors as gRPC's."""

    async def answer(request: Any, context: Context) -> Any:
        try:
            return await method(request)
        except QueryError as error:
            await context.abort(_code(error), str(error))

    return answer


def _stream_with_errors(
    method: Callable[[Any], AsyncIterator[Any]],
) -> Callable[[Any, Context], AsyncIterator[Any]]:
    async def answer(request: Any, context: Context) -> AsyncIterator[Any]:
        try:
            async for part in method(request):
                yield part
        except QueryError as error:
            await context.abort(_code(error), str(error))

    return answer


def _code(error: QueryError) -> grpc.StatusCode:
    return next((code for kind, code in _CODES if isinstance(error, kind)), grpc.StatusCode.INTERNAL)
