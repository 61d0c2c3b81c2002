"""Jaeger's gRPC API v3 on the real store, asked over a real channel."""

import asyncio
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from collector.query.bounded_reader import BoundedReader
from collector.query.jaeger import api_v3_pb2 as wire
from collector.query.jaeger.grpc_v3 import QueryService
from collector.query.mesh.stored_edges import StoredEdges
from collector.query.service_directory import ServiceDirectory
from tests.collector.query.world import NOW, ONE, SHORT, TWO, Calls, Span, World

A, B = "a" * 16, "b" * 16
REPLIES: dict[str, Any] = {
    "GetTrace": TracesData,
    "FindTraces": TracesData,
    "FindTraceSummaries": wire.FindTraceSummariesResponse,
    "GetServices": wire.GetServicesResponse,
    "GetOperations": wire.GetOperationsResponse,
    "GetDependencies": wire.DependenciesResponse,
}


def ask(world: World, method: str, request: Any) -> list[Any]:
    """All messages of the answer. Raises grpc.aio.AioRpcError."""
    return asyncio.run(_ask(world, method, request))


async def _ask(world: World, method: str, request: Any) -> list[Any]:
    server = grpc.aio.server()
    store = BoundedReader(world.reader)
    edges = StoredEdges(store, world.engine.live.names)
    directory = ServiceDirectory(store, world.engine.live.known, lambda: world.now)
    QueryService(store, edges, directory, world.engine, lambda: world.now).register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    kind, write = REPLIES[method], type(request).SerializeToString
    called = f"/jaeger.api_v3.QueryService/{method}", write, kind.FromString
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            if kind in (TracesData, wire.FindTraceSummariesResponse):
                return [part async for part in channel.unary_stream(*called)(request)]
            return [await channel.unary_unary(*called)(request)]
    finally:
        await server.stop(None)


def spans(parts: list[TracesData]) -> list[Any]:
    return [
        span
        for part in parts
        for group in part.resource_spans
        for scope in group.scope_spans
        for span in scope.spans
    ]


def found(world: World, query: wire.TraceQueryParameters) -> set[str]:
    """Ids of the traces of a search."""
    return {span.trace_id.hex() for span in spans(ask(world, "FindTraces", wire.FindRequest(query=query)))}


def shop(world: World) -> None:
    world.spans(
        Span(ONE, A, at=10, took=30, attributes={"n": "5"}),
        Span(ONE, B, A, "reviews", "read", at=9.99, status="Error"),
        Span(TWO, A, at=20, took=900),
        Span(SHORT, A, service="cart", at=30),
    )


def test_a_trace(world: World) -> None:
    shop(world)
    whole = ask(world, "GetTrace", wire.GetTraceRequest(trace_id=ONE))
    [one, two] = sorted(spans(whole), key=lambda span: span.span_id)
    assert (one.trace_id.hex(), one.span_id.hex(), two.parent_span_id.hex()) == (ONE, A, A)
    assert one.attributes[0].value.int_value == 5
    [short] = spans(ask(world, "GetTrace", wire.GetTraceRequest(trace_id=SHORT[16:])))
    assert short.trace_id.hex() == SHORT


def test_a_large_trace_comes_in_parts(world: World) -> None:
    world.spans(*(Span(ONE, f"{index + 1:016x}", name=f"s{index % 3}") for index in range(1700)))
    parts = ask(world, "GetTrace", wire.GetTraceRequest(trace_id=ONE))
    assert [len(spans([part])) for part in parts] == [500, 500, 500, 200]
    named = {group.resource.attributes[0].key for part in parts for group in part.resource_spans}
    assert named == {"service.name"}
    assert len({span.span_id for span in spans(parts)}) == 1700


