"""The schedule of trials: when an endpoint that looks bad is asked again."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.routing.trials import (
    CHANCE,
    EXPIRY,
    FIRST,
    FORGIVEN,
    GROWTH,
    JITTER,
    LONGEST,
    NEVER,
    REQUESTS,
    WARM,
    WARMING,
    Trials,
)

PLENTY = 10_000


def failed(trials: Trials, at: float, cost: float = 5.0, requests: int = 0) -> None:
    trials.failure(at, cost, at, requests, 0.0)


def test_one_bad_answer_is_tried_again_soon_and_once() -> None:
    trials = Trials()
    assert not trials.admits(100.0, PLENTY)
    failed(trials, 100.0)
    assert not trials.admits(100.0 + FIRST - 0.01, PLENTY)
    assert trials.admits(100.0 + FIRST, PLENTY)
    assert not trials.admits(100.0 + FIRST, PLENTY)
    assert trials.admits(100.0 + FIRST + EXPIRY, PLENTY)  # no answer came


def test_a_passed_trial_ends_it_and_an_older_request_does_not() -> None:
    trials = Trials()
    failed(trials, 100.0)
    assert not trials.success(99.9)
    assert trials.due < NEVER
    assert trials.success(101.0)
    assert trials.due == NEVER
    assert not trials.success(101.1)  # nothing was left to end


def test_the_wait_grows_with_each_bad_answer_to_the_longest() -> None:
    trials, now, waits = Trials(), 0.0, []
    for _ in range(5):
        failed(trials, now)
        waits.append(trials.wait)
        now += trials.wait
    assert waits == [FIRST, FIRST * GROWTH, FIRST * GROWTH**2, LONGEST, LONGEST]


def test_requests_that_were_under_way_together_are_one_reason_to_wait() -> None:
    trials = Trials()
    for _ in range(10):
        trials.failure(99.9, 5.0, 100.0, 0, 0.0)
    assert (trials.bad, trials.wait) == (1, FIRST)


def test_a_slow_endpoint_is_asked_more_often_than_a_failing_one() -> None:
    slow, now = Trials(), 0.0
    slow.answers = CHANCE
    for _ in range(6):
        slow.slow(now, 0.5, now, 0, 0.0, endpoints=2)
        now += slow.wait
    assert slow.wait == 5.0


def test_one_that_warms_up_is_asked_as_soon_as_the_others_had_their_requests() -> None:
    trials = Trials()
    for number in range(CHANCE - 1):
        trials.answers += 1
        trials.slow(float(number), 0.5, number + 0.5, 100 * number, 0.0, endpoints=3)
        assert not trials.admits(number + 0.5, 100 * number + 3 * WARMING - 1)
        assert trials.admits(number + 0.5, 100 * number + 3 * WARMING)
        assert not trials.admits(number + 0.5, 100 * number + 3 * WARMING)
    trials.answers += 1  # it has had its chance
    trials.slow(1000.0, 0.5, 1000.5, 0, 0.0, endpoints=3)
    assert trials.due >= 1000.5 + FIRST


def test_slow_answers_before_it_do_not_lengthen_the_wait_after_a_failure() -> None:
    trials = Trials()
    trials.answers = CHANCE
    for number in range(3):
        trials.slow(float(number), 0.5, float(number), 0, 0.0, endpoints=2)
    assert trials.wait == 5.0
    failed(trials, 10.0)
    assert trials.wait == FIRST
    failed(trials, 20.0)
    assert trials.wait == FIRST * GROWTH


def test_one_that_is_warm_is_no_longer_warming_up() -> None:
    trials = Trials()
    trials.answers = WARM + 1
    trials.slow(1.0, 0.5, 1.5, 0, 0.0, endpoints=3)
    assert trials.due == 1.5 + FIRST


def test_a_trial_waits_for_requests_too() -> None:
    trials = Trials()
    failed(trials, 0.0, requests=10)
    assert not trials.admits(60.0, 10 + REQUESTS - 1)
    assert trials.admits(60.0, 10 + REQUESTS)
    failed(trials, 60.0, requests=20)
    assert not trials.admits(600.0, 20 + 2 * REQUESTS - 1)
    assert trials.admits(600.0, 20 + 2 * REQUESTS)


def test_many_good_answers_forgive_and_a_few_do_not() -> None:
    trials = Trials()
    for _ in range(FORGIVEN - 1):
        failed(trials, 0.0)
        trials.success(0.5)
    assert trials.bad == FORGIVEN - 1
    for _ in range(FORGIVEN):
        trials.success(1.0)
    assert trials.bad == 0


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100), st.booleans(), st.floats(0, 1)), max_size=200)
)
def test_whatever_happened_the_next_trial_is_never_far(
    events: list[tuple[float, float, bool, float]],
) -> None:
    trials, now = Trials(), 0.0
    for step, cost, good, share in events:
        now += step
        if good:
            trials.success(now - 0.01)
        else:
            trials.failure(now - 0.01, cost, now, 0, share)
            assert FIRST <= trials.wait <= LONGEST * (1 + JITTER)
        assert trials.due == NEVER or trials.due <= now + LONGEST * (1 + JITTER)
