"""The latency that is usual among the endpoints of one service."""

import pytest

from proxy.contract.model import Endpoint
from proxy.routing.candidate import Candidate
from proxy.routing.usual_latency import UsualLatency

NOW = 100.0


def learned(*seconds: float) -> tuple[UsualLatency, list[Candidate]]:
    """Return what is usual where each of some endpoints gave one answer; 0 stands for one that gave none."""
    typical = UsualLatency()
    pool = [Candidate(Endpoint(f"10.0.0.{number}:80")) for number in range(len(seconds))]
    for candidate, latency in zip(pool, seconds, strict=True):
        if latency:
            typical.learn(candidate, latency, NOW)
    typical.survey(pool, NOW)
    return typical, pool


@pytest.mark.parametrize(
    ("seconds", "usual", "least"),
    [
        ((0.04, 0.05), 0.04, 0.04),
        ((0.001, 0.04, 0.05), 0.04, 0.04),  # never the fastest alone
        ((0.02, 0.04, 0.05), 0.04, 0.02),  # twice as fast is a better endpoint
        ((0.04, 0.05, 0.9, 1.0, 1.1), 0.05, 0.04),  # most are slow for this caller
        ((0.04, 0.0, 0.0, 0.0), 0.0, 0.0),  # too few have answered
    ],
)
def test_what_is_usual_is_what_several_fast_ones_do(
    seconds: tuple[float, ...], usual: float, least: float
) -> None:
    typical, _ = learned(*seconds)
    assert (typical.usual, typical.least) == (usual, least)


def test_the_pace_is_that_of_the_middle_endpoint() -> None:
    _, pool = learned(0.02, 0.04, 0.05)
    for candidate, latency in zip(pool, (0.02, 0.04, 0.05), strict=True):
        candidate.sample(latency, NOW)
    UsualLatency().survey(pool, NOW)
    assert {candidate.pace for candidate in pool} == {0.04}


def test_a_survey_is_due_after_a_first_answer_and_after_half_a_second() -> None:
    typical, (one, two) = learned(0.04, 0.0)
    assert typical.learn(two, 0.04, NOW)
    typical.survey([one, two], NOW)
    assert not typical.learn(one, 0.04, NOW + 0.1)
    assert typical.learn(one, 0.04, NOW + 0.5)


def test_one_answer_in_a_hundred_takes_longer_than_long() -> None:
    typical, (one,) = learned(0.04)
    for number in range(20_000):
        typical.learn(one, 1.0 if number % 100 == 0 else 0.1, NOW)
    assert 0.1 < typical.long < 1.2
