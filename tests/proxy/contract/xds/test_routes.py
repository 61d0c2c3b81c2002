"""Stage, timeout and retries to bytes and back, in the words of Envoy."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.contract.model import Endpoint, Retries, Service, Stage
from proxy.contract.service_id import ServiceId
from proxy.contract.xds import messages_pb2 as pb
from proxy.contract.xds import routes
from proxy.contract.xds.protobuf import BadResourceError

B = ServiceId("b")
UP = (Endpoint("10.0.0.1:80"),)
DOWN = (Endpoint("10.0.0.1:80", healthy=False),)


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
    body = routes.encode([Service(B, UP, stage, percent)])
    host, rest = pb.RouteConfiguration.FromString(body).virtual_hosts
    assert list(host.domains) == ["b", "b:*"]
    action = host.routes[0].route
    split = {each.name: each.weight.value for each in action.weighted_clusters.clusters}
    assert (split or {action.cluster: 100}) == clusters
    assert (list(rest.domains), rest.routes[0].route.cluster) == (["*"], "passthrough")


def test_a_service_is_asked_for_by_every_host_name_it_has() -> None:
    def domains(namespace: str, *services: str) -> dict[str, list[str]]:
        body = routes.encode([Service(ServiceId(name)) for name in services], namespace)
        hosts = pb.RouteConfiguration.FromString(body).virtual_hosts
        return {host.name: [name for name in host.domains if ":" not in name] for host in hosts[:-1]}

    both = ("ops/b", "shop/b")
    assert domains("", *both) == {"ops/b": ["b.ops"], "shop/b": ["b.shop"]}
    assert domains("shop", *both) == {"ops/b": ["b.ops"], "shop/b": ["b", "b.shop"]}
    # A virtual host must have a domain, also where its own name means another service to these callers.
    assert domains("shop", "b", "shop/b") == {"b": ["/0"], "shop/b": ["b", "b.shop"]}


@given(
    st.lists(
        st.one_of(st.sampled_from(["b", "B", "s/b", "S/B", "b.s", "*", "b:*", "*.s", "/0", "ß"]), st.text())
    )
)
def test_no_domain_is_there_twice_and_none_takes_over_other_requests(names: list[str]) -> None:
    services = dict.fromkeys(ServiceId.parse(name) for name in names if name.strip("/"))
    body = routes.encode([Service(service) for service in services])
    hosts = pb.RouteConfiguration.FromString(body).virtual_hosts
    # As Envoy compares them.
    domains = [domain.lower() for host in hosts for domain in host.domains]
    assert len(domains) == len(set(domains))
    assert all(host.domains for host in hosts)
    assert all("*" not in domain.removesuffix(":*") for host in hosts[:-1] for domain in host.domains)
    assert routes.decode(body).keys() == services.keys()


def test_timeout_and_retries_are_said_in_the_words_of_envoy() -> None:
    retries = Retries(3, ("5xx", "timeout", "reset", "connect-failure"), 0.1, per_try=0.25)
    routed = Service(B, UP, Stage.ROUTE, 100, 1.5, retries)
    host, rest = pb.RouteConfiguration.FromString(routes.encode([routed])).virtual_hosts
    safe, other = host.routes
    (methods,) = safe.match.headers
    assert (methods.name, methods.string_match.safe_regex.regex) == (":method", "GET|HEAD|OPTIONS|TRACE")
    assert not other.match.headers
    found = [route.route.retry_policy.retry_on for route in (safe, other)]
    assert found == ["5xx,reset,connect-failure", "connect-failure"]
    for action in (safe.route, other.route):
        assert action.cluster == "b"
        assert action.timeout.ToMilliseconds() == 1500
        assert action.retry_policy.num_retries.value == 3
        assert action.retry_policy.per_try_timeout.ToMilliseconds() == 250
        (previous,) = action.retry_policy.retry_host_predicate
        assert previous.name == "envoy.retry_host_predicates.previous_hosts"
    assert rest.routes[0].route.HasField("timeout")
    assert routes.decode(routes.encode([routed]))[B].retries == retries


def test_one_route_is_enough_where_any_request_may_be_repeated() -> None:
    host, _ = pb.RouteConfiguration.FromString(
        routes.encode([Service(B, UP, Stage.ROUTE, 100)])
    ).virtual_hosts
    assert [route.route.retry_policy.retry_on for route in host.routes] == ["connect-failure"]


@pytest.mark.parametrize("endpoints", [(), DOWN])
def test_requests_are_left_to_the_application_where_nothing_can_serve_them(
    endpoints: tuple[Endpoint, ...],
) -> None:
    body = routes.encode([Service(B, endpoints, Stage.ROUTE, 100)])
    assert pb.RouteConfiguration.FromString(body).virtual_hosts[0].routes[0].route.cluster == "passthrough"
    assert routes.decode(body)[B] == Service(B, (), Stage.ROUTE, 100)


@pytest.mark.parametrize("stage", [Stage.OBSERVE, Stage.ADVISE])
def test_where_the_mesh_only_watches_nothing_is_retried_or_timed(stage: Stage) -> None:
    service = Service(B, (), stage, 100, 1.5, Retries(3, ("5xx",)))
    body = routes.encode([service])
    action = pb.RouteConfiguration.FromString(body).virtual_hosts[0].routes[0].route
    assert not action.HasField("retry_policy")
    for limit, said in ((action.timeout, "timeout"), (action.idle_timeout, "idle_timeout")):
        assert (action.HasField(said), limit.ToMilliseconds()) == (True, 0)
    assert routes.decode(body)[B] == Service(B, (), stage, 100)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [("retry_on", ["6xx"], "6xx"), ("retry_budget", 2.0, "retry_budget 2")],
)
def test_retries_nobody_understands_are_refused(field: str, value: list[str] | float, words: str) -> None:
    message = pb.RouteConfiguration.FromString(routes.encode([Service(B, (), Stage.ROUTE, 100)]))
    route = message.virtual_hosts[0].routes[0]
    route.metadata.filter_metadata["spanmesh"].update({field: value})
    with pytest.raises(BadResourceError, match=words):
        routes.decode(message.SerializeToString())


def test_a_duration_below_zero_is_refused() -> None:
    message = pb.RouteConfiguration.FromString(routes.encode([Service(B, (), Stage.ROUTE, 100)]))
    message.virtual_hosts[0].routes[0].route.timeout.seconds = -1
    with pytest.raises(BadResourceError, match="duration of -1 s"):
        routes.decode(message.SerializeToString())


@pytest.mark.parametrize(("stage", "percent", "reason"), [("walk", 5, "walk"), ("route", 101, "0 to 100")])
def test_bad_routes_are_refused_with_their_reason(stage: str, percent: int, reason: str) -> None:
    message = pb.RouteConfiguration()
    said = message.virtual_hosts.add(name="b").routes.add().metadata.filter_metadata["spanmesh"]
    said.update({"stage": stage, "percent": percent})
    with pytest.raises(BadResourceError, match=reason):
        routes.decode(message.SerializeToString())


def test_routes_of_one_service_that_cannot_be_read_hold_up_no_other() -> None:
    services = [Service(ServiceId(name), (), Stage.ROUTE, 50) for name in ("a", "b", "c")]
    message = pb.RouteConfiguration.FromString(routes.encode(services))
    message.virtual_hosts[1].routes[-1].metadata.filter_metadata["spanmesh"]["stage"] = "walk"
    with pytest.raises(BadResourceError, match="b: 'walk'") as caught:
        routes.decode(message.SerializeToString())
    assert caught.value.usable == {service.name: service for service in services if service.name != "b"}


@given(st.binary(max_size=60))
def test_any_bytes_decode_or_are_refused(body: bytes) -> None:
    with contextlib.suppress(BadResourceError):
        routes.decode(body)
