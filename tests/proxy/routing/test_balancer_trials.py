"""Endpoints that look bad for a while are asked again, and new processes and those sent back begin anew."""

import random

import pytest

from proxy.contract.model import Endpoint
from proxy.routing.balancer import Balancer
from proxy.routing.breaker import THRESHOLD, State
from proxy.routing.candidate import Candidate
from proxy.routing.trials import CHANCE, FIRST, GROWTH, JITTER, WARMING
from tests.proxy.routing.test_balancer import two


def asked(
    balancer: Balancer, which: Candidate, since: float, until: float, took: float = 0.02
) -> list[float]:
    """Return when an endpoint was asked, by 50 requests a second that are answered in ``took`` seconds."""
    times = []
    for step in range(int((until - since) * 50)):
        now = since + step / 50
        picked = balancer.pick(now)
        assert picked is not None
        if picked is which:
            times.append(now)
        balancer.observe(picked, 0.02, False, now + 0.02)
    return times


def warm(*candidates: Candidate) -> None:
    """Let endpoints have answered often enough that slow ones are not warming up."""
    for candidate in candidates:
        candidate.trials.answers = CHANCE


def test_a_new_endpoint_that_is_slow_gets_a_part_of_its_share_one_request_at_a_time() -> None:
    balancer, a, b = two()
    balancer.observe(b, 0.02, False, 0.0)
    balancer.observe(a, 0.5, False, 1.0)  # before anything is usual
    sent: list[int] = []
    for number in range(80):
        picked = balancer.pick(1.0)
        if picked is a:
            assert a.open == 0
            sent.append(number)
            a.begin(number, 1.0)
        elif a.open and number - sent[-1] == 3:
            a.end(sent[-1])
            balancer.observe(a, 0.5, False, 1.0)
    assert 6 <= len(sent) <= 80 // (2 * WARMING)
    # It became fast: one answer, and it has its share.
    a.end(sent[-1])
    balancer.observe(a, 0.02, False, 2.0)
    assert len(asked(balancer, a, 2.0, 4.0)) > 30


def test_one_failure_costs_an_endpoint_seconds_and_not_a_minute() -> None:
    balancer, a, b = two()
    for candidate in (a, b):
        balancer.observe(candidate, 0.02, False, 0.0)
    balancer.observe(a, 0.001, True, 1.0)
    times = asked(balancer, a, 1.0, 6.0)
    assert FIRST <= times[0] - 1.0 <= FIRST * (1 + JITTER) + 0.1
    assert len(times) > 50  # of about 220 requests that followed


def test_one_slow_answer_is_no_verdict_either() -> None:
    balancer, a, b = two()
    for candidate in (a, b):
        balancer.observe(candidate, 0.02, False, 0.0)
    balancer.observe(a, 2.0, False, 2.0)
    assert len(asked(balancer, a, 2.0, 7.0)) > 50


def test_a_request_that_its_client_gave_up_is_no_verdict_either() -> None:
    balancer, a, b = two()
    for candidate in (a, b):
        balancer.observe(candidate, 0.02, False, 0.0)
    warm(a)
    balancer.give_up(a, 3.0, 3.0)
    assert a.latency(3.0) == 3.0
    times = asked(balancer, a, 3.0, 8.0)
    assert times[0] >= 3.0 + FIRST
    assert len(times) > 50


def test_what_stays_bad_is_asked_seldom() -> None:
    balancer, a, _ = two()
    failures = 0
    for step in range(3000):
        now = step / 50
        picked = balancer.pick(now)
        assert picked is not None
        failures += picked is a
        balancer.observe(picked, 0.02, picked is a, now + 0.02)
    assert 3 <= failures <= 5  # of 3,000 in a minute


@pytest.mark.parametrize("failures", [1, THRESHOLD])
def test_an_endpoint_that_the_mesh_sends_back_is_asked_at_once(failures: int) -> None:
    balancer, a, b = two()
    balancer.observe(b, 0.02, False, 0.0)
    for _ in range(failures):
        balancer.observe(a, 0.01, True, 100.0)
    balancer.update([Endpoint("a:1", healthy=False), Endpoint("b:1")])
    assert a not in {balancer.pick(100.1) for _ in range(50)}
    balancer.update([Endpoint("a:1"), Endpoint("b:1")])
    assert [balancer.pick(100.2) for _ in range(50)].count(a) == 1
    balancer.observe(a, 0.02, False, 100.3)
    assert len(asked(balancer, a, 100.3, 102.3)) > 30


def test_an_open_breaker_waits_for_the_next_trial() -> None:
    balancer, a, _ = two()
    for moment in (0.0, 1.0, 2.0):
        balancer.observe(a, 0.01, True, moment)
    for _ in range(THRESHOLD):
        balancer.observe(a, 0.01, True, 2.0)
    assert a.breaker.state is State.OPEN
    assert a not in {balancer.pick(2.0 + FIRST * GROWTH) for _ in range(50)}


def test_one_process_at_another_address_is_the_same() -> None:
    balancer = Balancer(random.Random(7).random)
    given = [Endpoint("a:1", instance="i", generation="1"), Endpoint("b:1", instance="k")]
    balancer.update(given)
    a, b = balancer.candidates.values()
    balancer.update([Endpoint("c:1", instance="i", generation="1"), Endpoint("d:1", instance="k")])
    assert balancer.candidates["c:1"] is a
    assert a.endpoint.address == "c:1"
    # Without a generation it may be another process of that name: a pod of a StatefulSet that moved.
    assert balancer.candidates["d:1"] is not b


@pytest.mark.parametrize(
    ("before", "after", "another"),
    [
        (("i", "1"), ("i", "2"), True),  # the same instance, started again
        (("i", ""), ("k", ""), True),
        (("i", "1"), ("i", "1"), False),
        (("", ""), ("i", "1"), False),  # a file named it before its sidecar connected
        (("i", "1"), ("i", ""), False),  # another collector, which knows no generations
    ],
)
def test_another_process_at_an_address_inherits_nothing(
    before: tuple[str, str], after: tuple[str, str], another: bool
) -> None:
    balancer = Balancer(random.Random(7).random)
    balancer.update([Endpoint("a:1", instance=before[0], generation=before[1])])
    old = balancer.candidates["a:1"]
    for _ in range(THRESHOLD):
        balancer.observe(old, 1.0, True, 1.0)
    balancer.update([Endpoint("a:1", instance=after[0], generation=after[1])])
    assert (balancer.candidates["a:1"] is not old) is another
    assert (balancer.candidates["a:1"].breaker.state is State.CLOSED) is another