def test_search_and_summaries(world: World) -> None:
    shop(world)
    query = wire.TraceQueryParameters(service_name="frontend", search_depth=5)
    query.start_time_min.FromSeconds(NOW - 60)
    assert found(world, query) == {ONE, TWO}
    [reply] = ask(world, "FindTraceSummaries", wire.FindRequest(query=query))
    assert [(each.trace_id, each.span_count, each.error_span_count) for each in reply.summaries] == [
        (ONE, 2, 1),
        (TWO, 1, 0),
    ]
    assert reply.summaries[0].min_start_time_unix_nano == (NOW - 10) * 10**9
    assert [each.name for each in reply.summaries[0].services] == ["frontend", "reviews"]
    query.duration_min.FromMilliseconds(500)
    assert found(world, query) == {TWO}
    query = wire.TraceQueryParameters(attributes={"error": "true"})
    assert found(world, query) == {ONE}


def test_services_operations_and_dependencies(world: World) -> None:
    shop(world)
    world.calls(Calls("a", "b", 100, 3))
    [reply] = ask(world, "GetServices", wire.GetServicesRequest())
    assert list(reply.services) == ["cart", "frontend", "reviews"]
    [reply] = ask(world, "GetOperations", wire.GetOperationsRequest(service="reviews", span_kind="server"))
    assert [(each.name, each.span_kind) for each in reply.operations] == [("read", "server")]
    [reply] = ask(world, "GetDependencies", wire.GetDependenciesRequest())
    assert [(each.parent, each.child, each.call_count) for each in reply.dependencies] == [("a", "b", 3)]


def late(query: wire.TraceQueryParameters) -> None:
    query.start_time_min.FromSeconds(NOW)
    query.start_time_max.FromSeconds(NOW - 1)


def negative(query: wire.TraceQueryParameters) -> None:
    query.duration_min.FromSeconds(-1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (late, "the start is after the end"),
        (negative, "not below zero"),
        (lambda query: query.MergeFrom(wire.TraceQueryParameters(search_depth=-1)), "search_depth is -1"),
        (lambda query: query.MergeFrom(wire.TraceQueryParameters(filter=b"\n\x02eq")), "filter is not taken"),
    ],
)
def test_a_bad_search_is_told(
    world: World, change: Callable[[wire.TraceQueryParameters], None], message: str
) -> None:
    query = wire.TraceQueryParameters()
    change(query)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        ask(world, "FindTraces", wire.FindRequest(query=query))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert message in (caught.value.details() or "")


@pytest.mark.parametrize(
    ("trace_id", "code"),
    [
        (ONE, grpc.StatusCode.NOT_FOUND),
        ("zz", grpc.StatusCode.INVALID_ARGUMENT),
    ],
)
def test_a_trace_that_is_not_there(world: World, trace_id: str, code: grpc.StatusCode) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        ask(world, "GetTrace", wire.GetTraceRequest(trace_id=trace_id))
    assert caught.value.code() is code


@pytest.mark.parametrize(
    ("method", "request_for"),
    [
        (
            "FindTraces",
            lambda name: wire.FindRequest(query=wire.TraceQueryParameters(service_name=name)),
        ),
        (
            "FindTraceSummaries",
            lambda name: wire.FindRequest(query=wire.TraceQueryParameters(service_name=name)),
        ),
        ("GetOperations", lambda name: wire.GetOperationsRequest(service=name)),
    ],
)
def test_a_plain_name_of_several_namespaces_is_refused_with_the_full_names(
    world: World, method: str, request_for: Callable[[str], Any]
) -> None:
    world.spans(
        Span(ONE, A, service="reviews", name="read", at=10, resource={"service.namespace": "shop"}),
        Span(TWO, A, service="reviews", name="write", at=10, resource={"service.namespace": "ops"}),
    )
    world.join("reviews", 15006, namespace="shop")
    world.join("reviews", 15008, namespace="ops")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        ask(world, method, request_for("reviews"))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "write one of ops/reviews, shop/reviews" in (caught.value.details() or "")
    assert len(ask(world, method, request_for("shop/reviews"))) == 1
