"""Running averages of one endpoint."""

from math import log2

import pytest

from topology.evidence.averages import Baseline, Screen
from topology.evidence.tally import Tally

NOW = 1000.0


def calls(count: int, errors: int = 0, seconds: float = 0.1) -> Tally:
    return Tally(count, errors, count - errors, (count - errors) * log2(seconds))


def test_the_quick_look_forgets_within_seconds() -> None:
    screen = Screen()
    screen.add(calls(100, errors=100), NOW)
    assert screen.failing == 1.0
    assert screen.rate(NOW + 1) > 20
    assert screen.rate(NOW + 20) < 0.01


def test_shares_are_by_class_of_answers() -> None:
    screen = Screen()
    assert screen.shares() == (0.0, 0.0, 0.0)
    screen.add(Tally(10, redirects=1, refusals=2, shed=5), NOW)
    assert screen.shares() == pytest.approx((0.1, 0.2, 0.5))


def test_only_a_rate_that_went_well_was_carried() -> None:
    screen, baseline = Screen(), Baseline()
    screen.add(calls(20), NOW)
    baseline.add(calls(20), screen, NOW)
    carried = baseline.peak
    assert carried == screen.rate(NOW)
    screen.add(calls(100, errors=100), NOW + 1)
    baseline.add(calls(100, errors=100), screen, NOW + 1)
    assert screen.rate(NOW + 1) > carried
    assert baseline.peak == carried


def test_what_is_usual_moves_slowly_after_the_warm_up() -> None:
    screen, baseline = Screen(), Baseline()
    baseline.add(calls(10), screen, NOW)
    baseline.add(calls(10, seconds=0.8), screen, NOW + 5)
    assert baseline.logs == pytest.approx(log2(0.1))
    baseline.add(calls(10, seconds=0.8), screen, NOW + 20)
    assert log2(0.1) < (baseline.logs or 0) < log2(0.2)
