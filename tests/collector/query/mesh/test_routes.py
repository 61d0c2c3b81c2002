"""Our own routes on the real engine: live windows, past ones, the seam between them, stages."""

import json
from typing import Any

import pytest

from collector.clickhouse.database import StoreUnavailableError
from collector.query.mesh.routes import joined
from proxy.contract.traffic import Arm
from tests.collector.query.world import NOW, NOW_US, BrokenReader, Calls, World
from topology.model.graph import Point, Stats

NO_TRAFFIC = {"count": 0, "errors": 0, "rate": 0.0, "success": None, "p50": None, "p90": None, "p99": None}


def test_the_graph_of_now_is_live_and_needs_no_store(world: World) -> None:
    world.reader = BrokenReader(StoreUnavailableError("gone"))
    world.join("reviews", 15006, version="v1")
    world.hear("frontend", "reviews", 10, 4, 1)
    world.hear("frontend", "reviews", 70, 100)
    graph = world.get("/api/mesh/graph")
    assert (graph["source"], graph["start"], graph["end"]) == ("live", NOW_US - 60_000_000, NOW_US)
    [edge] = graph["edges"]
    assert (edge["source"], edge["target"], edge["protocol"]) == ("frontend", "reviews", "http")
    assert (edge["count"], edge["errors"], edge["success"]) == (4, 1, 0.75)
    assert edge["p99"] == pytest.approx(100, rel=0.03)
    nodes = {node["name"]: node for node in graph["nodes"]}
    assert (nodes["reviews"]["sidecar"], nodes["reviews"]["endpoints"], nodes["reviews"]["versions"]) == (
        True,
        1,
        ["v1"],
    )
    assert nodes["frontend"].items() >= NO_TRAFFIC.items()
    assert world.get("/api/mesh/services")["services"] == graph["nodes"]


def test_a_start_within_memory_is_live_too(world: World) -> None:
    world.hear("frontend", "reviews", 70, 5)
    graph = world.get("/api/mesh/graph", start=NOW_US - 600_000_000)
    assert graph["source"] == "live"
    assert graph["edges"][0]["count"] == 5


@pytest.mark.parametrize(
    "query",
    [
        {"start": NOW_US - 1_800_000_000},  # before what memory holds
        {"start": NOW_US - 120_000_000, "end": NOW_US - 60_000_000},  # in the past
    ],
)
def test_an_older_graph_comes_from_the_store(world: World, query: dict[str, int]) -> None:
    world.join("reviews", 15006)
    world.calls(Calls("frontend", "reviews", 90, 7, 7))
    graph = world.get("/api/mesh/graph", **query)
    assert (graph["source"], graph["start"]) == ("store", query["start"])
    assert [(edge["count"], edge["success"]) for edge in graph["edges"]] == [(7, 0.0)]
    assert {node["name"]: node["endpoints"] for node in graph["nodes"]} == {"frontend": 0, "reviews": 1}


def test_after_a_restart_what_was_before_comes_from_the_store(world: World) -> None:
    world.calls(Calls("frontend", "reviews", 40, 7), Calls("frontend", "reviews", 90, 1))
    world.hear("frontend", "reviews", 10, 5)
    world.step()
    world.born = NOW - 20.0
    asked = {"service": "reviews", "start": NOW_US - 60_000_000}
    points = world.get("/api/mesh/series", step=10, **asked)["points"]
    assert [(point["time"] // 1_000_000 - NOW, point["count"]) for point in points] == [
        (-60, 0),
        (-50, 0),
        (-40, 7),
        (-30, 0),
        (-20, 0),
        (-10, 5),
        (0, 0),
    ]
    buckets = world.get("/api/mesh/latency", **asked)["buckets"]
    assert sum(bucket["count"] for bucket in buckets) == 12
    assert world.get("/api/mesh/graph", start=asked["start"])["source"] == "store"
    assert world.get("/api/mesh/graph")["source"] == "live"


def test_where_two_series_meet_the_fuller_point_counts() -> None:
    few, many = Stats(1), Stats(9)
    stored = [Point(0.0, few), Point(10.0, few), Point(20.0, many)]
    live = [Point(10.0, many), Point(20.0, few), Point(30.0, few)]
    assert joined(stored, live) == [Point(0.0, few), Point(10.0, many), Point(20.0, many), Point(30.0, few)]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"service": "reviews"}, 6),
        ({"source": "frontend", "target": "reviews"}, 4),
        ({"endpoint": "10.0.0.1:15006"}, 5),
        ({"service": "nobody"}, 0),
        ({"source": "cart"}, 3),
    ],
)
@pytest.mark.parametrize("past", [False, True])
def test_series_and_latency_of(world: World, query: dict[str, str], count: int, past: bool) -> None:
    one = "10.0.0.1:15006"
    world.hear("frontend", "reviews", 9, 3, endpoint=one)
    world.hear("frontend", "reviews", 8, 1)
    world.hear("cart", "reviews", 8, 2, endpoint=one)
    world.hear("cart", "payment", 8, 1)
    world.step()
    window: dict[str, Any] = {"start": NOW_US - 60_000_000, "end": NOW_US}
    if past:
        world.now += 600
    points = world.get("/api/mesh/series", **query, **window, step=60)["points"]
    assert sum(point["count"] for point in points) == count
    buckets = world.get("/api/mesh/latency", **query, **window)["buckets"]
    assert sum(bucket["count"] for bucket in buckets) == count
    assert all(bucket["low"] < 100 <= bucket["high"] for bucket in buckets)


