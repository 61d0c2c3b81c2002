"""The state of one stream: a client is sent what it lacks, in order, and nothing else."""

from proxy.contract.model import Endpoint, Node, Service, Stage
from proxy.contract.service_id import ServiceId
from proxy.contract.xds import inbound, nodes, protocol
from proxy.contract.xds import messages_pb2 as pb
from proxy.contract.xds.inbound import InboundPolicy
from topology.xds.catalog import Catalog
from topology.xds.scope import Scope
from topology.xds.session import Rejection, Response, Session
from topology.xds.snapshot import Snapshot

B_ID = ServiceId("b")
C_ID = ServiceId("c")

B = Service(B_ID, (Endpoint("10.0.0.1:80"),), Stage.ROUTE, 100)
C = Service(C_ID, (Endpoint("10.0.1.1:80"),))
FIRST = Catalog(Snapshot(1, {B_ID: B, C_ID: C}))
SECOND = Catalog(
    Snapshot(2, {B_ID: Service(B_ID, (Endpoint("10.0.0.2:80"),), Stage.ROUTE, 100), C_ID: C}), FIRST
)


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
    for request in (delta(protocol.RDS, "outbound"), delta(protocol.EDS, "b", "c"), delta(protocol.CDS, "*")):
        session.receive(request)
    responses = list(session.responses(FIRST))
    assert sent(responses) == [(protocol.CDS, ["b", "c", "passthrough"]), (protocol.EDS, ["b", "c"])]
    assert list(session.responses(SECOND)) == []  # nothing while an answer is outstanding
    accept(session, responses)
    routes = list(session.responses(FIRST))  # which lead to what the client has by now
    assert sent(routes) == [(protocol.RDS, ["outbound"])]
    accept(session, routes)
    assert sent(list(session.responses(SECOND))) == [(protocol.EDS, ["b"])]


WITHOUT_B = Catalog(Snapshot(2, {C_ID: C}), FIRST)
EMPTY_B = Catalog(Snapshot(2, {B_ID: Service(B_ID, (), Stage.ROUTE, 100), C_ID: C}), FIRST)


def accept(session: Session, responses: list[Response]) -> None:
    for response in responses:
        if isinstance(response, pb.DeltaDiscoveryResponse):
            session.receive(delta(response.type_url, nonce=response.nonce))
        else:
            names = {protocol.EDS: ["b", "c"], protocol.RDS: ["outbound"]}.get(response.type_url, [])
            session.receive(
                pb.DiscoveryRequest(
                    type_url=response.type_url,
                    resource_names=names,
                    version_info=response.version_info,
                    response_nonce=response.nonce,
                )
            )


def following(*, delta_protocol: bool) -> Session:
    """A client that has accepted all of the first catalog."""
    session = Session(delta=delta_protocol)
    for kind, names in ((protocol.CDS, []), (protocol.EDS, ["b", "c"]), (protocol.RDS, ["outbound"])):
        session.receive(
            delta(kind, *names)
            if delta_protocol
            else pb.DiscoveryRequest(type_url=kind, resource_names=names)
        )
    accept(session, list(session.responses(FIRST)))
    accept(session, list(session.responses(FIRST)))
    return session


def test_a_cluster_goes_after_the_routes_that_led_to_it_were_accepted() -> None:
    for delta_protocol in (True, False):
        session = following(delta_protocol=delta_protocol)
        (routes,) = session.responses(WITHOUT_B)
        assert routes.type_url == protocol.RDS
        assert list(session.responses(WITHOUT_B)) == []
        accept(session, [routes])
        after = list(session.responses(WITHOUT_B))
        assert after[0].type_url == protocol.CDS
        if isinstance(after[0], pb.DeltaDiscoveryResponse):
            assert list(after[0].removed_resources) == ["b"]
        else:
            assert len(after[0].resources) == 2


def test_a_client_that_rejects_the_routes_keeps_the_clusters_of_its_old_ones() -> None:
    session = following(delta_protocol=True)
    (routes,) = session.responses(WITHOUT_B)
    session.receive(delta(protocol.RDS, nonce=routes.nonce, error="bad domain"))
    assert list(session.responses(WITHOUT_B)) == []


