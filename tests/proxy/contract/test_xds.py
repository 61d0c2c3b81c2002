"""Model to xDS bytes and back."""

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.contract import xds
from proxy.contract import xds_pb2 as pb
from proxy.contract.address import join_address
from proxy.contract.model import (
    CONDITIONS,
    Endpoint,
    MeshView,
    Node,
    NodeState,
    Retries,
    Service,
    Stage,
)

text = st.text(max_size=12)
names = st.from_regex(r"[a-z][a-z0-9-]{0,12}", fullmatch=True).filter(lambda name: name != xds.PASSTHROUGH)
addresses = st.builds(join_address, st.ip_addresses().map(str), st.integers(1, 65535))


@st.composite
def endpoints(draw: st.DrawFn) -> Endpoint:
    state = draw(st.sampled_from([(True, False), (False, False), (False, True)]))
    weight = draw(st.integers(1, 1000)) / 100
    return Endpoint(
        draw(addresses), weight, state[0], draw(text), draw(text), draw(text), draw(text), draining=state[1]
    )


durations = st.integers(0, 3_600_000).map(lambda ms: ms / 1000)
retries = st.builds(
    Retries,
    st.integers(0, 10),
    st.lists(st.sampled_from(CONDITIONS), unique=True).map(tuple),
    st.integers(0, 100).map(lambda percent: percent / 100),
    durations,
)


@st.composite
def services(draw: st.DrawFn, name: str) -> Service:
    held = draw(st.lists(endpoints(), max_size=4, unique_by=lambda endpoint: endpoint.address))
    found = Service(name, tuple(held), draw(st.sampled_from(Stage)), draw(st.integers(0, 100)))
    if not found.routed_share:
        return found
    return replace(found, timeout=draw(durations), retries=draw(retries))


@st.composite
def views(draw: st.DrawFn) -> MeshView:
    found = {}
    for name in draw(st.sets(names, max_size=4)):
        found[name] = draw(services(name))
    return found


def decoded(view: MeshView) -> MeshView:
    encoded = xds.encode(view)
    clusters = [xds.decode_cluster(body) for body in encoded[xds.CDS].values()]
    assignments = dict(xds.decode_assignment(body) for body in encoded[xds.EDS].values())
    return xds.view(clusters, assignments, xds.decode_routes(encoded[xds.RDS][xds.OUTBOUND]))


@given(views())
def test_what_was_encoded_is_decoded(view: MeshView) -> None:
    assert decoded(view) == view


@given(views())
def test_equal_services_give_equal_bytes(view: MeshView) -> None:
    assert xds.encode(view) == xds.encode(dict(reversed(list(view.items()))))


@pytest.mark.parametrize(
    ("stage", "percent", "clusters"),
    [
        (Stage.OBSERVE, 50, {"passthrough": 100}),
        (Stage.ADVISE, 50, {"passthrough": 100}),
        (Stage.ROUTE, 0, {"passthrough": 100}),
        (Stage.ROUTE, 100, {"b": 100}),
        (Stage.ROUTE, 25, {"b": 25, "passthrough": 75}),
    ],
)
def test_the_stage_is_a_split_between_the_service_and_the_application(
    stage: Stage, percent: int, clusters: dict[str, int]
) -> None:
    body = xds.encode_routes([Service("b", (), stage, percent)])
    host, rest = pb.RouteConfiguration.FromString(body).virtual_hosts
    assert list(host.domains) == ["b", "b:*"]
    action = host.routes[0].route
    split = {each.name: each.weight.value for each in action.weighted_clusters.clusters}
    assert (split or {action.cluster: 100}) == clusters
    assert (list(rest.domains), rest.routes[0].route.cluster) == (["*"], "passthrough")


def test_timeout_and_retries_are_said_in_the_words_of_envoy() -> None:
    retries = Retries(3, ("5xx", "timeout", "reset"), 0.1, per_try=0.25)
    routed = Service("b", (), Stage.ROUTE, 100, 1.5, retries)
    host, rest = pb.RouteConfiguration.FromString(xds.encode_routes([routed])).virtual_hosts
    action = host.routes[0].route
    assert action.timeout.ToMilliseconds() == 1500
    policy = action.retry_policy
    assert (policy.retry_on, policy.num_retries.value) == ("5xx,reset", 3)
    assert policy.per_try_timeout.ToMilliseconds() == 250
    assert rest.routes[0].route.HasField("timeout")


