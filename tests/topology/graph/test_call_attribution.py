"""Which measurements make which edges, every call once: in the graph and in the store."""

from dataclasses import replace

import pytest

from proxy.contract.model import Node
from proxy.contract.service_id import ServiceId
from tests.topology.fleet import histogram
from tests.topology.spans.span_trees import CLIENT, DATABASE, OUT_OF_THE_MESH, SDK_CALL, SERVER, span
from topology.engine import Engine
from topology.model.graph import Kind
from topology.model.samples import CallSample, EdgeSample, Side, SpanFact
from topology.policy.models import Policy
from topology.settings import EngineSettings

WEB = ServiceId("web")

NOW = 1000.0


def client(source: str, target: str, count: int = 4, errors: int = 0, endpoint: str = "") -> CallSample:
    return CallSample(Side.CLIENT, source, target, f"{source}-1", histogram(*[0.1] * count), errors, endpoint)


def server(source: str, target: str, count: int = 4) -> CallSample:
    return CallSample(Side.SERVER, source, target, f"{target}-1", histogram(*[0.1] * count), 0)


class Mesh:
    """An engine, what it stored, and the graph as counts."""

    def __init__(self, now: float = NOW) -> None:
        self.engine = Engine(Policy(), EngineSettings())
        self.stored: list[EdgeSample] = []
        self.now = now

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 4)):
            self.now += 0.25
            self.stored += self.engine.tick(self.now).edges

    def graph(self) -> dict[tuple[str, str], int]:
        return {
            (edge.source, edge.target): edge.stats.count for edge in self.engine.live.graph(self.now).edges
        }

    def store(self) -> dict[tuple[str, str], int]:
        counts: dict[tuple[str, str], int] = {}
        for sample in (*self.stored, *self.engine.flush()):
            key = (sample.source, sample.target)
            counts[key] = counts.get(key, 0) + sample.count
            assert sample.count == sample.histogram.count
        return counts


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([client("web", "api")], {("web", "api"): 4}),
        ([client("web", "api"), server("web", "api")], {("web", "api"): 4}),
        ([server("web", "api"), client("web", "api")], {("web", "api"): 4}),
        ([server("web", "api")], {("web", "api"): 4}),  # its sidecar tells another collector, or nobody
        ([server("", "web")], {("user", "web"): 4}),
        ([client("web", "1.2.3.4:80")], {("web", "1.2.3.4:80"): 4}),
        ([client("web", "web")], {("web", "web"): 4}),
    ],
)
def test_sidecar_measurements(samples: list[CallSample], expected: dict[tuple[str, str], int]) -> None:
    mesh = Mesh()
    for sample in samples:
        mesh.engine.calls([sample], mesh.now)
    mesh.run(3)
    assert mesh.graph() == expected
    assert mesh.store() == expected


def test_a_connected_sidecar_is_believed_before_it_measured_anything() -> None:
    mesh = Mesh()
    mesh.engine.connect("1", Node(WEB, "web-1"), "10.0.0.1", mesh.now)
    mesh.engine.calls([server("web", "api")], mesh.now)
    mesh.run(3)
    assert mesh.graph() == {}


def test_spans_of_services_without_a_sidecar() -> None:
    mesh = Mesh()
    mesh.engine.spans([*SDK_CALL, *DATABASE], mesh.now)
    mesh.run(11)
    expected = {("user", "web"): 1, ("web", "api"): 1, ("api", "postgresql/shop"): 1}
    assert mesh.graph() == expected
    assert mesh.store() == expected
    kinds = {node.name: node.kind for node in mesh.engine.live.services(mesh.now, 60)}
    assert kinds["postgresql/shop"] is Kind.DATABASE
    assert (kinds["user"], kinds["api"]) == (Kind.USER, Kind.SERVICE)


@pytest.mark.parametrize("spans_first", [True, False])
def test_calls_of_a_sidecar_that_did_not_know_the_mesh_yet_are_no_users(spans_first: bool) -> None:
    """It named its service to nobody, but it measured the calls, and its spans say so."""
    mesh = Mesh()
    mesh.engine.connect("1", Node(WEB, "web-1"), "10.0.0.1", mesh.now)
    mesh.engine.connect("2", Node(ServiceId("api"), "api-1", "10.0.0.2:80"), "10.0.0.2", mesh.now)
    spans = [
        fact
        for number in range(4)
        for fact in (
            span(f"c{number}", "0", "web", CLIENT, sidecar=True, peer__service="10.0.0.2:80"),
            span(f"s{number}", f"c{number}", "api", SERVER, sidecar=True),
        )
    ]
    if spans_first:
        mesh.engine.spans(spans, mesh.now)
    mesh.engine.calls([client("web", "10.0.0.2:80"), server("", "api")], mesh.now)
    mesh.engine.spans(spans, mesh.now)
    mesh.run(2)
    assert mesh.graph() == {("web", "api"): 4}
    mesh.run(20)
    assert {key: count for key, count in mesh.store().items() if count} == {("web", "api"): 4}


