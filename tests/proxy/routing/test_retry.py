"""What follows a failed attempt: for which causes, of which requests, and where it goes."""

import random

import pytest

from proxy.contract.model import CONDITIONS, Endpoint, Retries, Service, Stage
from proxy.contract.service_id import ServiceId
from proxy.errors import Reason
from proxy.routing.retry import RetryPolicy, condition
from proxy.routing.retry_budget import FLOOR
from proxy.routing.router import Attempt, Router, parse_authority

REVIEWS = parse_authority(b"reviews")
ENDPOINTS = tuple(Endpoint(f"10.0.0.{number}:80", instance=str(number)) for number in range(4))


def first(retries: Retries, percent: int = 100) -> tuple[RetryPolicy, Attempt]:
    router = Router(random.Random(1).random)
    router.update(
        {ServiceId("reviews"): Service(ServiceId("reviews"), ENDPOINTS, Stage.ROUTE, percent, 0.0, retries)}
    )
    return RetryPolicy(router), router.choose(REVIEWS, resolvable=False, now=0.0)


def test_each_attempt_goes_to_another_endpoint_until_the_policy_gives_up() -> None:
    policy, attempt = first(Retries(2, ("5xx",)))
    attempts = [attempt]
    for _ in range(2):
        following = policy.next_attempt(attempts, "5xx", 0.0, repeatable=True)
        assert following is not None
        attempts.append(following)
    assert len({each.address for each in attempts}) == 3
    assert {each.server for each in attempts} == {"reviews:80"}
    assert policy.next_attempt(attempts, "5xx", 0.0, repeatable=True) is None


@pytest.mark.parametrize(
    ("retries", "percent", "failed_by", "repeatable", "follows"),
    [
        (Retries(1, ("5xx",)), 100, "5xx", True, True),
        (Retries(1, ("5xx",)), 100, "5xx", False, False),  # it may have been acted on
        (Retries(1, ("connect-failure",)), 100, "connect-failure", False, True),  # nothing was sent
        (Retries(1, ("reset",)), 100, "5xx", True, False),
        (Retries(1, ("5xx",)), 0, "5xx", True, False),  # the mesh only watches
        (Retries(0, ("5xx",)), 100, "5xx", True, False),
    ],
)
def test_policy_and_request_decide_together(
    retries: Retries, percent: int, failed_by: str, repeatable: bool, follows: bool
) -> None:
    policy, attempt = first(retries, percent)
    following = policy.next_attempt([attempt], failed_by, 0.0, repeatable=repeatable)
    assert (following is not None) is follows


def test_without_a_budget_left_nothing_follows() -> None:
    policy, attempt = first(Retries(1, ("5xx",), budget=0.0))
    sent = [policy.next_attempt([attempt], "5xx", 0.0, repeatable=True) for _ in range(FLOOR + 1)]
    assert [each is not None for each in sent] == [True] * FLOOR + [False]


def test_a_retry_that_has_nowhere_to_go_is_not_charged() -> None:
    policy, attempt = first(Retries(9, ("5xx",), budget=0.0))
    everywhere = [attempt]
    while following := policy.next_attempt(everywhere, "5xx", 0.0, repeatable=True):
        everywhere.append(following)
    assert len(everywhere) == len(ENDPOINTS)
    for _ in range(2 * FLOOR):
        assert policy.next_attempt(everywhere, "5xx", 0.0, repeatable=True) is None
    assert policy.next_attempt([attempt], "5xx", 0.0, repeatable=True) is not None


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_a_condition_of_the_policy_or_none(reason: Reason) -> None:
    assert condition(reason) in (*CONDITIONS, "")


def test_neither_the_clients_fault_nor_our_own_limit_is_retried() -> None:
    assert {condition(r) for r in (Reason.OVERLOAD, Reason.SLOW_REQUEST, Reason.UPSTREAM_MALFORMED)} == {""}
    assert condition(Reason.CONNECT_TIMEOUT) == condition(Reason.CONNECT_REFUSED) == "connect-failure"
