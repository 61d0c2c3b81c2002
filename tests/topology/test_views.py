"""Nodes, edges and endpoints of a window, from its counts."""

from proxy.contract.model import EndpointState
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Protocol
from tests.topology.fleet import Fleet, fine, histogram
from topology import views
from topology.graph.cells import Cell, Key

B = ServiceId("b")


def cell(count: int, errors: int = 0) -> Cell:
    made = Cell()
    made.add(histogram(*[0.1] * count), errors)
    return made


def test_edges_are_summed_by_ends_and_protocol_in_their_order() -> None:
    counts = {
        Key("b", "c"): cell(1),
        Key("a", "b", Protocol.HTTP, "1:80"): cell(2),
        Key("a", "b", Protocol.HTTP, "2:80"): cell(3, 1),
        Key("a", "b", Protocol.TCP): cell(4),
    }
    found = views.edges(counts, 10.0)
    assert [(each.source, each.target, each.protocol, each.stats.count) for each in found] == [
        ("a", "b", Protocol.HTTP, 5),
        ("a", "b", Protocol.TCP, 4),
        ("b", "c", Protocol.HTTP, 1),
    ]
    assert found[0].stats.errors == 1
    assert found[0].stats.rate == 0.5
    assert found[0].tcp is None
    assert found[1].tcp is not None


def test_a_key_without_calls_is_no_edge() -> None:
    assert views.edges({Key("a", "b"): Cell()}, 10.0) == ()


def test_endpoints_sum_what_all_callers_sent_them() -> None:
    counts = {
        Key("a", "b", Protocol.HTTP, "1:80"): cell(2),
        Key("c", "b", Protocol.HTTP, "1:80"): cell(3),
        Key("a", "b"): cell(9),
    }
    found = views.by_endpoint(counts)
    assert {ends: each.histogram.count for ends, each in found.items()} == {("b", "1:80"): 5}


def test_a_node_has_the_traffic_it_serves_and_its_endpoints() -> None:
    fleet = Fleet(3, 2)
    fleet.run(10)
    nodes = {node.name: node for node in fleet.engine.live.services(fleet.now, 10)}
    assert nodes["b"].endpoints == 3
    assert nodes["b"].stats.count > 0
    assert nodes["a"].stats.count == 0
    assert nodes["a"].sidecar


def test_an_ejected_endpoint_says_since_when_and_why() -> None:
    fleet = Fleet(4, 4, 2.0)
    fleet.run(20)
    fleet.run(10, lambda r, e, t: (0.02, True) if e == 1 else fine(r, e, t))
    views_ = fleet.engine.live.endpoints(fleet.now, 10, "b")
    (bad,) = (each for each in views_ if each.state is EndpointState.EJECTED)
    assert bad.ejected_since is not None
    assert bad.reason
    assert all(each.ejected_since is None for each in views_ if each is not bad)
    assert [each.address for each in views_] == sorted(each.address for each in views_)