@pytest.mark.parametrize("spans_first", [True, False])
@pytest.mark.parametrize("apart", [0.0, 4.0])
def test_a_call_from_a_service_without_a_sidecar_moves_away_from_the_user(
    spans_first: bool, apart: float
) -> None:
    """Three of four calls into a sidecar turn out to come from a service known by its spans alone."""
    mesh = Mesh()
    spans = [
        fact
        for number in range(3)
        for fact in (
            span(f"c{number}", "0", "legacy", CLIENT, server__address="api"),
            span(f"s{number}", f"c{number}", "api", SERVER, sidecar=True),
        )
    ]
    for told in ("spans", "calls") if spans_first else ("calls", "spans"):
        if told == "spans":
            mesh.engine.spans(spans, mesh.now)
        else:
            mesh.engine.calls([server("", "api")], mesh.now)
        mesh.run(apart)
    mesh.run(1)
    expected = {("user", "api"): 1, ("legacy", "api"): 3}
    assert mesh.graph() == expected
    mesh.run(15)
    assert mesh.store() == expected


def test_spellings_of_one_service_are_one_node() -> None:
    mesh = Mesh()
    facts = [
        span("c1", "0", "Front", CLIENT, server__address="x"),
        span("s1", "c1", "Orders", SERVER),
        span("c2", "0", "front", CLIENT, server__address="x"),
        span("s2", "c2", "orders", SERVER),
        span("c3", "0", "FRONT", CLIENT, peer__service="ORDERS"),
    ]
    mesh.engine.spans(facts, mesh.now)
    mesh.run(15)
    assert mesh.graph() == mesh.store() == {("Front", "Orders"): 3}


def test_a_registered_service_is_spelled_as_it_registered() -> None:
    mesh = Mesh()
    facts = [span("c1", "0", "front", CLIENT, server__address="x"), span("s1", "c1", "orders", SERVER)]
    mesh.engine.connect("1", Node(ServiceId("Orders"), "o-1", "10.0.0.2:80"), "10.0.0.2", mesh.now)
    mesh.engine.spans(facts, mesh.now)
    mesh.run(1)
    assert mesh.graph() == {("front", "Orders"): 1}


DAY = 86_400.0


def ended(facts: list[SpanFact], at: float) -> list[SpanFact]:
    return [replace(fact, ended=at) for fact in facts]


