"""Past windows from the stored edges: the same figures the engine gives for what it remembers."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import TypeVar

import pytest

from collector.query.bounded_reader import BoundedReader
from collector.query.mesh.stored_edges import CallFilter, StoredEdges
from collector.query.params import Window
from proxy.contract.histogram import Histogram, bucket_value
from proxy.contract.model import Stage
from proxy.contract.traffic import Arm
from tests.collector.query.world import NOW, NOW_US, Calls, World, insert
from tests.topology.fleet import histogram
from topology.model.graph import Encryption, Kind, NodeView, Stats, TcpView
from topology.model.samples import CallSample, Side

T = TypeVar("T")
MINUTE = Window(NOW_US - 60_000_000, NOW_US)


def run(coroutine: Coroutine[None, None, T]) -> T:
    return asyncio.run(coroutine)


def stored(world: World) -> StoredEdges:
    return StoredEdges(BoundedReader(world.reader), world.engine.live.names)


def test_edges_add_up_over_seconds_endpoints_and_collectors(world: World) -> None:
    world.calls(
        Calls("frontend", "reviews", 30, 8, 1, endpoint="a:1", buckets={-54: 8}),
        Calls("frontend", "reviews", 30, 1, 1, endpoint="b:1", buckets={0: 1}),
        Calls("frontend", "reviews", 5, 1, 0, endpoint="a:1", buckets={-32768: 1}),
        Calls("frontend", "reviews", 90, 50),
        Calls("frontend", "reviews", 0, 50),
    )
    graph = run(stored(world).graph(MINUTE))
    [edge] = graph.edges
    assert (edge.source, edge.target, edge.protocol) == ("frontend", "reviews", "http")
    assert (edge.stats.count, edge.stats.errors, edge.stats.success) == (10, 2, 0.8)
    assert edge.stats.rate == pytest.approx(10 / 60)
    assert (edge.stats.p50, edge.stats.p99) == (bucket_value(-54), bucket_value(0))
    assert (graph.start, graph.end) == (NOW - 60, NOW)


def test_opaque_connections_are_stored_with_bytes_and_what_is_known_of_them(world: World) -> None:
    key = {"Target": "db", "Protocol": "tcp", "Arm": "", "Collector": "here"}
    told = {"Count": 0, "Encrypted": 0, "Clear": 0, "Standing": 0, "Sent": 0, "Received": 0}
    insert(
        world.database,
        "mesh_connections",
        [
            {"Time": NOW - 30, "Source": "cart", **key, **told, "Standing": 90, "Encrypted": 3},
            {"Time": NOW - 20, "Source": "cart", **key, **told, "Standing": 30, "Sent": 7, "Received": 5},
            {"Time": NOW - 90, "Source": "cart", **key, **told, "Standing": 9000, "Clear": 1, "Sent": 70},
            {"Time": NOW - 30, "Source": "mail", **key, **told, "Sent": 1},
        ],
    )
    world.calls(Calls("cart", "db", 30, 4, protocol="tcp"))
    edges = {edge.source: edge for edge in run(stored(world).graph(MINUTE)).edges}
    assert (edges["cart"].stats.count, edges["cart"].tcp, edges["cart"].encrypted) == (
        4,
        TcpView(2, 7, 5),
        Encryption.YES,
    )
    assert (edges["mail"].stats.count, edges["mail"].tcp, edges["mail"].encrypted) == (
        0,
        TcpView(0, 1, 0),
        None,
    )


def test_what_a_sidecar_read_was_in_the_clear_and_tunnels_are_not_known(world: World) -> None:
    world.join("api", 15006)
    tunnel = CallSample(Side.CLIENT, "web", "far.example:443", "web-1", histogram(0.1), 0, arm=Arm.DIRECT)
    read = replace(tunnel, target="api", encrypted=False)
    world.engine.calls([tunnel, read], NOW - 20)
    world.step(10)
    edges = {edge.target: edge.encrypted for edge in run(stored(world).graph(MINUTE)).edges}
    live = {edge.target: edge.encrypted for edge in world.engine.live.graph(NOW).edges}
    assert edges == live == {"api": Encryption.NO, "far.example:443": None}


def test_an_encrypted_call_is_stored_as_measured_by_the_second_and_by_the_minute(world: World) -> None:
    world.join("api", 15006)
    secret = CallSample(Side.CLIENT, "web", "api", "web-1", histogram(0.1), 0, arm=Arm.ROUTED, encrypted=True)
    both = replace(secret, target="pay")
    world.engine.calls([secret, both, replace(both, encrypted=False)], NOW - 20)
    world.step(10)
    expected = {"api": Encryption.YES, "pay": Encryption.PARTLY}
    for window in (MINUTE, Window((NOW - 7200) * 10**6, NOW * 10**6)):
        found = {edge.target: edge.encrypted for edge in run(stored(world).graph(window)).edges}
        assert found == expected
    assert {edge.target: edge.encrypted for edge in world.engine.live.graph(NOW).edges} == expected


def test_rows_of_older_collectors_mean_what_they_meant(world: World) -> None:
    world.calls(
        Calls("web", "api", 30, 4, arm=Arm.DIRECT),
        Calls("web", "far.example:443", 30, 4, arm=Arm.DIRECT),
        Calls("user", "api", 30, 4),
        Calls("user", "pay", 30, 4),
    )
    told = {
        "Time": NOW - 30,
        "Protocol": "http",
        "Standing": 0,
        "Sent": 0,
        "Received": 0,
        "Collector": "here",
    }
    tunnel = {"Source": "web", "Target": "far.example:443", "Arm": "direct", "Encrypted": 0, "Clear": 0}
    user = {"Source": "user", "Target": "pay", "Arm": "", "Encrypted": 0, "Clear": 4}
    insert(world.database, "mesh_connections", [{**told, **row, "Count": 4} for row in (tunnel, user)])
    found = {(edge.source, edge.target): edge.encrypted for edge in run(stored(world).graph(MINUTE)).edges}
    assert found == {
        ("web", "api"): Encryption.NO,
        ("web", "far.example:443"): None,
        ("user", "api"): None,
        ("user", "pay"): Encryption.NO,
    }


def test_a_node_has_the_figures_of_the_edges_that_lead_to_it(world: World) -> None:
    world.calls(
        Calls("a", "c", 9, 3, 1),
        Calls("b", "c", 9, 5),
        Calls("c", "db/x", 9, 2, protocol="database"),
    )
    nodes = {node.name: node for node in run(stored(world).graph(MINUTE)).nodes}
    assert [(name, node.stats.count, node.stats.errors) for name, node in nodes.items()] == [
        ("a", 0, 0),
        ("b", 0, 0),
        ("c", 8, 1),
        ("db/x", 2, 0),
    ]
    assert nodes["a"].stats == Stats()


def test_kinds_of_nodes_nobody_remembers(world: World) -> None:
    world.calls(
        Calls("user", "shop", 9),
        Calls("shop", "postgresql/mail", 9, protocol="database"),
        Calls("shop", "kafka/orders", 9, protocol="messaging"),
        Calls("shop", "api.example:443", 9),
        Calls("kafka/orders", "billing", 9, protocol="messaging"),
    )
    kinds = {node.name: node.kind for node in run(stored(world).graph(MINUTE)).nodes}
    assert kinds == {
        "user": Kind.USER,
        "shop": Kind.SERVICE,
        "postgresql/mail": Kind.DATABASE,
        "kafka/orders": Kind.QUEUE,
        "api.example:443": Kind.EXTERNAL,
        "billing": Kind.SERVICE,
    }


def test_what_is_known_now_of_a_node_is_shown_with_the_figures_of_then(world: World) -> None:
    world.calls(Calls("user", "shop", 9, 4))
    known = NodeView("shop", Kind.SERVICE, Stats(99), True, Stage.ROUTE, 25, 3, 1, ("v1",))
    node = run(stored(world).graph(MINUTE, [known])).nodes[0]
    assert (node.stage, node.percent, node.endpoints, node.versions) == (Stage.ROUTE, 25, 3, ("v1",))
    assert node.stats.count == 4


def test_a_series_has_a_point_for_every_step(world: World) -> None:
    world.calls(
        Calls("a", "b", 60, 3),
        Calls("a", "b", 51, 1),
        Calls("a", "c", 51, 7),
        Calls("a", "b", 1, 10, 5),
    )
    points = run(stored(world).series(MINUTE, 10, CallFilter(service="b")))
    assert [(point.time, point.stats.count) for point in points] == [
        (NOW - 60, 4),
        (NOW - 50, 0),
        (NOW - 40, 0),
        (NOW - 30, 0),
        (NOW - 20, 0),
        (NOW - 10, 10),
    ]
    assert points[0].stats.rate == 0.4
    assert points[-1].stats.success == 0.5


def test_the_rate_of_the_last_point_is_that_of_its_part_of_the_step(world: World) -> None:
    world.calls(Calls("a", "b", 57, 12), Calls("a", "b", 46, 20), Calls("a", "b", 41, 90))
    cut = Window(NOW_US - 60_000_000, NOW_US - 45_000_000)
    points = run(stored(world).series(cut, 10, CallFilter(service="b")))
    assert [(point.stats.count, point.stats.rate) for point in points] == [(12, 1.2), (20, 4.0)]


@pytest.mark.parametrize(
    ("only", "count"),
    [
        (CallFilter(service="b"), 7),
        (CallFilter(source="a", target="b"), 3),
        (CallFilter(source="a"), 11),
        (CallFilter(target="c"), 8),
        (CallFilter(endpoint="x:1"), 5),
        (CallFilter(service="b", endpoint="x:1"), 5),
        (CallFilter(service="nobody"), 0),
    ],
)
def test_latency_of(world: World, only: CallFilter, count: int) -> None:
    world.calls(
        Calls("a", "b", 9, 1),
        Calls("a", "b", 9, 2, endpoint="x:1"),
        Calls("z", "b", 9, 3, endpoint="x:1"),
        Calls("z", "b", 8, 1),
        Calls("a", "c", 9, 8),
    )
    histogram = run(stored(world).latency(MINUTE, only))
    assert histogram.count == count
    assert histogram.counts == ({-54: count} if count else {})


def test_an_empty_store_gives_empty_answers(world: World) -> None:
    assert run(stored(world).graph(MINUTE)).edges == ()
    assert run(stored(world).calls(MINUTE)) == {}
    assert run(stored(world).latency(MINUTE, CallFilter(service="b"))) == Histogram()
    assert {point.stats for point in run(stored(world).series(MINUTE, 60, CallFilter(service="b")))} == {
        Stats()
    }


def test_spellings_of_one_service_are_one_node_of_a_past_window(world: World) -> None:
    world.calls(
        Calls(at=30, source="Front", target="orders", count=2), Calls(at=20, source="front", target="Orders")
    )
    window = {"start": (NOW - 60) * 10**6, "end": (NOW - 10) * 10**6}
    (edge,) = world.get("/api/mesh/graph", **window)["edges"]
    assert edge["count"] == 3
    points = world.get("/api/mesh/series", service=edge["target"], step=60, **window)["points"]
    assert sum(point["count"] for point in points) == 3
