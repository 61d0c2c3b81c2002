"""From an authority to a service, an arm and an endpoint."""

import random
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.contract.model import Endpoint, MeshView
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Arm
from proxy.errors import RefusedError
from proxy.routing.router import Router, parse_authority
from tests.proxy.rig import service

A = Endpoint("10.0.0.1:15006", app="10.0.0.1:9080", instance="a")
B = Endpoint("10.0.0.2:15006", app="10.0.0.2:9080", instance="b")
STATIC = Endpoint("10.0.0.3:9080")


def router(percent: int = 0, *endpoints: Endpoint) -> Router:
    made = Router(random.Random(3).random)
    made.update({ServiceId("reviews"): service("reviews", *(endpoints or (A, B)), percent=percent)})
    return made


def view(*endpoints: Endpoint, name: str = "reviews") -> MeshView:
    return {ServiceId(name): service(name, *endpoints, percent=100)}


def test_addresses_of_another_process_are_named_once_and_begin_anew() -> None:
    made = router(100, A, B)
    old = made.services[ServiceId("reviews")].balancer.candidates[A.address]
    old.sample(2.0, 0.0)
    assert made.update(view(A, B)) == []
    assert sorted(made.update(view(replace(A, instance="c"), B))) == sorted([A.address, A.app])
    fresh = made.services[ServiceId("reviews")].balancer.candidates[A.address]
    assert fresh.latency(0.0) == 0.0
    assert made.update(view(replace(A, instance="c"), B)) == []


def test_an_address_that_another_service_has_now_begins_anew() -> None:
    made = router(100, STATIC)
    made.services[ServiceId("reviews")].balancer.candidates[STATIC.address].sample(2.0, 0.0)
    assert made.update(view(STATIC, name="ratings")) == [STATIC.address]
    assert made.services[ServiceId("ratings")].balancer.candidates[STATIC.address].latency(0.0) == 0.0


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (b"Reviews", "reviews:80"),
        (b"a:9080", "a:9080"),
        (b"a:09080", "a:9080"),
        (b"reviews:", "reviews:80"),
        (b"Reviews.", "reviews:80"),
        (b"REVIEWS.:", "reviews:80"),
        (b"reviews.:9080", "reviews:9080"),
        (b"r%65view%73", "reviews:80"),
        (b"reviews%2E:80", "reviews:80"),
        (b"[::1]:80", "[::1]:80"),
        (b"[::1]", "[::1]:80"),
        (b"[::1]:", "[::1]:80"),
        (b"[0:0:0:0::0001]:8080", "[::1]:8080"),
        (b"[2001:DB8::1]", "[2001:db8::1]:80"),
        (b"[fe80::1%25Eth0]:81", "[fe80::1%Eth0]:81"),
        (b"[fe80::1%Eth0]", "[fe80::1%Eth0]:80"),
    ],
)
def test_an_authority_has_a_canonical_form(text: bytes, key: str) -> None:
    assert parse_authority(text).key == key


NO_HOSTS = b" :80 . .:80 a:0 a:65536 a:b u@a u:p@a a%2Fb a%40b a%00 %C3%A4 \xc3\xa4 a/b a#b a?b a%20b".split(
    b" "
)


@pytest.mark.parametrize("text", NO_HOSTS)
def test_what_names_no_host_is_refused(text: bytes) -> None:
    with pytest.raises(RefusedError, match="HOST or HOST:PORT"):
        parse_authority(text)


def test_a_name_is_asked_for_as_it_was_written_and_known_by_its_canonical_form() -> None:
    # The dot at its end turns the resolver's search domains off.
    attempt = router().choose(parse_authority(b"Example.ORG.:"), True, 0.0)
    assert (attempt.address, attempt.server) == ("example.org.:80", "example.org:80")
    assert attempt.destination.name == "example.org:80"
    spelled = Endpoint("[2001:DB8:0::1]:80", instance="six")
    assert router(0, spelled).choose(parse_authority(b"[2001:db8::1]"), False, 0.0).names_caller


@given(st.binary(max_size=20))
def test_any_bytes_are_an_authority_or_refused(text: bytes) -> None:
    with suppress(RefusedError):
        assert parse_authority(text).port > 0


def test_observe_goes_exactly_where_the_application_said() -> None:
    for asked, sidecar in ((b"10.0.0.1:9080", False), (b"10.0.0.1:15006", True)):
        attempt = router().choose(parse_authority(asked), False, 0.0)
        assert (attempt.address, attempt.arm, attempt.names_caller) == (asked.decode(), Arm.DIRECT, sidecar)
        assert attempt.destination.name == "reviews"
        assert attempt.candidate.endpoint.address == A.address


