"""Jaeger's v3 API on the real store over real HTTP."""

import json

from tests.collector.query.world import ONE, SHORT, TWO, Calls, Span, World

A, B = "a" * 16, "b" * 16


def shop(world: World) -> None:
    world.spans(
        Span(ONE, A, at=10, took=30),
        Span(ONE, B, A, "reviews", "GET /reviews", at=9.9, status="Error"),
        Span(TWO, A, at=20, took=900),
        Span(SHORT, A, service="cart", at=30),
    )


def test_a_trace_is_otlp(world: World) -> None:
    shop(world)
    found = world.get("/api/v3/traces/a3ce929d0e0e4736")["result"]["resourceSpans"]
    [span] = found[0]["scopeSpans"][0]["spans"]
    assert (span["traceId"], span["spanId"], span["kind"]) == (SHORT, A, 2)
    assert {"key": "service.name", "value": {"stringValue": "cart"}} in found[0]["resource"]["attributes"]


def test_search_and_summaries_find_the_same_traces(world: World) -> None:
    shop(world)
    query = {"query.serviceName": "frontend", "query.searchDepth": "5"}
    result = world.get("/api/v3/traces", **query)["result"]
    found = [
        span["traceId"]
        for resource in result["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    assert sorted(found) == [ONE, ONE, TWO]
    summaries = world.get("/api/v3/trace-summaries", **query)["summaries"]
    assert [(each["traceId"], each["spanCount"], each["errorSpanCount"]) for each in summaries] == [
        (ONE, 2, 1),
        (TWO, 1, 0),
    ]
    slow = {"query.durationMin": "500ms"}
    assert [each["traceId"] for each in world.get("/api/v3/trace-summaries", **slow)["summaries"]] == [TWO]


def test_an_empty_search(world: World) -> None:
    assert world.get("/api/v3/trace-summaries") == {"summaries": []}
    assert world.refused("/api/v3/traces") == (404, "no traces found: widen the times, or ask for less")


def test_errors_are_also_in_the_shape_its_clients_read(world: World) -> None:
    for path, status in (
        (f"/api/v3/traces/{ONE}", 404),
        ("/api/v3/traces/zz", 400),
        ("/api/v3/operations", 400),
        ("/api/v3/nothing", 404),
    ):
        answered, message = world.refused(path)
        reply = json.loads(world.ask("GET", path, {})[1])
        assert (answered, reply["error"]) == (status, {"httpCode": status, "message": message})


def test_warnings_are_an_attribute_unless_traces_are_asked_for_raw(world: World) -> None:
    world.spans(Span(ONE, A, B, at=10))
    told = {
        "key": "@jaeger@warnings",
        "value": {
            "arrayValue": {
                "values": [
                    {"stringValue": f"the parent span {B} is not stored"},
                ]
            }
        },
    }
    for path, raw in ((f"/api/v3/traces/{ONE}", "rawTraces"), ("/api/v3/traces", "query.rawTraces")):
        for query, expected in (({}, True), ({raw: "true"}, False), ({raw.lower(): "true"}, True)):
            result = world.get(path, **query)["result"]["resourceSpans"][0]["scopeSpans"][0]["spans"]
            assert (told in result[0]["attributes"]) is expected


def test_a_search_may_be_a_body(world: World) -> None:
    shop(world)
    body = b'{"query": {"serviceName": "frontend", "durationMin": "0.5s", "searchDepth": 5}}'
    status, text = world.ask("POST", "/api/v3/trace-summaries", {}, body)
    assert (status, [each["traceId"] for each in json.loads(text)["summaries"]]) == (200, [TWO])
    for bad, message in (
        (b"[", "the body is not JSON"),
        (b'{"query": 1}', "the body holds no query"),
        (b'{"query": {"searchDepth": -1}}', "query.searchDepth is '-1'"),
    ):
        status, told = world.refused("/api/v3/traces", "POST", bad)
        assert (status, message in told) == (400, True)


def test_dependencies_of_a_time_range(world: World) -> None:
    world.calls(Calls("a", "b", 100, 3), Calls("a", "c", 7000, 2))
    asked = {"startTime": "2026-11-21T07:00:00Z", "endTime": "2026-11-21T08:00:00Z"}
    assert world.get("/api/v3/dependencies", **asked) == {
        "dependencies": [{"parent": "a", "child": "b", "callCount": "3"}],
    }
    status, told = world.refused("/api/v3/dependencies", startTime="x")
    assert (status, "startTime is 'x': write RFC 3339" in told) == (400, True)
