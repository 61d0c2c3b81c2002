"""Search in any order over the whole window, page by page, against the real engine over real HTTP."""

import json
from typing import Any

import pytest

from collector.query.params import SETTLE_US
from tests.collector.query.world import NOW_US, ONE, TWO, Span, World

A, B = "a" * 16, "b" * 16


def number(index: int) -> str:
    return f"{(1 << 100) + index:032x}"


def day(world: World, count: int = 25) -> None:
    """Traces 0 upwards, the newest first, a minute apart; durations, spans and errors all differ in order."""
    spans = []
    for index in range(count):
        took = 10.0 + (index * 7) % count
        status = "Error" if index % 5 == 0 else "Unset"
        spans.append(
            Span(number(index), A, name=f"GET /{index % 3}", at=60.0 * index + 10, took=took, status=status)
        )
        spans += [
            Span(number(index), f"{extra + 1:016x}", A, "reviews", "read", at=60.0 * index + 9.99, took=1)
            for extra in range(index % 4)
        ]
    world.spans(*spans)


def ids(world: World, path: str = "/api/mesh/search", **query: Any) -> list[str]:
    return [trace for page in pages(world, path, **query) for trace in page]


def pages(world: World, path: str = "/api/mesh/search", **query: Any) -> list[list[str]]:
    """Ids by page until there is no next."""
    found, cursor = [], ""
    while True:
        reply = world.get(path, **query, **({"cursor": cursor} if cursor else {}))
        if path == "/api/traces":
            found.append([trace["traceID"] for trace in reply["data"]])
            cursor = reply["cursor"]
        else:
            found.append([trace["traceId"] for trace in reply["traces"]])
            cursor = reply["next"]
        if not cursor:
            return found


def test_a_line_says_what_a_trace_was(world: World) -> None:
    world.spans(
        Span(ONE, A, name="GET /home", at=10, took=30),
        Span(ONE, B, A, "reviews", "GET /reviews", at=9.99, took=500, status="Error"),
    )
    assert world.get("/api/mesh/search") == {
        "traces": [
            {
                "traceId": ONE,
                "rootService": "frontend",
                "rootOperation": "GET /home",
                "start": NOW_US - 10_000_000,
                "duration": 510.0,
                "spans": 2,
                "errors": 1,
                "services": ["frontend", "reviews"],
            }
        ],
        "next": None,
        "partial": False,
        "order": "start",
        "dir": "desc",
        "window": {"start": NOW_US - 3_600_000_000, "end": NOW_US - SETTLE_US},
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"service": "reviews"}, [1, 2, 3, 5, 6, 7]),
        ({"service": "nobody"}, []),
        ({"errors": "true"}, [0, 5]),
        ({"errors": "false", "service": "frontend"}, [1, 2, 3, 4, 6, 7]),
        ({"operation": "GET /2"}, [2, 5]),
        ({"service": "reviews", "operation": "GET /2"}, []),  # both of one span
        ({"tags": '{"error":"true"}', "service": "frontend"}, [0, 5]),
        ({"tag": "span.kind:client"}, []),
        ({"min_duration": "24ms"}, [2, 7]),
        ({"max_duration": "17ms", "min_duration": "11ms"}, [1, 4]),
        ({"start": NOW_US - 130_000_000, "end": NOW_US - 70_000_000}, [1, 2]),
        ({"lookback": "65s"}, [0]),
    ],
)
def test_search_by(world: World, query: dict[str, Any], expected: list[int]) -> None:
    world.spans(
        *(
            Span(
                number(index),
                A,
                name=f"GET /{index % 3}",
                at=60.0 * index + 10,
                took=[10.0, 17, 24, 10, 11, 10, 18, 25][index],
                status="Error" if index % 5 == 0 else "Unset",
            )
            for index in range(8)
        ),
        *(
            Span(number(index), B, A, "reviews", "read", at=60.0 * index + 9.999)
            for index in (1, 2, 3, 5, 6, 7)
        ),
    )
    assert ids(world, **query) == [number(index) for index in expected]


def shop(world: World) -> None:
    """ONE is fast, in TWO reviews fails slowly below frontend."""
    world.spans(
        Span(ONE, A, name="GET /home", at=10, took=30, attributes={"http.response.status_code": "200"}),
        Span(ONE, B, A, "reviews", "read", at=9.9, took=20),
        Span(TWO, A, name="GET /product", at=20, took=900, attributes={"http.response.status_code": "500"}),
        Span(TWO, B, A, "reviews", "read", at=19.9, took=800, status="Error"),
    )


FOUND = [
    ("{ status = error }", [TWO]),
    ("{ span.http.response.status_code < 300 }", [ONE]),
    ("{ } > { resource.service.name = `reviews` }", [TWO, ONE]),
    ("{ status = error } >> { }", []),
    ('{ name =~ "GET.*" && duration > 500ms }', [TWO]),
    ('{ name = "nothing" }', []),
]


@pytest.mark.parametrize(("query", "expected"), FOUND)
def test_a_query_in_traceql_goes_with_order_and_pages(world: World, query: str, expected: list[str]) -> None:
    shop(world)
    assert ids(world, q=query, order="duration", limit=1) == expected
    assert ids(world, "/api/traces", q=query, order="duration", limit=1) == expected
    found = world.get("/api/traces", q=query)["data"]
    assert {trace["traceID"] for trace in found} == set(expected)
    summaries = world.get("/api/v3/trace-summaries", **{"query.filter": query})["summaries"]
    assert {each["traceId"] for each in summaries} == set(expected)


def test_a_query_and_the_form_both_hold(world: World) -> None:
    shop(world)
    assert ids(world, q="{ duration > 1ms }", min_duration="500ms") == [TWO]
    assert ids(world, q="{ status = error }", operation="GET /home") == []


def test_an_error_in_a_query_names_its_column(world: World) -> None:
    for path, key in (("/api/mesh/search", "q"), ("/api/traces", "q"), ("/api/v3/traces", "query.filter")):
        status, text = world.ask("GET", path, {key: "{ status = wrong }"})
        assert (status, "column 12" in json.loads(text)["errors"][0]["msg"]) == (400, True)
    status, text = world.ask("GET", "/api/v3/traces", {"query.filter": '{"op": "eq"}'})
    assert (status, "write TraceQL" in text) == (400, True)
