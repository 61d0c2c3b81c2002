"""The mesh as memory shows it: reading changes nothing, and every view is of the same calls."""

import pytest

from proxy.contract.model import Stage
from proxy.contract.service_id import ServiceId
from tests.topology.fleet import Fleet

B = ServiceId("b")


@pytest.fixture
def fleet() -> Fleet:
    """Two callers of two endpoints for twenty seconds, each endpoint with a call in half a second."""
    made = Fleet(2, 2)
    made.run(20)
    return made


def test_graph_services_and_endpoints_count_the_same_calls(fleet: Fleet) -> None:
    graph = fleet.engine.live.graph(fleet.now, 10)
    (edge,) = graph.edges
    node = next(node for node in graph.nodes if node.name == "b")
    endpoints = fleet.engine.live.endpoints(fleet.now, 10, "b")
    assert (edge.source, edge.target) == ("a", "b")
    assert edge.stats.count == node.stats.count == sum(each.stats.count for each in endpoints) > 0
    assert fleet.engine.live.services(fleet.now, 10) == graph.nodes
    assert (graph.start, graph.end) == (fleet.now - 10, fleet.now)


def test_reading_changes_nothing(fleet: Fleet) -> None:
    live, now = fleet.engine.live, fleet.now
    before = live.graph(now), live.endpoints(now, 60), live.stages(now, 60)
    live.series(now, 60, 5)
    live.latency(now, 60)
    assert (live.graph(now), live.endpoints(now, 60), live.stages(now, 60)) == before


def test_a_series_and_a_distribution_hold_what_the_edge_counts(fleet: Fleet) -> None:
    live, now = fleet.engine.live, fleet.now
    (edge,) = live.graph(now, 60).edges
    points = live.series(now, 60, 5, service="b")
    assert sum(point.stats.count for point in points) == edge.stats.count
    assert live.latency(now, 60, source="a", target="b").count == edge.stats.count
    assert live.latency(now, 60, service="nobody").count == 0


def test_services_are_known_by_registration_or_traffic_and_found_by_name(fleet: Fleet) -> None:
    live = fleet.engine.live
    assert live.known() == {ServiceId("a"), B}
    assert live.find("b") == B


def test_every_known_service_has_a_stage_and_one_asked_for_its_own(fleet: Fleet) -> None:
    live, now = fleet.engine.live, fleet.now
    assert [view.service for view in live.stages(now, 60)] == ["a", "b"]
    (view,) = live.stages(now, 60, [B])
    assert view.stage is Stage.OBSERVE
    assert view.routed.count > 0
