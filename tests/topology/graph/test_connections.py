"""Opaque TCP in the graph: every connection on one edge, the caller known where it has a sidecar."""

from dataclasses import replace

import pytest

from proxy.contract.model import Node
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Protocol
from tests.topology.fleet import histogram
from tests.topology.graph.test_call_attribution import NOW, Mesh
from topology.model.graph import EdgeView, Kind
from topology.model.samples import CallSample, ConnectionSample, Side

CACHE = "10.0.0.2:6379"  # where the sidecar of the service cache takes connections
TICK = 0.25


class TcpMesh(Mesh):
    """As ``Mesh``, with sidecars of web and cache connected."""

    def __init__(self) -> None:
        super().__init__()
        self.engine.connect("1", Node(ServiceId("web"), "web-1"), "10.0.0.1", NOW)
        self.engine.connect(
            "2", Node(ServiceId("cache"), "cache-1", CACHE, "127.0.0.1:6000"), "10.0.0.2", NOW
        )

    def hold(self, seconds: float, *samples: ConnectionSample) -> None:
        """Connections that stand, told twice a second."""
        for _ in range(round(seconds * 2)):
            self.engine.connections([replace(sample) for sample in samples], self.now)
            self.run(2 * TICK)

    def edges(self) -> dict[tuple[str, str], EdgeView]:
        return {(edge.source, edge.target): edge for edge in self.engine.live.graph(self.now).edges}

    def kind(self, name: str) -> Kind:
        return next(node.kind for node in self.engine.live.services(self.now, 60) if node.name == name)


def ended(count: int, errors: int = 0, target: str = CACHE, arrived: bool = True) -> CallSample:
    return CallSample(
        Side.CLIENT,
        "web",
        target,
        "web-1",
        histogram(*[0.002] * count),
        errors,
        target,
        protocol=Protocol.TCP,
        arrived=arrived,
    )


def served(count: int, errors: int = 0, endpoint: str = "") -> CallSample:
    return CallSample(
        Side.SERVER,
        "",
        "cache",
        "cache-1",
        histogram(*[0.001] * count),
        errors,
        endpoint,
        protocol=Protocol.TCP,
    )


def client(number: int, sent: int = 0, received: int = 0, target: str = CACHE) -> ConnectionSample:
    return ConnectionSample(Side.CLIENT, "web", target, target, "web-1", number, sent, received)


def server(number: int, sent: int = 0, received: int = 0) -> ConnectionSample:
    return ConnectionSample(Side.SERVER, "", "cache", "", "cache-1", number, sent, received)


@pytest.mark.parametrize("callee_first", [True, False])
def test_a_connection_between_sidecars_is_one_call_of_the_caller(callee_first: bool) -> None:
    mesh = TcpMesh()
    samples = [served(4, 1), ended(4, 1)]
    for sample in samples if callee_first else reversed(samples):
        mesh.engine.calls([sample], mesh.now)
        mesh.run(0.5)
    mesh.run(3)
    [edge] = mesh.edges().values()
    assert (edge.source, edge.target, edge.protocol) == ("web", "cache", Protocol.TCP)
    assert (edge.stats.count, edge.stats.errors) == (4, 1)
    assert mesh.store() == {("web", "cache"): 4}


def test_connections_of_callers_without_a_sidecar_are_the_rest() -> None:
    mesh = TcpMesh()
    mesh.engine.calls([served(5, 5), ended(3, 3)], mesh.now)
    mesh.run(3)
    assert mesh.graph() == {("web", "cache"): 3, ("user", "cache"): 2}
    assert mesh.edges()["user", "cache"].stats.errors == 2
    assert mesh.store() == {("web", "cache"): 3, ("user", "cache"): 2}


def test_what_never_stood_takes_nothing_from_others() -> None:
    mesh = TcpMesh()
    mesh.engine.calls([ended(3, 3, arrived=False), served(3)], mesh.now)
    mesh.run(3)
    assert mesh.graph() == {("web", "cache"): 3, ("user", "cache"): 3}


def test_what_a_caller_counted_is_not_held_against_later_strangers() -> None:
    mesh = TcpMesh()
    mesh.engine.calls([ended(3)], mesh.now)  # past the sidecar of the callee, straight to its application
    mesh.run(6)
    mesh.engine.calls([served(3)], mesh.now)
    mesh.run(3)
    assert mesh.graph() == {("web", "cache"): 3, ("user", "cache"): 3}


