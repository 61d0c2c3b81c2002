"""One stream's state: what a client is owed, in order, and no more."""

from proxy.contract import xds
from proxy.contract import xds_pb2 as pb
from proxy.contract.model import Endpoint, Service, Stage
from topology.xds import catalog
from topology.xds.catalog import Catalog
from topology.xds.session import Rejection, Response, Session
from topology.xds.snapshot import Snapshot

B = Service("b", (Endpoint("10.0.0.1:80"),), Stage.ROUTE, 100)
C = Service("c", (Endpoint("10.0.1.1:80"),))
FIRST = catalog.build(Snapshot(1, {"b": B, "c": C}), Catalog())
SECOND = catalog.build(Snapshot(2, {"b": Service("b", (), Stage.ROUTE, 100), "c": C}), FIRST)


def delta(
    kind: str, *names: str, nonce: str = "", error: str = "", **initial: str
) -> pb.DeltaDiscoveryRequest:
    request = pb.DeltaDiscoveryRequest(
        type_url=kind, resource_names_subscribe=names, response_nonce=nonce, initial_resource_versions=initial
    )
    if error:
        request.error_detail.message = error
    return request


def sent(responses: list[Response]) -> list[tuple[str, list[str]]]:
    return [
        (response.type_url, [each.name for each in response.resources])
        for response in responses
        if isinstance(response, pb.DeltaDiscoveryResponse)
    ]


def test_one_endpoint_change_sends_one_assignment() -> None:
    session = Session(delta=True)
    for request in (delta(xds.RDS, "outbound"), delta(xds.EDS, "b", "c"), delta(xds.CDS, "*")):
        session.receive(request)
    responses = list(session.responses(FIRST))
    assert sent(responses) == [
        (xds.CDS, ["b", "c", "passthrough"]),
        (xds.EDS, ["b", "c"]),
        (xds.RDS, ["outbound"]),
    ]
    assert list(session.responses(SECOND)) == []  # nothing while an answer is outstanding
    for response in responses:
        session.receive(delta(response.type_url, nonce=response.nonce))
    assert sent(list(session.responses(SECOND))) == [(xds.EDS, ["b"])]


def test_who_comes_back_is_sent_what_differs_and_nothing_while_held() -> None:
    session = Session(delta=True)
    session.receive(delta(xds.EDS, "b", "c", **FIRST.versions[xds.EDS]))
    assert session.resumed
    (response,) = session.responses(SECOND, hold=True)
    assert sent([response]) == [(xds.EDS, [])]
    session.receive(delta(xds.EDS, nonce=response.nonce))
    assert sent(list(session.responses(SECOND))) == [(xds.EDS, ["b"])]


def test_a_rejection_names_the_client_and_its_reason() -> None:
    session = Session(delta=True)
    request = delta(xds.EDS, "b")
    request.node.id = "web-1"
    assert session.receive(request) is None
    (response,) = session.responses(FIRST)
    rejection = session.receive(delta(xds.EDS, nonce=response.nonce, error="bad weight"))
    assert rejection == Rejection("web-1", xds.EDS, "bad weight")
    assert list(session.responses(FIRST)) == []


def test_the_state_of_the_world_is_whole_for_clusters_only() -> None:
    session = Session(delta=False)
    session.receive(pb.DiscoveryRequest(type_url=xds.CDS))
    session.receive(pb.DiscoveryRequest(type_url=xds.EDS, resource_names=["b", "c"]))
    first = list(session.responses(FIRST))
    assert [(each.type_url, len(each.resources)) for each in first] == [(xds.CDS, 3), (xds.EDS, 2)]
    for response in first:
        names = ["b", "c"] if response.type_url == xds.EDS else []
        request = pb.DiscoveryRequest(type_url=response.type_url, resource_names=names, version_info="1")
        request.response_nonce = response.nonce
        session.receive(request)
    assert [(r.type_url, len(r.resources)) for r in session.responses(SECOND)] == [(xds.EDS, 1)]


def test_types_that_are_not_served_are_left_unanswered() -> None:
    session = Session(delta=True)
    session.receive(delta("type.googleapis.com/envoy.config.listener.v3.Listener", "*"))
    assert list(session.responses(FIRST)) == []


def test_versions_follow_the_bytes_and_unchanged_services_are_not_encoded_again() -> None:
    again = catalog.build(Snapshot(9, {"c": C, "b": B}), Catalog())
    assert again.versions == FIRST.versions
    assert SECOND.resources[xds.EDS]["c"] is FIRST.resources[xds.EDS]["c"]
    assert SECOND.versions[xds.EDS]["b"] != FIRST.versions[xds.EDS]["b"]
    assert SECOND.versions[xds.RDS] == FIRST.versions[xds.RDS]
