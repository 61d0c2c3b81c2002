"""Tempo's API on the real store over real HTTP."""

import asyncio
import json

import pytest
from aiohttp import ClientSession, web
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from tests.collector.query.world import NOW, ONE, TWO, Span, World

A, B, C = "a" * 16, "b" * 16, "c" * 16


def shop(world: World) -> None:
    world.spans(
        Span(ONE, A, at=10, took=30, attributes={"http.response.status_code": "500"}, status="Error"),
        Span(ONE, B, A, "reviews", "GET /reviews", "Client", at=9.9, attributes={"db.system": "redis"}),
        Span(ONE, C, B, "ratings", "SELECT", at=9.8, took=2, resource={"zone": "a"}),
        Span(TWO, A, at=20, took=900, attributes={"http.response.status_code": "200"}),
    )


def ids(world: World, q: str, **query: str) -> list[str]:
    return [trace["traceID"] for trace in world.get("/api/search", q=q, **query)["traces"]]


def test_a_search_tells_the_spans_that_matched(world: World) -> None:
    shop(world)
    q = "{ .http.response.status_code >= 500 } >> { resource.zone != nil } | select(span:kind)"
    reply = world.get("/api/search", q=q)
    assert reply["partial"] is False
    [trace] = reply["traces"]
    start = str((NOW - 10) * 10**9)
    assert {key: trace[key] for key in list(trace)[:5]} == {
        "traceID": ONE,
        "rootServiceName": "frontend",
        "rootTraceName": "GET /",
        "startTimeUnixNano": start,
        "durationMs": 202,
    }
    assert trace["serviceStats"]["frontend"] == {"spanCount": 1, "errorCount": 1}
    [spanset] = trace["spanSets"]
    assert spanset["matched"] == 1
    [span] = spanset["spans"]
    assert (span["spanID"], span["name"], span["durationNanos"]) == (C, "SELECT", "2000000")
    assert {each["key"]: each["value"] for each in span["attributes"]} == {
        "kind": {"stringValue": "server"},
        "zone": {"stringValue": "a"},
    }
    assert trace["spanSet"] == spanset


def test_newest_first_and_no_more_than_asked_for(world: World) -> None:
    shop(world)
    assert ids(world, "{ }") == [ONE, TWO]
    assert ids(world, "{ } >> { } || { duration > 800ms }") == [ONE, TWO]
    assert ids(world, "{ }", limit="1") == [ONE]
    [trace] = world.get("/api/search", q="{ }", limit="1", spss="2")["traces"]
    assert [len(trace["spanSets"][0]["spans"]), trace["spanSets"][0]["matched"]] == [2, 3]


def test_groups_name_what_they_were_grouped_by(world: World) -> None:
    shop(world)
    [trace, _] = world.get("/api/search", q="{ } | by(resource.service.name)")["traces"]
    assert [each["attributes"] for each in trace["spanSets"]] == [
        [{"key": "by(resource.service.name)", "value": {"stringValue": name}}]
        for name in ("frontend", "ratings", "reviews")
    ]


def test_what_kiali_asks(world: World) -> None:
    shop(world)
    q = '{ .service.name = "frontend" } && { } | select(status, .service_name, resource.zone, .db.system)'
    [newer, _] = world.get("/api/search", q=q, spss="10", limit="5")["traces"]
    told = [{each["key"]: each["value"] for each in span["attributes"]} for span in newer["spanSet"]["spans"]]
    assert [each["status"]["stringValue"] for each in told] == ["error", "unset", "unset"]
    assert told[1]["db.system"] == {"stringValue": "redis"}
    assert told[2]["zone"] == {"stringValue": "a"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [ONE, TWO]),
        ({"tags": "service.name=frontend error=true"}, [ONE]),
        ({"tags": 'name="GET /reviews" db.system=redis'}, [ONE]),
        ({"tags": "http.response.status_code=200"}, [TWO]),
        ({"minDuration": "500ms"}, [TWO]),
        ({"q": "{ kind = client } || { duration > 800ms }", "maxDuration": "500ms"}, [ONE]),
        ({"start": str(NOW - 15), "end": str(NOW)}, [ONE]),
        ({"start": str(NOW - 60), "end": str(NOW - 15)}, [TWO]),
        ({"q": '{ span:id = "' + "B" * 16 + '" }'}, [ONE]),
    ],
)
def test_older_ways_to_ask(world: World, query: dict[str, str], found: list[str]) -> None:
    shop(world)
    assert [trace["traceID"] for trace in world.get("/api/search", **query)["traces"]] == found


@pytest.mark.parametrize(
    ("q", "column", "length", "words"),
    [
        ('{ duration > "x" }', 14, 3, "a duration is compared with a string"),
        ("{ .a = }", 8, 1, "'}' was found where a field or a value"),
        ('{ name =~ "a(" }', 11, 4, "missing )"),
        ('{ name =~ "(?=a)" }', 11, 7, "without look-around"),
        ('{ name =~ "a)|(b" }', 11, 7, "closes a bracket"),
    ],
)
def test_what_is_wrong_with_a_query_is_pointed_at(
    world: World, q: str, column: int, length: int, words: str
) -> None:
    status, message = world.refused("/api/search", q=q)
    error = json.loads(world.ask("GET", "/api/search", {"q": q})[1])["error"]
    assert (status, error["code"], error["column"], error["length"]) == (400, 400, column, length)
    assert words in message
    assert error["message"] == message


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"q": "{}", "tags": "a=b"}, "send either q or tags"),
        ({"tags": "nonsense"}, "write key=value pairs"),
        ({"start": "1760000000000"}, "write a whole number"),
        ({"start": "9", "end": "5"}, "it must not be after end"),
        ({"limit": "0"}, "write a whole number from 1"),
        ({"minDuration": "fast"}, "write a number with a unit"),
    ],
)
def test_bad_values_name_the_key_and_the_fix(world: World, query: dict[str, str], words: str) -> None:
    status, text = world.ask("GET", "/api/search", query)
    [error] = json.loads(text)["errors"]
    assert (status, error["code"]) == (400, 400)
    assert words in error["msg"]


def test_what_clients_look_at_first(world: World) -> None:
    assert world.ask("GET", "/api/echo", {}) == (200, "echo")
    assert world.get("/api/status/buildinfo")["version"]
    assert world.ask("GET", "/status/services", {}) == (200, "query-frontend: Running\n")


def test_a_trace_as_json(world: World) -> None:
    shop(world)
    spans = [
        span["spanId"]
        for resource in world.get(f"/api/v2/traces/{ONE}")["trace"]["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    assert spans == [A, B, C]
    assert world.refused("/api/v2/traces/" + "1" * 32)[0] == 404
    assert world.refused("/api/v2/traces/zz")[0] == 400


def test_a_trace_as_protobuf(world: World) -> None:
    shop(world)
    body = asyncio.run(_bytes(world, f"/api/v2/traces/{ONE}"))
    # TraceByIDResponse: field 1, the trace, with its length as a varint of two bytes.
    assert body[0] == 0x0A
    length = (body[1] & 0x7F) | body[2] << 7
    trace = TracesData.FromString(body[3:])
    assert len(body) == length + 3
    found = [
        span.span_id.hex()
        for resource in trace.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert found == [A, B, C]


async def _bytes(world: World, path: str) -> bytes:
    runner = web.AppRunner(world.app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        async with (
            ClientSession(headers={"Accept": "application/protobuf"}) as client,
            client.get(f"http://{host}:{port}{path}") as response,
        ):
            assert response.content_type == "application/protobuf"
            return await response.read()
    finally:
        await runner.cleanup()