@pytest.mark.parametrize("ago", [0.0, 30.0, 300.0, 3600.0, DAY, 300 * DAY])
@pytest.mark.parametrize("in_order", [True, False])
def test_calls_count_when_they_ended_and_not_when_they_were_reported(ago: float, in_order: bool) -> None:
    mesh = Mesh(400 * DAY)
    mesh.run(1)
    at = mesh.now - ago
    facts = ended([*SDK_CALL, *DATABASE], at)
    mesh.engine.spans(facts if in_order else reversed(facts), mesh.now)
    mesh.run(1)
    expected = {("user", "web"): 1, ("web", "api"): 1, ("api", "postgresql/shop"): 1}
    assert mesh.graph() == (expected if ago < 58 else {})
    points = mesh.engine.live.series(mesh.now, 900, 10, service="api")
    assert {point.time for point in points if point.stats.count} == ({at // 10 * 10} if ago < 890 else set())
    assert mesh.store() == expected
    assert {sample.second for sample in mesh.stored} <= {int(at)}


def test_a_clock_that_is_ahead_called_now_at_the_latest() -> None:
    mesh = Mesh(400 * DAY)
    mesh.engine.spans(ended([*SDK_CALL], mesh.now + 3600), mesh.now)
    mesh.run(20)
    assert mesh.graph() == {("user", "web"): 1, ("web", "api"): 1}
    assert {sample.second for sample in mesh.stored} == {int(400 * DAY)}


def test_a_trace_of_yesterday_changes_nothing_that_is_counted_now() -> None:
    """Neither the calls of users, nor the name of an address."""
    mesh = Mesh(400 * DAY)
    mesh.engine.calls([server("", "api"), client("web", "10.0.0.5:80")], mesh.now)
    facts = [
        span("c1", "0", "legacy", CLIENT, server__address="api"),
        span("s1", "c1", "api", SERVER, sidecar=True),
        span("c2", "0", "web", CLIENT, sidecar=True, peer__service="10.0.0.5:80"),
        span("s2", "c2", "other", SERVER, sidecar=True),
    ]
    mesh.engine.spans(ended(facts, mesh.now - DAY), mesh.now)
    mesh.run(1)
    assert mesh.graph() == {("user", "api"): 4, ("web", "10.0.0.5:80"): 4}


def test_what_a_sidecar_gathered_during_an_outage_is_no_peak() -> None:
    mesh = Mesh(400 * DAY)
    for _ in range(4):
        mesh.engine.calls([replace(client("web", "api", 1), begun=mesh.now - 0.5, ended=mesh.now)], mesh.now)
        mesh.run(0.5)
    begun = mesh.now
    mesh.run(50)
    held = replace(client("web", "api", 7), begun=begun, ended=begun + 0.5)
    gathered = replace(client("web", "api", 500), begun=begun + 0.5, ended=begun + 50.5)
    mesh.engine.calls([held, gathered], mesh.now)
    points = mesh.engine.live.series(mesh.now, 49, 1, service="api")
    assert {point.stats.count for point in points[3:-1]} == {10}
    assert mesh.store() == {("web", "api"): 511}


def test_an_address_outside_becomes_the_service_that_answers_there() -> None:
    mesh = Mesh()
    mesh.engine.calls([client("web", "10.0.0.5:80")], mesh.now)
    mesh.run(1)
    kinds = {node.name: node.kind for node in mesh.engine.live.services(mesh.now, 60)}
    assert kinds["10.0.0.5:80"] is Kind.EXTERNAL
    mesh.engine.spans(OUT_OF_THE_MESH, mesh.now)
    mesh.engine.calls([client("web", "10.0.0.5:80")], mesh.now)
    assert mesh.graph() == {("web", "legacy"): 8}
    assert {node.name for node in mesh.engine.live.services(mesh.now, 60)} == {"web", "legacy"}


def test_an_address_that_spans_name_becomes_the_service_that_answers_there() -> None:
    """A call whose callee's span was not sampled, or came late, goes where the others went."""
    mesh = Mesh()
    place = {"server__address": "cart.svc", "server__port": "80"}
    mesh.engine.spans([span("1", "", "web", CLIENT, also=place)], mesh.now)
    mesh.run(11)
    assert mesh.graph() == {("web", "cart.svc:80"): 1}
    mesh.engine.spans([span("2", "", "web", CLIENT, also=place), span("3", "2", "cart", SERVER)], mesh.now)
    assert mesh.graph() == {("web", "cart"): 2}
    kinds = {node.name: node.kind for node in mesh.engine.live.services(mesh.now, 60)}
    assert kinds == {"web": Kind.SERVICE, "cart": Kind.SERVICE}


def test_a_service_stays_one_when_a_call_to_it_is_not_answered() -> None:
    mesh = Mesh()
    mesh.engine.spans([*SDK_CALL, span("9", "", "web", CLIENT, server__address="api")], mesh.now)
    mesh.run(11)
    assert mesh.graph() == {("user", "web"): 1, ("web", "api"): 2}
    kinds = {node.name: node.kind for node in mesh.engine.live.services(mesh.now, 60)}
    assert kinds["api"] is Kind.SERVICE


def test_a_server_with_a_sidecar_has_no_unknown_caller_by_its_spans() -> None:
    mesh = Mesh()
    mesh.engine.connect("1", Node(WEB, "web-1", "10.0.0.1:80"), "10.0.0.1", mesh.now)
    mesh.engine.spans([span("2", "1", "web", SERVER)], mesh.now)
    mesh.run(11)
    assert mesh.graph() == {}


def test_a_registered_address_is_its_service() -> None:
    mesh = Mesh()
    mesh.engine.connect(
        "1", Node(ServiceId("api"), "api-1", "10.0.0.5:15006", "10.0.0.5:80"), "10.0.0.5", mesh.now
    )
    mesh.engine.calls([client("web", "10.0.0.5:80")], mesh.now)
    assert mesh.graph() == {("web", "api"): 4}
    (endpoint,) = mesh.engine.live.endpoints(mesh.now, 60, "api")
    assert endpoint.stats.count == 4


def test_an_unanswered_client_of_a_service_with_a_sidecar_is_no_edge() -> None:
    mesh = Mesh()
    mesh.engine.connect("1", Node(WEB, "web-1"), "10.0.0.1", mesh.now)
    mesh.engine.spans([span("1", "0", "web", CLIENT, server__address="api")], mesh.now)
    mesh.engine.spans([span("2", "0", "cron", CLIENT, server__address="pay", server__port="1")], mesh.now)
    mesh.run(12)
    assert mesh.graph() == {("cron", "pay:1"): 1}


def test_users_reach_the_endpoint_whose_sidecar_counted_them() -> None:
    mesh = Mesh()
    mesh.engine.connect("1", Node(WEB, "web-1", "10.0.0.1:80"), "10.0.0.1", mesh.now)
    mesh.engine.calls([server("", "web")], mesh.now)
    (endpoint,) = mesh.engine.live.endpoints(mesh.now, 60)
    assert endpoint.stats.count == 4