def test_endpoints(world: World) -> None:
    first, second = world.join("reviews", 15006, version="v1", zone="eu"), world.join("reviews", 15016)
    world.join("cart", 15026)
    world.hear("frontend", "reviews", 5, 2, endpoint=first)
    found = world.get("/api/mesh/endpoints", service="reviews")["endpoints"]
    assert [each["address"] for each in found] == [first, second]
    assert (found[0]["service"], found[0]["instance"], found[0]["version"], found[0]["zone"]) == (
        "reviews",
        "reviews-15006",
        "v1",
        "eu",
    )
    assert (found[0]["count"], found[1]["count"], found[0]["app"]) == (2, 0, "127.0.0.1:15007")
    assert (found[0]["state"], found[0]["ejected_since"]) == ("healthy", None)
    assert len(world.get("/api/mesh/endpoints")["endpoints"]) == 3
    assert world.get("/api/mesh/endpoints", service="nobody") == {"endpoints": []}


def put(world: World, **change: Any) -> dict[str, Any]:
    status, text = world.ask("PUT", "/api/mesh/stages", {}, json.dumps(change).encode())
    assert status == 200, text
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_stage_is_set_shown_and_taken_back(world: World) -> None:
    world.join("reviews", 15006)
    [before] = world.get("/api/mesh/stages")["stages"]
    assert (before["service"], before["stage"], before["origin"]) == ("reviews", "observe", "default")
    assert before["direct"] == before["routed"] == NO_TRAFFIC
    changed = put(world, service="reviews", stage="route", percent=25)
    assert (changed["stage"], changed["percent"], changed["origin"], changed["updated"]) == (
        "route",
        25,
        "api",
        NOW_US,
    )
    assert world.get("/api/mesh/stages")["stages"] == [changed]
    assert put(world, service="reviews", stage="route")["percent"] == 100
    assert put(world, service="reviews", stage="observe")["stage"] == "observe"
    kinds = [each["kind"] for each in world.get("/api/mesh/decisions", service="reviews")["decisions"]]
    assert kinds[:3] == ["stage", "stage", "stage"]