def test_a_service_is_called_by_any_spelling_of_its_name() -> None:
    made = Router(random.Random(3).random, namespace="SHOP")
    made.update({ServiceId("Shop/Reviews"): service("Shop/Reviews", A, percent=100)})
    for text in (b"Reviews", b"reviews:9080", b"REVIEWS.shop", b"reviews.Shop:80", b"reviews.", b"reviews:"):
        attempt = made.choose(parse_authority(text), False, 0.0)
        assert (attempt.destination.name, attempt.address) == ("Shop/Reviews", A.address), text


def test_a_host_name_means_the_service_in_the_own_namespace_first() -> None:
    def meant(namespace: str, host: bytes, *services: str) -> str:
        made = Router(random.random, namespace=namespace)
        made.update({ServiceId(name): service(name, A) for name in services})
        return made.choose(parse_authority(host), False, 0.0).destination.name

    both = ("shop/reviews", "ops/reviews")
    assert meant("shop", b"reviews", *both) == "shop/reviews"
    assert meant("ops", b"reviews:80", *both) == "ops/reviews"
    assert meant("shop", b"reviews.ops", *both) == meant("", b"Reviews.Ops", *both) == "ops/reviews"
    assert meant("", b"reviews", "shop/reviews") == meant("ops", b"reviews", "shop/reviews") == "shop/reviews"
    assert meant("ops", b"reviews", "reviews", "shop/reviews") == "reviews"
    # What several could mean is a host name like any other: the sidecar does not guess.
    assert meant("", b"reviews", *both) == "reviews:80"


def test_outside_the_mesh_is_named_by_its_address() -> None:
    attempt = router().choose(parse_authority(b"example.org"), True, 0.0)
    assert (attempt.destination.name, attempt.address) == ("example.org:80", "example.org:80")
    assert not attempt.names_caller


def test_a_service_name_rotates_over_its_endpoints_in_observe() -> None:
    made = router()
    chosen = {made.choose(parse_authority(b"reviews"), False, 0.0).address for _ in range(4)}
    assert chosen == {A.address, B.address}


def test_a_name_that_resolves_stays_where_it_points_in_the_direct_arm() -> None:
    attempt = router().choose(parse_authority(b"reviews:9080"), True, 0.0)
    assert (attempt.address, attempt.destination.name, attempt.arm) == ("reviews:9080", "reviews", Arm.DIRECT)


def test_route_sends_its_share_to_healthy_endpoints_and_leaves_a_control_group() -> None:
    made = router(25, A, Endpoint(B.address, healthy=False, app=B.app, instance="b"))
    attempts = [made.choose(parse_authority(b"10.0.0.2:9080"), False, 0.0) for _ in range(2000)]
    routed = [attempt for attempt in attempts if attempt.arm == Arm.ROUTED]
    assert 400 < len(routed) < 600
    assert {attempt.address for attempt in routed} == {A.address}
    assert {attempt.address for attempt in attempts if attempt.arm == Arm.DIRECT} == {"10.0.0.2:9080"}


def test_a_static_endpoint_is_not_told_who_calls() -> None:
    attempt = router(100, STATIC).choose(parse_authority(b"reviews"), False, 0.0)
    assert (attempt.address, attempt.names_caller) == (STATIC.address, False)


def test_no_endpoint_is_refused_with_its_reason() -> None:
    made = Router(random.random)
    made.update({ServiceId("reviews"): service("reviews")})
    with pytest.raises(RefusedError, match="no-healthy-endpoint: reviews"):
        made.choose(parse_authority(b"reviews"), False, 0.0)


def test_another_attempt_goes_elsewhere() -> None:
    made = router(100)
    first = made.choose(parse_authority(b"reviews"), False, 0.0)
    second = made.another(first, [first.candidate], 0.0)
    assert second is not None
    assert second.address != first.address
    assert made.another(second, [first.candidate, second.candidate], 0.0) is None


def test_destinations_outside_are_kept_in_bounded_number() -> None:
    made = router()
    for number in range(3000):
        made.choose(parse_authority(b"h%d" % number), True, 0.0)
    assert len(made.outside) <= 1000


def test_what_went_wrong_anywhere_is_told_once() -> None:
    made = Router(random.random)
    made.update(
        {ServiceId(name): service(name, endpoint, percent=100) for name, endpoint in (("a", A), ("b", B))}
    )
    assert not made.news(1.0)
    for name in ("a", "b"):
        balancer = made.services[ServiceId(name)].balancer
        balancer.observe(next(iter(balancer.candidates.values())), 0.01, True, 1.0)
    assert made.news(1.0)
    assert not made.news(1.0)
