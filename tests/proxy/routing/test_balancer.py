"""Who is chosen: property tests over any set of endpoints, and the arithmetic of a load."""

import random

from hypothesis import given
from hypothesis import strategies as st

from proxy.contract.model import Endpoint
from proxy.routing.balancer import LATE, NEWS_AGAIN, PENALTY, Balancer
from proxy.routing.breaker import THRESHOLD, State
from proxy.routing.candidate import DEFAULT_LATENCY, Candidate
from proxy.routing.trials import CHANCE

endpoints = st.lists(
    st.builds(
        Endpoint,
        address=st.integers(1, 9).map(lambda n: f"10.0.0.{n}:80"),
        weight=st.floats(0, 10),
        healthy=st.booleans(),
        draining=st.booleans(),
    ).map(lambda e: e if not e.draining else Endpoint(e.address, e.weight, False, draining=True)),
    max_size=8,
    unique_by=lambda endpoint: endpoint.address,
)


outcomes = st.lists(st.tuples(st.integers(0, 7), st.booleans(), st.floats(0, 30)), max_size=60)


@given(endpoints, outcomes, st.integers())
def test_an_unhealthy_endpoint_is_never_picked_while_a_healthy_one_exists(
    given_endpoints: list[Endpoint], outcomes: list[tuple[int, bool, float]], seed: int
) -> None:
    balancer = Balancer(random.Random(seed).random)
    balancer.update(given_endpoints)
    now = 0.0
    for which, failed, step in outcomes:
        now += step
        picked = balancer.pick(now)
        assert (picked is None) is (not given_endpoints)
        if picked is None:
            return
        candidates = list(balancer.candidates.values())
        present = [c for c in candidates if not c.endpoint.draining]
        closed = [c for c in candidates if c.endpoint.healthy and c.breaker.state is State.CLOSED]
        scarce = len(present) > 2 * len(closed)  # where the rest may be overloaded
        if any(endpoint.healthy for endpoint in given_endpoints) and not scarce:
            assert picked.endpoint.healthy
        if closed and picked.breaker.state is not State.CLOSED and not scarce:
            assert picked.breaker.state is State.PROBING  # the one request of a due probe
        balancer.observe(candidates[which % len(candidates)], 0.01, failed, now)


def two(**second: float) -> tuple[Balancer, Candidate, Candidate]:
    balancer = Balancer(random.Random(7).random)
    balancer.update([Endpoint("a:1"), Endpoint("b:1", weight=second.get("weight", 1.0))])
    a, b = balancer.candidates.values()
    return balancer, a, b


def test_the_faster_of_two_is_chosen() -> None:
    balancer, a, b = two()
    a.sample(0.1, 0.0)
    b.sample(0.01, 0.0)
    assert {balancer.pick(0.0) for _ in range(20)} == {b}


def test_open_requests_count() -> None:
    balancer, a, b = two()
    for candidate in (a, b):
        balancer.observe(candidate, 0.01, False, 0.0)
    b.begin("open", 0.0)
    assert b.load(0.0) == 2 * a.load(0.0)
    assert {balancer.pick(0.0) for _ in range(20)} == {a}


@given(st.integers(0, 1000))
def test_a_tenth_of_the_weight_is_about_a_tenth_of_the_share(seed: int) -> None:
    balancer = Balancer(random.Random(seed).random)
    balancer.update([Endpoint(f"{n}:1", weight=0.1 if n == 0 else 1.0) for n in range(10)])
    for candidate in balancer.candidates.values():
        balancer.observe(candidate, 0.01, False, 0.0)
    picked = [balancer.pick(0.0) for _ in range(2000)]
    assert 0 < picked.count(balancer.candidates["0:1"]) < 80  # an even share is 200


def test_a_failure_costs_more_than_any_usual_latency() -> None:
    balancer, a, b = two()
    balancer.observe(a, 0.001, True, 0.0)
    balancer.observe(b, 0.2, False, 0.0)
    assert a.latency(0.0) == PENALTY
    assert balancer.pick(0.0) is b


def test_a_stalled_request_counts_by_its_age() -> None:
    balancer, a, b = two()
    a.sample(0.01, 0.0)
    b.sample(0.02, 0.0)
    a.begin("stalled", 0.0)
    assert a.latency(2.0) == 2.0
    assert balancer.pick(2.0) is b
    a.end("stalled")
    assert (a.open, a.oldest(2.0)) == (0, 0.0)


def test_an_endpoint_without_history_is_tried_but_not_flooded() -> None:
    balancer, a, b = two()
    a.sample(0.01, 0.0)
    assert balancer.pick(0.0) is b
    b.begin("first", 0.0)
    assert b.load(0.0) == 2 * DEFAULT_LATENCY**2
    assert balancer.pick(0.0) is a