def test_both_arms_are_shown(world: World) -> None:
    world.join("reviews", 15006)
    world.hear("frontend", "reviews", 5, 3, 3, arm=Arm.DIRECT)
    world.hear("frontend", "reviews", 5, 2, 0, arm=Arm.ROUTED)
    stage = {each["service"]: each for each in world.get("/api/mesh/stages")["stages"]}["reviews"]
    assert (stage["direct"]["count"], stage["direct"]["success"]) == (3, 0.0)
    assert (stage["routed"]["count"], stage["routed"]["success"]) == (2, 1.0)


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"", 400, "the body is not JSON: write {"),
        (b"stage=route", 400, "the body is not JSON"),
        (b"\xff\xfe", 400, "the body is not JSON"),
        (b"[" * 60_000, 400, "the body is not JSON"),
        (b"[]", 400, "the body must hold service, stage, percent and by only"),
        (b'{"service":"reviews","stage":"route","percentage":5}', 400, "service, stage, percent and by only"),
        (b'{"stage":"route"}', 400, "service is missing: write {"),
        (b'{"service":7,"stage":"route"}', 400, "service is 7"),
        (b'{"service":"reviews"}', 400, "stage is missing: write {"),
        (b'{"service":"reviews","stage":"on"}', 400, "stage is 'on': write one of observe, advise, route"),
        (b'{"service":"reviews","stage":["route"]}', 400, "stage is ['route']"),
        (b'{"service":"reviews","stage":"route","percent":101}', 400, "percent is 101: write a whole number"),
        (b'{"service":"reviews","stage":"route","percent":-1}', 400, "percent is -1"),
        (b'{"service":"reviews","stage":"route","percent":"5"}', 400, "percent is '5'"),
        (b'{"service":"reviews","stage":"route","percent":true}', 400, "percent is True"),
        (b'{"service":"reviews","stage":"route","percent":5.5}', 400, "percent is 5.5"),
        (b'{"service":"review","stage":"route"}', 404, "service 'review' is unknown: name one of reviews"),
        (b'{"service":"\\ud800","stage":"route"}', 404, "is unknown: name one of reviews"),
    ],
)
def test_a_bad_stage_change_changes_nothing(world: World, body: bytes, status: int, message: str) -> None:
    world.join("reviews", 15006)
    answered, told = world.refused("/api/mesh/stages", "PUT", body)
    assert answered == status
    assert message in told
    assert world.get("/api/mesh/stages")["stages"][0]["stage"] == "observe"


def test_a_stage_for_an_empty_mesh_says_how_to_begin(world: World) -> None:
    _, told = world.refused("/api/mesh/stages", "PUT", b'{"service":"reviews","stage":"route"}')
    assert told == "service 'reviews' is unknown: start its sidecar, or add it to mesh.yaml"


@pytest.mark.parametrize(
    ("path", "query", "message"),
    [
        ("graph", {"start": "0.5"}, "start is '0.5': write microseconds"),
        ("graph", {"end": NOW}, "this looks like seconds"),
        ("graph", {"start": NOW_US, "end": NOW_US - 5}, "it must not be after end"),
        (
            "decisions",
            {"kind": "ejection"},
            "kind is 'ejection': write one of eject, return, probation, hold",
        ),
        ("decisions", {"limit": 0}, "limit is '0': write a whole number from 1 to 1000"),
        ("series", {}, "the calls are not named: add service=NAME"),
        ("series", {"service": "a", "step": "1m"}, "step is '1m': write a whole number from 1"),
        ("series", {"service": "a", "step": 1, "start": NOW_US - 10**11}, "step is 1: write 50 or more"),
        ("latency", {"service": ""}, "the calls are not named"),
        ("latency", {"service": "a", "start": "x"}, "start is 'x'"),
    ],
)
def test_bad_values(world: World, path: str, query: dict[str, Any], message: str) -> None:
    status, told = world.refused(f"/api/mesh/{path}", **query)
    assert status == 400
    assert message in told


@pytest.mark.parametrize("path", ["graph", "series?service=a", "latency?service=a"])
def test_past_windows_need_the_store(world: World, path: str) -> None:
    world.reader = BrokenReader(StoreUnavailableError("connection refused"))
    mark = "&" if "?" in path else "?"
    status, told = world.refused(f"/api/mesh/{path}{mark}start={NOW_US - 10**10}")
    assert status == 503
    assert "connection refused" in told


def test_endpoints_of_a_past_window_have_its_traffic_also_those_that_are_gone(world: World) -> None:
    here = world.join("reviews", 15006)
    world.calls(
        Calls("shop", "reviews", 3000, 60, 6, endpoint=here),
        Calls("shop", "reviews", 3001, 30, endpoint="old:1"),
        Calls("shop", "cart", 3001, 9, endpoint="cart:1"),
        Calls("shop", "reviews", 3001, 5),
    )
    asked = {"start": (NOW - 3060) * 10**6, "end": (NOW - 2940) * 10**6}
    found = world.get("/api/mesh/endpoints", service="reviews", **asked)["endpoints"]
    assert [(each["address"], each["state"], each["count"], each["errors"]) for each in found] == [
        (here, "healthy", 60, 6),
        ("old:1", "gone", 30, 0),
    ]
    every = world.get("/api/mesh/endpoints", **asked)["endpoints"]
    assert {each["service"] for each in every} == {"reviews", "cart"}
    assert world.refused("/api/mesh/endpoints", start="now")[0] == 400
