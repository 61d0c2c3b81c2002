"""Endpoints that look bad for a while get their share again soon, with and without a mesh."""

import pytest

from tests.sim.verdicts import ALL, judge, starved


@pytest.mark.parametrize("arm", ["ours-local", "ours"])
@pytest.mark.parametrize("name", ["slow start, 1 client", "down for 3 s"])
def test_what_was_bad_for_long_is_back_within_seconds(name: str, arm: str) -> None:
    assert judge(name, arm, 1).back <= 6.0


@pytest.mark.parametrize("arm", ["ours-local", "ours"])
@pytest.mark.parametrize("name", ["one failure of two", "one failure, 1 request/s", "a pause of 1 s"])
def test_one_bad_answer_is_no_verdict(name: str, arm: str) -> None:
    result = judge(name, arm, 1)
    assert result.back <= 5.0
    assert result.bad <= 2


def test_the_older_way_never_brought_it_back() -> None:
    """The case tells the arms apart: peak EWMA alone takes most of the run."""
    assert judge("slow start, 1 client", "peak-ewma", 1).back > 10.0
    assert ALL["slow start, 1 client"].joins


@pytest.mark.parametrize("sidecars", [1, 2])
def test_few_sidecars_are_enough_to_spare_an_envoy_a_dead_endpoint(sidecars: int) -> None:
    first, after = starved(sidecars, 1)
    assert first < 0.25  # of its requests, a third of which round robin would lose
    assert after == 0.0