def test_connections_that_stand_make_an_edge_without_one_having_ended() -> None:
    mesh = TcpMesh()
    mesh.hold(5, client(7, 100, 2000), server(7, 2000, 100))
    [edge] = mesh.edges().values()
    assert (edge.source, edge.target, edge.stats.count) == ("web", "cache", 0)
    assert edge.tcp is not None
    assert (edge.tcp.open, edge.tcp.sent, edge.tcp.received) == (7, 1000, 20000)
    mesh.run(2)
    assert mesh.edges() == {}  # nobody says any more that they stand
    assert mesh.store() == {("web", "cache"): 0}
    assert sum(sample.sent for sample in mesh.stored) == 1000
    # Told of for five seconds, and believed a little longer.
    assert 5 * 7 <= sum(sample.open_seconds for sample in mesh.stored) <= 7 * 7


@pytest.mark.parametrize(
    ("standing", "past", "expected"),
    [
        ((0, 0), None, None),
        ((2, 0), None, "yes"),
        ((0, 2), False, "no"),
        ((1, 1), None, "partly"),
        ((0, 0), True, "yes"),
        ((2, 0), False, "partly"),
    ],
)
def test_an_edge_is_encrypted_as_its_connections_are(
    standing: tuple[int, int], past: bool | None, expected: str | None
) -> None:
    mesh = TcpMesh()
    mesh.engine.calls([replace(ended(3), encrypted=past)], mesh.now)
    mesh.hold(5, replace(client(4), encrypted=standing[0], clear=standing[1]))
    assert mesh.edges()["web", "cache"].encrypted == expected


def test_standing_connections_of_strangers_are_what_callers_do_not_know() -> None:
    mesh = TcpMesh()
    mesh.hold(5, client(2), server(5))
    found = {ends: edge.tcp.open for ends, edge in mesh.edges().items() if edge.tcp}
    assert found == {("web", "cache"): 2, ("user", "cache"): 3}


def test_reports_of_different_moments_make_no_stranger() -> None:
    mesh = TcpMesh()
    for number in range(20):  # a connection a second, which the callee tells of first
        mesh.hold(0.5, client(1 - number % 2), server(1))
        assert ("user", "cache") not in mesh.edges()


def test_bytes_of_a_callee_alone_are_its_users() -> None:
    mesh = TcpMesh()
    mesh.hold(5, server(1, sent=10, received=20))
    tcp = mesh.edges()["user", "cache"].tcp
    assert tcp is not None
    assert (tcp.open, tcp.sent, tcp.received) == (1, 100, 200)


@pytest.mark.parametrize(
    ("port", "kind"),
    [(5432, Kind.DATABASE), (6379, Kind.DATABASE), (9092, Kind.QUEUE), (7777, Kind.EXTERNAL)],
)
def test_a_place_outside_the_mesh_is_drawn_as_what_its_port_says(port: int, kind: Kind) -> None:
    mesh = TcpMesh()
    place = f"10.9.9.9:{port}"
    mesh.engine.calls([ended(2, 1, target=place)], mesh.now)
    mesh.hold(1, client(3, target=place))
    edge = mesh.edges()["web", place]
    assert (edge.stats.count, edge.stats.errors, edge.tcp and edge.tcp.open) == (2, 1, 3)
    assert mesh.kind(place) is kind


def test_another_port_than_the_applications_is_the_service_all_the_same() -> None:
    mesh = TcpMesh()
    other = "10.0.0.2:9121"
    mesh.engine.calls([served(4, endpoint=other), ended(4, target=other)], mesh.now)
    mesh.hold(3, client(1, target=other), replace(server(1), endpoint=other))
    [edge] = mesh.edges().values()
    assert (edge.source, edge.target, edge.stats.count) == ("web", "cache", 4)
    assert edge.tcp is not None
    assert edge.tcp.open == 1


@pytest.mark.parametrize(("protocol", "ejected"), [(Protocol.TCP, False), (Protocol.HTTP, True)])
def test_connections_are_no_evidence_against_an_endpoint(protocol: Protocol, ejected: bool) -> None:
    mesh = TcpMesh()
    places = [CACHE, "10.0.0.3:6379", "10.0.0.4:6379"]
    for number, place in enumerate(places[1:], 2):
        mesh.engine.connect(
            f"m{number}", Node(ServiceId("cache"), f"cache-{number}", place), "10.0.0.9", mesh.now
        )
    for _ in range(20):
        for place in places:
            sample = replace(ended(20, 20 if place == CACHE else 0, target=place), protocol=protocol)
            mesh.engine.calls([replace(sample, reporter=f"web-{each}") for each in range(3)], mesh.now)
        mesh.run(0.5)
    assert any(made.kind == "eject" for made in mesh.engine.decisions("cache")) is ejected