def test_a_new_cluster_comes_beside_the_one_that_is_to_go() -> None:
    replaced = Catalog(Snapshot(2, {ServiceId("d"): Service(ServiceId("d"), B.endpoints)}), FIRST)
    for delta_protocol in (True, False):
        clusters, *_ = following(delta_protocol=delta_protocol).responses(replaced)
        assert clusters.type_url == protocol.CDS
        if isinstance(clusters, pb.DeltaDiscoveryResponse):
            assert ([each.name for each in clusters.resources], list(clusters.removed_resources)) == (
                ["d"],
                [],
            )
        else:
            names = {pb.Cluster.FromString(each.value).name for each in clusters.resources}
            assert names == {"b", "c", "d", "passthrough"}


def test_an_assignment_becomes_empty_after_the_routes_that_led_to_it_were_accepted() -> None:
    session = following(delta_protocol=True)
    (routes,) = session.responses(EMPTY_B)
    assert routes.type_url == protocol.RDS
    accept(session, [routes])
    assert sent(list(session.responses(EMPTY_B))) == [(protocol.EDS, ["b"])]


def test_who_comes_back_is_sent_what_differs_and_nothing_while_held() -> None:
    session = Session(delta=True)
    session.receive(delta(protocol.EDS, "b", "c", **FIRST.within(Scope())[protocol.EDS].versions))
    assert session.resumed
    (response,) = session.responses(SECOND, hold=True)
    assert sent([response]) == [(protocol.EDS, [])]
    session.receive(delta(protocol.EDS, nonce=response.nonce))
    assert sent(list(session.responses(SECOND))) == [(protocol.EDS, ["b"])]


def test_a_rejection_names_the_client_and_its_reason() -> None:
    session = Session(delta=True)
    request = delta(protocol.EDS, "b")
    request.node.id = "web-1"
    assert session.receive(request) is None
    (response,) = session.responses(FIRST)
    rejection = session.receive(delta(protocol.EDS, nonce=response.nonce, error="bad weight"))
    assert rejection == Rejection("web-1", protocol.EDS, "bad weight")
    assert list(session.responses(FIRST)) == []


def test_the_state_of_the_world_is_whole_for_clusters_only() -> None:
    session = Session(delta=False)
    session.receive(pb.DiscoveryRequest(type_url=protocol.CDS))
    session.receive(pb.DiscoveryRequest(type_url=protocol.EDS, resource_names=["b", "c"]))
    first = list(session.responses(FIRST))
    assert [(each.type_url, len(each.resources)) for each in first] == [(protocol.CDS, 3), (protocol.EDS, 2)]
    for response in first:
        names = ["b", "c"] if response.type_url == protocol.EDS else []
        request = pb.DiscoveryRequest(type_url=response.type_url, resource_names=names, version_info="1")
        request.response_nonce = response.nonce
        session.receive(request)
    assert [(r.type_url, len(r.resources)) for r in session.responses(SECOND)] == [(protocol.EDS, 1)]


def test_types_that_are_not_served_are_left_unanswered() -> None:
    session = Session(delta=True)
    session.receive(delta("type.googleapis.com/envoy.config.listener.v3.Listener", "*"))
    assert list(session.responses(FIRST)) == []


def test_two_nodes_are_sent_the_policy_of_their_own_inbound_side() -> None:
    catalog = Catalog(Snapshot(1, {B_ID: B, C_ID: C}, {name: InboundPolicy(name) for name in (B_ID, C_ID)}))
    held = {}
    for node in (Node(B_ID, "b-1"), Node(ServiceId("c"), "c-1"), Node(ServiceId("web"), "web-1")):
        session = Session(delta=True)
        request = delta(protocol.INBOUND, "inbound")
        request.node.CopyFrom(nodes.encode(node))
        session.receive(request)
        (response,) = session.responses(catalog)
        assert isinstance(response, pb.DeltaDiscoveryResponse)
        bodies = [inbound.decode(each.resource.value).service for each in response.resources]
        held[node.instance] = (bodies, list(response.removed_resources))
    assert held == {"b-1": (["b"], []), "c-1": (["c"], []), "web-1": ([], ["inbound"])}


def test_a_client_is_known_by_its_first_request() -> None:
    session = Session(delta=True)
    first = delta(protocol.CDS, "*")
    first.node.CopyFrom(pb.Node(id="envoy-1", cluster="web"))
    session.receive(first)
    session.receive(delta(protocol.EDS, "b"))
    assert session.node == Node(ServiceId("web"), "envoy-1")
