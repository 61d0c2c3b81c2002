"""Search in any order over the whole window, page by page, against the real engine over real HTTP."""

import json
from collections.abc import Callable
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


RANKS: dict[str, Callable[[int], Any]] = {
    "start": lambda index: -index,
    "duration": lambda index: (index * 7) % 25,
    "spans": lambda index: index % 4,
    "errors": lambda index: index % 5 == 0,
    "services": lambda index: 1 + (index % 4 > 0),
    "root": lambda index: f"GET /{index % 3}",
}


@pytest.mark.parametrize("direction", ["desc", "asc"])
@pytest.mark.parametrize("order", RANKS)
def test_every_order_is_total_over_the_whole_window(world: World, order: str, direction: str) -> None:
    day(world)
    expected = sorted(
        (number(index) for index in range(25)),
        key=lambda trace: (RANKS[order](int(trace, 16) - (1 << 100)), trace),
        reverse=direction == "desc",
    )
    found = pages(world, order=order, dir=direction, limit=7)
    assert [len(page) for page in found] == [7, 7, 7, 4]
    assert [trace for page in found for trace in page] == expected
    assert ids(world, "/api/traces", order=order, dir=direction, limit=7) == expected


def test_traces_that_arrive_between_pages_shift_nothing(world: World) -> None:
    day(world)
    before = ids(world, order="duration", limit=7)
    first = world.get("/api/mesh/search", order="duration", limit=7)
    world.now += 30
    world.spans(Span(ONE, A, at=-20, took=9000), Span(TWO, A, at=-21, took=0.001))
    second = world.get("/api/mesh/search", order="duration", limit=7, cursor=first["next"])
    assert [trace["traceId"] for trace in first["traces"] + second["traces"]] == before[:14]
    assert second["window"] == first["window"]
    assert world.get("/api/mesh/search", order="duration", limit=1)["traces"][0]["traceId"] == ONE


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


def test_the_spans_that_matched_are_told(world: World) -> None:
    shop(world)
    [line] = world.get("/api/mesh/search", q="{ status = error }")["traces"]
    assert line["matched"] == 1
    assert line["matchedSpans"] == [
        {"spanId": B, "name": "read", "start": NOW_US - 19_900_000, "duration": 800.0},
    ]


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


def test_a_trace_belongs_to_the_window_it_starts_in(world: World) -> None:
    """Also when its later spans came in another batch, and are in the window."""
    world.spans(Span(ONE, A, at=100, took=90_000))
    world.spans(Span(ONE, B, A, "reviews", at=50))
    assert pages(world, start=NOW_US - 60_000_000) == [[]]
    assert pages(world, end=NOW_US - 60_000_000, service="reviews", operation="GET /") == [[ONE]]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"order": "size"}, "order is 'size': write one of start, duration, spans, errors, services, root"),
        ({"dir": "up"}, "dir is 'up': write desc or asc"),
        ({"limit": "0"}, "limit is '0': write a whole number from 1 to 1000"),
        ({"errors": "yes"}, "errors is 'yes': write true or false"),
        ({"min_duration": "5"}, "min_duration is '5': write a number with a unit"),
        ({"min_duration": "2s", "max_duration": "1s"}, "it must not be above max_duration"),
        ({"start": "1", "end": "0"}, "it must not be after end"),
        ({"cursor": "no"}, "cursor is 'no': send the cursor of the reply before unchanged"),
        ({"cursor": "WzEsMl0"}, "send the cursor of the reply before unchanged"),
        ({"cursor": "x" * 5000}, "send the cursor of the reply before unchanged"),
    ],
)
def test_a_bad_value_is_a_400_that_names_key_value_and_fix(
    world: World, query: dict[str, Any], message: str
) -> None:
    status, told = world.refused("/api/mesh/search", **query)
    assert status == 400
    assert message in told


def test_a_cursor_of_another_search_is_refused(world: World) -> None:
    day(world, 5)
    cursor = world.get("/api/mesh/search", order="spans", limit=2)["next"]
    status, told = world.refused("/api/mesh/search", order="errors", cursor=cursor)
    assert (status, "it belongs to another search" in told) == (400, True)
    assert world.get("/api/mesh/search", order="spans", limit=3, cursor=cursor)["traces"]
