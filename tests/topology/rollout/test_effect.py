"""Intervals: right where others have computed them, and as often as they promise."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.contract.histogram import Histogram
from proxy.contract.traffic import Answer
from tests.support.extent import sized
from topology.graph.cells import Cell
from topology.rollout.effect import answers, effect, interval, quantiles, success


def cell(count: int, errors: int = 0, latency: float = 0.1) -> Cell:
    found = Histogram()
    for _ in range(count):
        found.record(latency)
    return Cell(found, errors)


def drawn(rng: random.Random, count: int, middle: float = 0.05, failing: float = 0.0) -> Cell:
    found = Cell()
    for _ in range(count):
        found.histogram.record(middle * rng.lognormvariate(0, 0.6))
        found.errors += rng.random() < failing
    return found


@pytest.mark.parametrize(
    ("good0", "n0", "good1", "n1", "low", "high"),
    # R. G. Newcombe 1998, table II, method 10: 56/70 - 48/80, 9/10 - 3/10, 10/10 - 0/20
    [(48, 80, 56, 70, 0.0524, 0.3339), (3, 10, 9, 10, 0.1705, 0.8090), (0, 20, 10, 10, 0.6791, 1.0)],
)
def test_the_difference_of_two_shares_as_published(
    good0: int, n0: int, good1: int, n1: int, low: float, high: float
) -> None:
    found = success(cell(n0, n0 - good0), cell(n1, n1 - good1), 1.959964)
    assert found.low == pytest.approx(low, abs=5e-4)
    assert found.high == pytest.approx(high, abs=5e-4)


def test_nothing_is_said_without_both_arms_and_no_tail_from_a_few_calls() -> None:
    assert effect(Cell(), cell(5)) is None
    assert effect(cell(5), Cell()) is None
    few = effect(cell(100), cell(100))
    assert few is not None
    assert few.p50 is not None
    assert few.p99 is None


def answered(count: int, answer: Answer, part: int, latency: float = 0.04) -> Cell:
    """Calls, of which some got an answer of this class at once."""
    found = cell(count - part, latency=latency)
    found.add(cell(part, latency=0.0007).histogram, 0, answer)
    return found


@pytest.mark.parametrize("answer", [Answer.REDIRECT, Answer.REFUSED, Answer.SHED])
def test_other_answers_in_one_arm_are_a_difference_of_their_class(answer: Answer) -> None:
    found = effect(answered(1000, answer, 330), answered(1000, answer, 970))
    assert found is not None
    assert not found.success.significant
    [(seen, change)] = found.answers.items()
    assert (seen, change.before, change.after) == (answer, 0.33, 0.97)
    assert change.low > 0.5
    assert not found.answered_alike


def test_answers_that_both_arms_get_alike_are_none() -> None:
    found = effect(answered(1000, Answer.REFUSED, 330), answered(1000, Answer.REFUSED, 340))
    assert found is not None
    assert found.answered_alike
    plain = effect(cell(100), cell(100))
    assert plain is not None
    assert (plain.answers, plain.answered_alike) == ({}, True)


def test_calls_whose_answers_nobody_knows_are_left_out_of_their_shares() -> None:
    direct, routed = answered(100, Answer.REFUSED, 50), answered(100, Answer.REFUSED, 50)
    routed.add(cell(900).histogram, 0, None)
    found = effect(direct, routed)
    assert found is not None
    assert found.answers[Answer.REFUSED].after == 0.5
    unknown = Cell()
    unknown.add(cell(900).histogram, 0, None)
    assert effect(direct, unknown) is not None
    assert answers(direct, unknown, 1.96) == {}


def test_ten_times_slower_is_significant_and_equal_is_not() -> None:
    rng = random.Random(1)
    found = effect(drawn(rng, 2000), drawn(rng, 2000, 0.5))
    assert found is not None
    assert found.p50 is not None
    assert found.p99 is not None
    assert found.p50.significant
    assert found.p99.significant
    assert found.p50.low > 0.3
    assert not found.success.significant


@settings(max_examples=sized(60, 20))
@given(
    st.lists(st.floats(1e-6, 100), min_size=1, max_size=300),
    st.sampled_from([0.5, 0.9, 0.99]),
    st.floats(0.5, 5),
)
def test_the_interval_holds_its_estimate_and_grows_with_confidence(
    values: list[float], q: float, z: float
) -> None:
    found = Histogram()
    for value in values:
        found.record(value)
    inner, outer = interval(found, q, z), interval(found, q, z * 1.5)
    if inner is None:
        assert outer is None
        return
    assert inner[0] <= inner[1] <= inner[2]
    if outer is not None:
        assert outer[0] <= inner[0]
        assert outer[2] >= inner[2]


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Five hundred experiments in which nothing differs: about 25 may find a difference."""
    rng = random.Random(7)
    wrong = {"success": 0, "p50": 0, "p99": 0}
    for _ in range(500):
        one, other = drawn(rng, 600, failing=0.05), drawn(rng, 300, failing=0.05)
        wrong["success"] += success(one, other, 1.96).significant
        for name, q in (("p50", 0.5), ("p99", 0.9)):
            change = quantiles(one.histogram, other.histogram, q, 1.96)
            wrong[name] += change is not None and change.significant
    assert max(wrong.values()) <= 40, wrong