@pytest.mark.parametrize("stage", [Stage.OBSERVE, Stage.ADVISE])
def test_where_the_mesh_only_watches_nothing_is_retried_or_timed(stage: Stage) -> None:
    service = Service("b", (), stage, 100, 1.5, Retries(3, ("5xx",)))
    body = xds.encode_routes([service])
    action = pb.RouteConfiguration.FromString(body).virtual_hosts[0].routes[0].route
    assert not action.HasField("retry_policy")
    assert (action.HasField("timeout"), action.timeout.ToMilliseconds()) == (True, 0)
    assert xds.decode_routes(body)["b"] == Service("b", (), stage, 100)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [("retry_on", ["6xx"], "6xx"), ("retry_budget", 2.0, "retry_budget 2")],
)
def test_retries_nobody_understands_are_refused(field: str, value: list[str] | float, words: str) -> None:
    routes = pb.RouteConfiguration.FromString(xds.encode_routes([Service("b", (), Stage.ROUTE, 100)]))
    route = routes.virtual_hosts[0].routes[0]
    route.metadata.filter_metadata["spanmesh"].update({field: value})
    with pytest.raises(xds.BadResourceError, match=words):
        xds.decode_routes(routes.SerializeToString())


def test_a_duration_below_zero_is_refused() -> None:
    routes = pb.RouteConfiguration.FromString(xds.encode_routes([Service("b", (), Stage.ROUTE, 100)]))
    routes.virtual_hosts[0].routes[0].route.timeout.seconds = -1
    with pytest.raises(xds.BadResourceError, match="duration of -1 s"):
        xds.decode_routes(routes.SerializeToString())


def test_health_and_weight_are_what_envoy_reads() -> None:
    service = Service(
        "b",
        (
            Endpoint("10.0.0.1:80", 0.001),
            Endpoint("10.0.0.2:80", healthy=False),
            Endpoint("[::1]:80", healthy=False, draining=True),
        ),
    )
    (group,) = pb.ClusterLoadAssignment.FromString(xds.encode_assignment(service)).endpoints
    assert [each.health_status for each in group.lb_endpoints] == [pb.HEALTHY, pb.UNHEALTHY, pb.DRAINING]
    assert [each.load_balancing_weight.value for each in group.lb_endpoints] == [1, 100, 100]
    assert group.lb_endpoints[2].endpoint.address.socket_address.address == "::1"


def test_a_service_named_as_the_passthrough_cluster_is_left_out() -> None:
    encoded = xds.encode({"passthrough": Service("passthrough")})
    assert (list(encoded[xds.CDS]), list(encoded[xds.EDS])) == (["passthrough"], [])


def _assignment() -> pb.ClusterLoadAssignment:
    return pb.ClusterLoadAssignment.FromString(
        xds.encode_assignment(Service("b", (Endpoint("10.0.0.1:80"),)))
    )


def test_bad_resources_are_refused_with_their_reason() -> None:
    weightless, placeless, nameless = _assignment(), _assignment(), _assignment()
    weightless.endpoints[0].lb_endpoints[0].load_balancing_weight.value = 0
    placeless.endpoints[0].lb_endpoints[0].endpoint.address.socket_address.port_value = 0
    nameless.cluster_name = ""
    for message, words in (
        (weightless, "at least 1"),
        (placeless, "without address"),
        (nameless, "cluster_name"),
    ):
        with pytest.raises(xds.BadResourceError, match=words):
            xds.decode_assignment(message.SerializeToString())
    with pytest.raises(xds.BadResourceError, match="does not parse"):
        xds.decode_cluster(b"\xff\xff\xff")
    with pytest.raises(xds.BadResourceError, match="without a name"):
        xds.decode_cluster(b"")
    for stage, percent, reason in (("walk", 5, "walk"), ("route", 101, "0 to 100")):
        routes = pb.RouteConfiguration()
        said = routes.virtual_hosts.add(name="b").routes.add().metadata.filter_metadata["spanmesh"]
        said.update({"stage": stage, "percent": percent})
        with pytest.raises(xds.BadResourceError, match=reason):
            xds.decode_routes(routes.SerializeToString())


@given(st.binary(max_size=60))
def test_any_bytes_decode_or_are_refused(body: bytes) -> None:
    for decode in (xds.decode_cluster, xds.decode_assignment, xds.decode_routes):
        with contextlib.suppress(xds.BadResourceError):
            decode(body)


places = st.one_of(st.just(""), addresses)


@given(st.builds(Node, names, names, places, places, text, text, st.sampled_from(NodeState), text))
def test_a_node_names_itself(node: Node) -> None:
    assert xds.decode_node(pb.Node.FromString(xds.encode_node(node).SerializeToString())) == node


def test_nodes_of_others_are_none_and_bad_ones_are_refused() -> None:
    assert xds.decode_node(pb.Node(id="envoy", cluster="web")) is None
    for said, reason in (
        ({"service": "", "instance": "i"}, "service and instance"),
        ({"service": "s", "instance": "i", "address": "nowhere"}, "HOST:PORT"),
        ({"service": "s", "instance": "i", "state": "asleep"}, "asleep"),
    ):
        node = pb.Node()
        node.metadata.get_or_create_struct("spanmesh").update(said)
        with pytest.raises(xds.BadResourceError, match=reason):
            xds.decode_node(node)
