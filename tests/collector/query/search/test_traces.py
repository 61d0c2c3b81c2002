"""Search and trace by id against the real engine, over real HTTP."""

import json
from typing import Any

import pytest

from collector.query.params import Window
from collector.query.search.span_conditions import Search, trace_ids
from collector.query.sql import Sql
from tests.collector.query.world import NOW, NOW_US, ONE, SHORT, TWO, Span, World

A, B, C = (digit * 16 for digit in "abc")


def found(world: World, **query: Any) -> list[str]:
    return [trace["traceID"] for trace in world.get("/api/traces", **query)["data"]]


def shop(world: World) -> None:
    """Two traces through frontend and reviews; in the second, older one, reviews fails slowly."""
    world.spans(
        Span(ONE, A, name="GET /home", at=10, took=30, attributes={"http.response.status_code": "200"}),
        Span(ONE, B, A, "reviews", "GET /reviews", at=9.9, took=20, resource={"service.version": "v1"}),
        Span(TWO, A, name="GET /product", at=20, took=900, attributes={"http.response.status_code": "500"}),
        Span(
            TWO,
            B,
            A,
            "reviews",
            "GET /reviews",
            at=19.9,
            took=800,
            status="Error",
            attributes={"url.path": "/reviews/7", "empty": ""},
            resource={"service.version": "v2"},
            events=[(NOW_US * 1000, "exception", {"exception.type": "Timeout"})],
        ),
    )


def test_search_returns_whole_traces_newest_first(world: World) -> None:
    shop(world)
    reply = world.get("/api/traces", service="reviews")
    assert [trace["traceID"] for trace in reply["data"]] == [ONE, TWO]
    assert [len(trace["spans"]) for trace in reply["data"]] == [2, 2]
    assert {key: reply[key] for key in ("total", "limit", "offset", "errors")} == {
        "total": 2,
        "limit": 100,
        "offset": 0,
        "errors": None,
    }
    assert found(world, service="reviews", limit=1) == [ONE]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [ONE, TWO]),
        ({"service": "nobody"}, []),
        ({"service": "frontend", "operation": "GET /product"}, [TWO]),
        ({"operation": "GET /product"}, [TWO]),
        ({"service": "reviews", "operation": "GET /product"}, []),
        ({"minDuration": "700ms"}, [TWO]),
        ({"service": "reviews", "minDuration": "850ms"}, []),
        ({"maxDuration": "25ms"}, [ONE]),
        ({"minDuration": "30ms", "maxDuration": "30ms"}, [ONE]),
        ({"tags": '{"error":"true"}'}, [TWO]),
        ({"tags": '{"error":true}'}, [TWO]),
        ({"service": "reviews", "tag": "error:false"}, [ONE]),
        ({"tags": '{"http.status_code":"500"}'}, [TWO]),
        ({"tags": '{"http.response.status_code":500}'}, [TWO]),
        ({"tag": "service.version:v1"}, [ONE]),
        ({"tag": "exception.type:Timeout"}, [TWO]),
        ({"tag": "span.kind:server", "limit": 1}, [ONE]),
        ({"tag": "span.kind:client"}, []),
        ({"tag": "otel.status_code:ERROR"}, [TWO]),
        ({"tag": "otel.library.name:shop", "service": "frontend"}, [ONE, TWO]),
        ({"tags": '{"empty":""}'}, [TWO]),
        ({"tags": '{"missing":""}'}, []),
        ({"tags": '{"url.path":"/reviews/7","error":"true"}'}, [TWO]),
        ({"tags": '{"url.path":"/reviews/7","http.status_code":"500"}'}, []),  # not on one span
        ({"start": NOW_US - 15_000_000}, [ONE]),
        ({"end": NOW_US - 15_000_000}, [TWO]),
        ({"start": NOW_US - 20_000_000, "end": NOW_US - 20_000_000}, [TWO]),
        ({"lookback": "5s"}, []),
        ({"traceID": TWO.upper()}, [TWO]),
        ([("traceID", TWO), ("traceID", ONE), ("traceID", TWO), ("traceID", "1")], [TWO, ONE]),
        ({"service": "o'brien", "tag": "'; DROP TABLE otel_traces:\\'"}, []),
    ],
)
def test_search_by(world: World, query: Any, expected: list[str]) -> None:
    shop(world)
    if isinstance(query, list):
        status, text = world.ask("GET", "/api/traces", query)
        assert status == 200
        assert [text.index(f'{{"traceID":"{each}","spans"') for each in expected] == sorted(
            text.index(f'{{"traceID":"{each}","spans"') for each in expected
        )
    else:
        assert found(world, **query) == expected


