"""Calls taken together, with and without a reporter, and bounds on shares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.topology.outliers.detection.tallies import FINE, NOW, seen, tallies
from topology.evidence.averages import Screen
from topology.evidence.peer_tallies import (
    EndpointTally,
    better_half,
    bounds,
    failure_rate,
    of_reporter,
    pool,
    typical_latency,
    usual,
)
from topology.evidence.tally import Tally

TINY = 1e-12  # of rounding


@given(st.integers(1, 10_000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_an_interval_holds_the_share_and_stays_within_0_and_1(counts: tuple[int, int]) -> None:
    bad, total = counts
    low, high = bounds(bad, total)
    assert 0 <= low <= bad / total + TINY
    assert bad / total - TINY <= high <= 1
    wider = bounds(bad, total, 5.0)
    assert wider[0] <= low + TINY
    assert high <= wider[1] + TINY


def test_the_interval_is_wilsons() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3: 81 of 263 at 95 %.
    assert bounds(81, 263, 1.96) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert bounds(0, 0) == (0.0, 1.0)


def test_a_tally_without_a_reporter_is_that_of_the_others() -> None:
    found = tallies({"r1": FINE, "r2": (10, 5, 0.02)}).of("a", 1.0)
    assert (found.total.count, found.total.errors) == (40, 10)
    assert found.without("r2").errors == 0
    assert found.without("") == found.without("stranger") == found.total
    assert found.of(["r2"]).count == 20


def test_what_was_measured_before_an_endpoint_came_back_is_hidden() -> None:
    found = tallies(seen(FINE, "r1"), seen(FINE, "r1"), since={"a": NOW - 0.4})
    assert found.of("a", 5.0).total.count == 10
    assert found.of("b", 5.0).total.count == 100
    assert found.of("nowhere", 5.0).total == Tally()


def test_peers_are_all_others() -> None:
    found = tallies(seen(FINE, "r1"), seen(FINE, "r1"), seen(FINE, "r1"))
    assert found.peers_of("b") == ("a", "c")
    assert len(found.of_peers("b", 1.0)) == 2
    assert len(list(found.peer_records("b"))) == 2
    assert len(list(found.peer_records())) == 3


def test_the_better_half_is_not_spoiled_by_the_worse() -> None:
    rates = [EndpointTally(Tally(10, errors), {"r": Tally(10, errors)}) for errors in (9, 0, 1)]
    half = better_half(rates, failure_rate, "")
    assert half is not None
    assert (half.count, half.errors) == (20, 1)
    assert better_half(rates, failure_rate, "r") is None
    assert of_reporter(rates, "r") == pool(each.total for each in rates)


def test_an_endpoint_without_timed_calls_is_the_slowest() -> None:
    assert typical_latency(Tally(5, 5)) == float("inf")
    assert typical_latency(Tally(4, 0, 4, -8.0)) == -2.0
    assert usual([Screen(timed=1, logs=-5), Screen(timed=1, logs=-1), Screen()]) == -5
    assert usual([]) == float("inf")
