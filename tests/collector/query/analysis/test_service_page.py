"""The page of one service, from stored and live traffic and from its spans, over real HTTP."""

from typing import Any

import pytest

from tests.collector.query.world import NOW_US, Calls, Span, World

MINUTE = 60_000_000


def test_all_of_a_page(world: World) -> None:
    world.calls(
        Calls("user", "shop", 175, 10, 1, buckets={-64: 8, -32768: 2}),
        Calls("user", "shop", 115, 20),
        Calls("cron", "shop", 114, 5),
        Calls("shop", "db", 114, 7, protocol="database"),
        Calls("a", "b", 114, 99),
    )
    world.spans(
        *(
            Span(
                f"{index + 1:032x}",
                service="shop",
                name="GET /",
                at=115,
                took=10.0 * (index + 1),
                status="Error" if index == 3 else "Unset",
            )
            for index in range(4)
        ),
        Span(service="shop", name="orders", kind="Consumer", at=115, took=5),
        Span(service="shop", name="SELECT", kind="Client", at=115),
        Span(service="other", at=115),
    )
    found = world.get("/api/mesh/service/shop", start=NOW_US - 3 * MINUTE, end=NOW_US - MINUTE, step=60)
    assert found["window"] == {"start": NOW_US - 3 * MINUTE, "end": NOW_US - MINUTE, "source": "store"}
    assert {key: found["stats"][key] for key in ("count", "errors", "rate")} == {
        "count": 35,
        "errors": 1,
        "rate": 35 / 120,
    }
    assert [(each["name"], each["count"]) for each in found["callers"]] == [("user", 30), ("cron", 5)]
    assert [(each["name"], each["protocol"], each["count"]) for each in found["callees"]] == [
        ("db", "database", 7),
    ]
    assert [(point["time"], point["count"], point["errors"]) for point in found["points"]] == [
        (NOW_US - 3 * MINUTE, 10, 1),
        (NOW_US - 2 * MINUTE, 25, 0),
    ]
    heat = found["heatmap"]
    assert heat["buckets"][0] == {"low": 62.5, "high": pytest.approx(74.33, abs=0.01)}
    assert [sum(column) for column in heat["counts"]] == [10, 25]
    assert (heat["counts"][0][0], heat["counts"][1][0]) == (10, 0)
    assert all(len(column) == len(heat["buckets"]) for column in heat["counts"])
    shown = ("name", "kind", "count", "errors", "p50")
    assert [tuple(each[key] for key in shown) for each in found["operations"]] == [
        ("GET /", "server", 4, 1, 25.0),
        ("orders", "consumer", 1, 0, 5.0),
    ]


def test_neighbours_are_live_where_memory_has_them(world: World) -> None:
    world.hear("user", "shop", 20, 10, 1)
    found = world.get("/api/mesh/service/shop", start=NOW_US - MINUTE)
    assert found["window"]["source"] == "live"
    assert [(each["name"], each["count"]) for each in found["callers"]] == [("user", 10)]


def test_a_service_nobody_knows_is_empty(world: World) -> None:
    found = world.get("/api/mesh/service/o'brien%2F1")
    assert (found["service"], found["stats"]["count"], found["operations"]) == ("o'brien/1", 0, [])
    assert found["heatmap"]["buckets"] == []


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"start": "now"}, "start is 'now'"),
        ({"step": "0"}, "step is '0'"),
        ({"start": NOW_US - 86_400 * 10**6, "step": 1}, "at most 2000 points"),
    ],
)
def test_a_bad_value_is_a_400_that_names_key_value_and_fix(
    world: World, query: dict[str, Any], message: str
) -> None:
    status, told = world.refused("/api/mesh/service/shop", **query)
    assert (status, message in told) == (400, True)


def test_long_windows_say_the_same_by_the_minute(world: World) -> None:
    """Of an hour and more, minutes are read: whole ones, so that rates are those of what was counted."""
    world.calls(*(Calls("a", "b", ago, 6, 1) for ago in range(90, 7200, 30)))
    start, end = NOW_US - 121 * MINUTE, NOW_US - 1 * MINUTE
    graph = world.get("/api/mesh/graph", start=start + 5_000_000, end=end - 5_000_000)
    [edge] = graph["edges"]
    assert (graph["start"], graph["end"]) == (start, end)
    assert (edge["count"], edge["errors"]) == (6 * 237, 237)
    found = world.get("/api/mesh/service/b", start=start, end=end, step=600)
    assert sum(point["count"] for point in found["points"]) == 6 * 237
    assert sum(each["callCount"] for each in world.get("/api/dependencies")["data"]) == 6 * 237


def test_the_last_point_has_the_rate_of_what_is_past_of_its_step(world: World) -> None:
    """By the second and by the minute, in a window that ends now and in one that ended in a step."""
    world.now += 20  # into a minute
    world.calls(Calls("a", "b", -10, 40), Calls("a", "b", 100, 30))

    def rate(start: int, end: int) -> list[float]:
        points = world.get("/api/mesh/service/b", start=start, end=end, step=60)["points"]
        return [point["rate"] for point in points if point["count"]]

    for minutes in (5, 90):
        assert rate(NOW_US - minutes * MINUTE, NOW_US + 20_000_000) == [0.5, 2.0]
    # A second of the store is whole, and so is a minute that was read.
    assert rate(NOW_US - 5 * MINUTE, NOW_US - 90_000_000) == [1.0]
    assert rate(NOW_US - 90 * MINUTE, NOW_US - 90_000_000) == [0.5]
