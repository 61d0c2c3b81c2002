"""Jaeger's dependencies: the edges of the graph with their calls, wherever these are kept."""

from typing import Any

import pytest

from collector.clickhouse.database import StoreUnavailableError
from collector.query.mesh.dependencies import joined
from tests.collector.query.world import NOW, BrokenReader, Calls, World

NOW_MS = NOW * 1000


def links(world: World, **query: Any) -> dict[tuple[str, str], int]:
    data = world.get("/api/dependencies", **query)["data"]
    return {(link["parent"], link["child"]): link["callCount"] for link in data}


def test_shape_and_order(world: World) -> None:
    world.calls(Calls("b", "c", 100, 2), Calls("a", "b", 100, 1), Calls("a", "b", 200, 4))
    assert world.get("/api/dependencies") == {
        "data": [
            {"parent": "a", "child": "b", "callCount": 5},
            {"parent": "b", "child": "c", "callCount": 2},
        ],
        "total": 2,
        "limit": 0,
        "offset": 0,
        "errors": None,
    }


def test_they_agree_with_the_graph_before_and_after_storing(world: World) -> None:
    world.join("reviews", 15006)
    for at, count in ((50, 3), (20, 5), (1, 2)):
        world.hear("frontend", "reviews", at, count)
        world.hear("reviews", "api.example:443", at, count)
    graph = world.get("/api/mesh/graph")
    edges = {(edge["source"], edge["target"]): edge["count"] for edge in graph["edges"]}
    assert edges == {("frontend", "reviews"): 10, ("reviews", "api.example:443"): 10}
    assert links(world, endTs=NOW_MS, lookback=3_600_000) == edges
    world.step()
    assert links(world, endTs=NOW_MS, lookback=3_600_000) == edges
    assert links(world, endTs=NOW_MS, lookback=60_000) == edges


def test_calls_of_before_a_restart_and_calls_not_yet_stored_all_count(world: World) -> None:
    world.calls(Calls("a", "b", 300, 100), Calls("a", "b", 30, 7), Calls("x", "y", 30, 1))
    world.hear("a", "b", 2, 3)
    world.hear("p", "q", 2, 4)
    assert links(world) == {("a", "b"): 107, ("x", "y"): 1, ("p", "q"): 4}


def test_a_window_in_the_past_is_the_stores_alone(world: World) -> None:
    world.calls(Calls("a", "b", 300, 100), Calls("a", "b", 250, 1), Calls("a", "b", 100, 10))
    world.hear("a", "b", 2, 3)
    assert links(world, endTs=NOW_MS - 200_000, lookback=60_000) == {("a", "b"): 1}
    assert links(world, endTs=NOW_MS - 400_000, lookback=60_000) == {}


def test_callers_nobody_named_are_no_service(world: World) -> None:
    world.calls(Calls("user", "shop", 100, 9), Calls("shop", "postgresql/mail", 100, 9, protocol="database"))
    assert links(world) == {("shop", "postgresql/mail"): 9}


def test_the_store_being_down(world: World) -> None:
    world.reader = BrokenReader(StoreUnavailableError("connection refused"))
    assert world.refused("/api/dependencies")[0] == 503


@pytest.mark.parametrize(("stored", "live", "count"), [(7, 3, 107), (3, 7, 107), (0, 0, 100)])
def test_of_the_tail_the_fuller_count_is_taken(stored: int, live: int, count: int) -> None:
    edge = ("a", "b")
    assert joined({edge: 100}, {edge: stored}, {edge: live}) == [
        {"parent": "a", "child": "b", "callCount": count}
    ]
