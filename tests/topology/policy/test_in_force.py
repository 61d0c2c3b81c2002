"""The keys of mesh.yaml resolved to services, also while services come and go."""

from proxy.contract.service_id import ServiceId
from topology.policy.in_force import PolicyInForce, Renamed
from topology.policy.mesh_yaml import parse

REVIEWS, SHOP, OPS = ServiceId("reviews"), ServiceId("shop/reviews"), ServiceId("ops/reviews")
PLAIN = "services: {reviews: {timeout: 2s}}"


def in_force(text: str) -> PolicyInForce:
    policy = PolicyInForce()
    policy.write(parse(text))
    return policy


def test_a_plain_key_means_the_only_service_of_that_name() -> None:
    policy = in_force(PLAIN)
    assert policy.settle([]) == []
    assert policy.of(REVIEWS).timeout == 2.0
    assert policy.settle([SHOP]) == [Renamed(REVIEWS, SHOP)]
    assert (policy.of(SHOP).timeout, policy.of(REVIEWS).timeout) == (2.0, None)
    assert policy.settle([SHOP]) == []


def test_a_service_that_is_away_keeps_its_policy() -> None:
    policy = in_force(PLAIN)
    policy.settle([SHOP])
    assert policy.settle([]) == []
    assert policy.of(SHOP).timeout == 2.0


def test_a_key_that_several_could_mean_is_a_problem_and_in_force_for_none_of_them() -> None:
    policy = in_force(PLAIN)
    policy.settle([SHOP, OPS])
    assert policy.policy.services == {}
    (problem,) = policy.problems
    assert problem == (
        "services.reviews: 'reviews' is in several namespaces: write one of ops/reviews, shop/reviews"
    )
    policy.settle([SHOP])
    assert (policy.of(SHOP).timeout, policy.problems) == (2.0, ())


def test_a_service_of_the_same_name_that_comes_later_takes_nothing_away() -> None:
    policy = in_force(PLAIN)
    policy.settle([SHOP])
    assert policy.settle([SHOP, OPS]) == []
    assert (policy.of(SHOP).timeout, policy.of(OPS).timeout) == (2.0, None)
    assert policy.problems


def test_a_full_key_stands_before_a_plain_one() -> None:
    policy = in_force("services: {reviews: {timeout: 2s}, shop/reviews: {timeout: 3s}}")
    policy.settle([SHOP])
    assert policy.of(SHOP).timeout == 3.0
    assert policy.problems == ()


def test_the_default_namespaces_service_is_meant_first() -> None:
    policy = in_force(PLAIN)
    policy.settle([REVIEWS, SHOP])
    assert (policy.of(REVIEWS).timeout, policy.of(SHOP).timeout) == (2.0, None)