def test_texts_of_any_kind_are_found_as_they_are(world: World) -> None:
    odd = "tab\t, quote ' and \\ and {x:String} and ünï\n"
    world.spans(Span(service=odd, name=odd, attributes={odd: odd}))
    assert found(world, service=odd, operation=odd, tags=json.dumps({odd: odd})) == [ONE]
    assert found(world, service=odd, operation=odd, tags=json.dumps({odd: odd + "x"})) == []


def test_equal_starts_come_in_one_order(world: World) -> None:
    ids = [f"{number:032x}" for number in range(1 << 65, (1 << 65) + 20)]
    world.spans(*(Span(each, at=5) for each in reversed(ids)))
    assert found(world, limit=7) == ids[:7]
    assert found(world, limit=20) == ids


def test_a_trace_by_id_is_whole_even_across_midnight_and_beyond_the_searched_window(world: World) -> None:
    world.spans(Span(ONE, B, A, at=10), Span(ONE, A, at=86_400 * 12), Span(TWO, C))
    [trace] = world.get(f"/api/traces/{ONE}")["data"]
    assert [span["spanID"] for span in trace["spans"]] == [A, B]
    [trace] = world.get(
        "/api/traces",
        start=NOW_US - 20_000_000,
        limit=100,
        tag="span.kind:server",
        service="frontend",
        maxDuration="1s",
        traceID=ONE,
    )["data"]
    assert len(trace["spans"]) == 2


def test_trace_ids_are_taken_short_and_long_and_in_any_case(world: World) -> None:
    world.spans(Span(SHORT, A), Span(ONE, B))
    for text in ("a3ce929d0e0e4736", "A3CE929D0E0E4736", SHORT, SHORT.upper()):
        [trace] = world.get(f"/api/traces/{text}")["data"]
        assert trace["traceID"] == "a3ce929d0e0e4736"
        assert trace["spans"][0]["traceID"] == "a3ce929d0e0e4736"
    assert world.get(f"/api/traces/{ONE.upper()}")["data"][0]["traceID"] == ONE


def test_an_unknown_trace_is_not_found(world: World) -> None:
    status, message = world.refused(f"/api/traces/{ONE}")
    assert (status, message) == (
        404,
        f"trace {ONE} is not stored: it may be too new, or past the retention",
    )


def test_what_is_stored_comes_back_to_the_microsecond(world: World) -> None:
    world.spans(
        Span(
            ONE,
            A,
            at=1.000001,
            took=0.0025,
            status="Error",
            message="no",
            kind="Client",
            attributes={"n": "5"},
            events=[(NOW_US * 1000 + 7_000, "log", {"x": "1.5"})],
            links=[(SHORT, B, {})],
        ),
    )
    [trace] = world.get(f"/api/traces/{ONE}")["data"]
    [span] = trace["spans"]
    assert (span["startTime"], span["duration"]) == (NOW_US - 1_000_001, 2)
    assert span["references"] == [{"refType": "FOLLOWS_FROM", "traceID": "a3ce929d0e0e4736", "spanID": B}]
    assert span["logs"] == [
        {
            "timestamp": NOW_US + 7,
            "fields": [
                {"key": "event", "type": "string", "value": "log"},
                {"key": "x", "type": "float64", "value": 1.5},
            ],
        }
    ]
    assert {"key": "n", "type": "int64", "value": 5} in span["tags"]


def test_a_search_reads_by_partition_primary_key_and_skip_index(world: World) -> None:
    shop(world)
    search = Search(
        Window((NOW - 60) * 10**6, NOW_US), "reviews", "GET /reviews", (("k", "v"),), 5_000_000, None, 20
    )
    query = Sql("EXPLAIN indexes = 1 ") + trace_ids(search)
    plan = "\n".join(str(row[0]) for row in world.database.query(query.text, query.parameters))
    used = plan[plan.index("PrimaryKey") : plan.index("Condition", plan.index("PrimaryKey"))]
    for column in ("ServiceName", "SpanName", "Timestamp"):
        assert column in used
    assert "toDate(Timestamp)" in plan
    assert "idx_duration" in plan


def test_a_span_that_came_in_several_batches_is_shown_once(world: World) -> None:
    one, two = Span(ONE, A, attributes={"a": "x"}), Span(ONE, B, A, "reviews")
    shared = Span(ONE, B, A, "frontend", kind="Client")
    for batch in ((one, two), (two, shared), (shared, one), (Span(ONE, A, attributes={"a": "y"}),)):
        world.spans(*batch)
    [trace] = world.get(f"/api/traces/{ONE}")["data"]
    found = [(span["spanID"], {tag["key"]: tag["value"] for tag in span["tags"]}) for span in trace["spans"]]
    assert len(found) == 4
    assert sorted(tags.get("a", "") for span_id, tags in found if span_id == A) == ["x", "y"]
    assert {tags["span.kind"] for span_id, tags in found if span_id == B} == {"server", "client"}