def test_failures_in_a_row_take_an_endpoint_out_and_one_probe_brings_it_back() -> None:
    balancer, a, b = two()
    for _ in range(THRESHOLD):
        balancer.observe(a, 0.01, True, 0.0)
    assert {balancer.pick(0.5) for _ in range(20)} == {b}
    assert balancer.pick(10.0) is a
    assert {balancer.pick(10.0) for _ in range(20)} == {b}
    balancer.observe(a, 0.01, False, 10.1)
    assert a.breaker.state is State.CLOSED


def many(count: int, **unhealthy: str) -> tuple[Balancer, list[Candidate]]:
    balancer = Balancer(random.Random(7).random)
    balancer.update([Endpoint(f"{n}:1", healthy=str(n) not in unhealthy.values()) for n in range(count)])
    candidates = list(balancer.candidates.values())
    for candidate in candidates:
        balancer.observe(candidate, 0.02, False, 0.0)
    for candidate in candidates:
        candidate.trials.answers = CHANCE  # so that slow ones are not warming up
    return balancer, candidates


def test_the_one_good_endpoint_is_found_however_many_are_bad() -> None:
    balancer, candidates = many(11)
    for candidate in candidates[:10]:
        balancer.observe(candidate, 0.001, True, 1.0)
    assert {balancer.pick(1.0) for _ in range(50)} == {candidates[10]}


def test_where_all_are_slow_all_are_used() -> None:
    balancer, candidates = many(5)
    for candidate in candidates:
        balancer.observe(candidate, 0.4, False, 1.0)
    chosen = set()
    for number in range(10):
        picked = balancer.pick(1.0)
        assert picked is not None
        picked.begin(number, 1.0)
        chosen.add(picked)
    assert chosen == set(candidates)


def test_survivors_of_a_mass_failure_keep_what_they_can_carry() -> None:
    balancer, candidates = many(5, a="0", b="1")
    for _ in range(THRESHOLD):
        balancer.observe(candidates[2], 0.001, True, 1.0)
    good = candidates[3:]
    assert {balancer.pick(1.1) for _ in range(20)} == set(good)
    for candidate in good:
        for number in range(10):
            candidate.begin(number, 1.1)
        balancer.observe(candidate, 0.2, False, 1.1)
    assert {balancer.pick(1.1) for _ in range(50)} == set(candidates[:3])


def test_an_overloaded_majority_sends_nothing_to_a_failing_few() -> None:
    balancer, candidates = many(5, a="0")
    for candidate in candidates[1:]:
        for number in range(20):
            candidate.begin(number, 1.0)
        balancer.observe(candidate, 0.5, False, 1.0)
    assert candidates[0] not in {balancer.pick(1.1) for _ in range(50)}


def test_a_first_failure_is_news_once_in_a_while() -> None:
    balancer, candidates = many(3)
    assert not balancer.news(0.0)
    for moment in (1.0, 1.1, 2.0):
        balancer.observe(candidates[0], 0.001, True, moment)
    assert balancer.news(2.0)
    assert not balancer.news(2.1)
    balancer.observe(candidates[0], 0.001, True, 2.2)
    assert not balancer.news(2.2)
    balancer.observe(candidates[1], 0.001, True, 2.3)
    assert balancer.news(2.3)
    balancer.observe(candidates[0], 0.001, True, 2.0 + NEWS_AGAIN)
    assert balancer.news(2.0 + NEWS_AGAIN)


def test_a_request_that_waits_too_long_is_news() -> None:
    balancer, candidates = many(3)
    candidates[0].begin("stalled", 1.0)
    candidates[1].begin("quick", 1.0)
    assert not balancer.news(1.0 + LATE / 2)
    candidates[1].end("quick")
    assert balancer.news(1.1 + LATE)
    assert not balancer.news(1.2 + LATE)


def test_plain_rotation_ignores_weights_and_ejections_but_not_draining() -> None:
    balancer = Balancer(random.random)
    balancer.update(
        [
            Endpoint("a:1", weight=9),
            Endpoint("b:1", healthy=False),
            Endpoint("c:1", healthy=False, draining=True),
        ]
    )
    turns = [balancer.turn() for _ in range(4)]
    assert sorted(t.endpoint.address for t in turns if t) == ["a:1", "a:1", "b:1", "b:1"]


def test_what_was_learned_survives_an_update() -> None:
    balancer, a, _ = two()
    a.sample(0.5, 0.0)
    balancer.update([Endpoint("a:1", weight=2.0), Endpoint("c:1")])
    assert balancer.candidates["a:1"] is a
    assert a.endpoint.weight == 2.0
    assert a.latency(0.0) == 0.5
