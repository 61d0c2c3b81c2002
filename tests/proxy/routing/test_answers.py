"""Answers that an endpoint's peers would not give, and those that all give alike."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.contract.traffic import Answer
from proxy.routing.answers import KNOWN, LEAST, WINDOW, Answers
from tests.support.extent import sized


def told(*answers: Answer) -> Answers:
    found = Answers()
    for answer in answers:
        found.add(answer)
    return found


FINE = told(*[Answer.OK] * WINDOW)


def wrong_after(answer: Answer, peers: list[Answers], most: int = 100) -> int:
    """After how many such answers in a row an endpoint is at fault; ``most`` if it never is."""
    own = Answers()
    for number in range(most):
        own.add(answer)
        if own.wrong([own, *peers]):
            return number + 1
    return most


@pytest.mark.parametrize("answer", [Answer.REFUSED, Answer.REDIRECT])
@pytest.mark.parametrize(("peers", "number"), [(1, 6), (2, 5), (10, LEAST)])
def test_a_few_answers_that_no_peer_gives_are_wrong(answer: Answer, peers: int, number: int) -> None:
    assert wrong_after(answer, [FINE] * peers) == number


def test_the_class_counts_and_not_only_that_it_is_no_success() -> None:
    redirecting = told(*[Answer.REDIRECT] * WINDOW)
    assert wrong_after(Answer.REFUSED, [redirecting] * 9) == LEAST
    assert wrong_after(Answer.REDIRECT, [redirecting] * 9) == 100


def test_of_several_wrong_ones_each_is_found_beside_the_few_that_are_right() -> None:
    bad = told(*[Answer.REFUSED] * WINDOW)
    assert wrong_after(Answer.REFUSED, [bad, bad, FINE]) <= 40


def test_without_enough_answers_of_peers_nothing_is_compared() -> None:
    assert wrong_after(Answer.REFUSED, []) == 100
    assert wrong_after(Answer.REFUSED, [told(*[Answer.OK] * (KNOWN - 1))]) == 100


def test_a_success_ends_a_run_and_load_does_not_count_in_it() -> None:
    own = told(*[Answer.REFUSED] * 4, Answer.SHED, Answer.OK, Answer.REFUSED)
    assert own.run == 1
    assert not own.wrong([FINE] * 10)
    assert (own.count(Answer.REFUSED), own.count(Answer.REDIRECT), own.total) == (5, 0, 6)


def test_the_share_of_shed_requests_follows_within_some_answers() -> None:
    own = Answers()
    own.add(Answer.SHED)
    assert own.shed == 0.125
    for _ in range(200):
        own.add(Answer.SHED)
        own.add(Answer.OK)
    assert own.shed == pytest.approx(0.5, abs=0.1)
    for _ in range(60):
        own.add(Answer.OK)
    assert own.shed < 0.01


@settings(max_examples=sized(40, 10))
@given(st.integers(2, 12), st.floats(0, 1), st.integers(0, 1 << 32))
def test_endpoints_that_answer_alike_are_hardly_ever_at_fault(count: int, share: float, seed: int) -> None:
    rng = random.Random(seed)
    endpoints = [Answers() for _ in range(count)]
    faults = 0
    for _ in range(3000):
        own = rng.choice(endpoints)
        own.add(Answer.REFUSED if rng.random() < share else Answer.OK)
        faults += own.wrong(endpoints)
    assert faults <= 15
