"""Calls added up by outcome, and which of them are timed."""

from dataclasses import astuple
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.contract.traffic import Answer
from tests.topology.fleet import histogram
from topology.evidence.tally import Tally, tally_of


def test_the_typical_latency_is_the_mean_of_logarithms() -> None:
    tally = tally_of(histogram(0.1, 0.1, 0.4, 0.4), 0)
    assert tally.timed == 4
    assert tally.mean == pytest.approx(log2(0.2), abs=0.2)
    assert tally.deviation == pytest.approx(1.0, abs=0.2)


def test_failed_calls_have_no_latency() -> None:
    tally = tally_of(histogram(0.1, 0.1), 2)
    assert (tally.count, tally.errors, tally.timed) == (2, 2, 0)
    assert tally.failing == 1.0
    assert Tally().failing == 0.0


@pytest.mark.parametrize(
    ("answer", "errors", "timed"),
    [(Answer.REDIRECT, 0, 2), (Answer.REFUSED, 0, 0), (Answer.SHED, 0, 0), (Answer.SHED, 2, 0)],
)
def test_answers_of_other_classes_are_no_failures(answer: Answer, errors: int, timed: int) -> None:
    tally = tally_of(histogram(0.1, 0.1), errors, answer)
    assert (tally.count, tally.errors, tally.timed, tally.of(answer)) == (2, 0, timed, 2)
    assert tally.share(answer) == 1.0
    assert Tally().share(answer) == 0.0


def test_what_one_reporter_contributed_can_be_taken_out() -> None:
    whole, one = tally_of(histogram(0.1, 0.2, 0.3), 0), tally_of(histogram(0.2), 0)
    assert whole.without(one).count == 2
    assert whole.without(None) is whole


counts = st.integers(0, 1000)
tallies = st.builds(Tally, counts, counts, counts, counts, counts, counts, counts, counts)


@given(tallies, tallies)
def test_what_was_added_can_be_taken_out_again(one: Tally, other: Tally) -> None:
    both = Tally()
    both.add(one)
    both.add(other)
    assert astuple(both.without(other)) == astuple(one)
