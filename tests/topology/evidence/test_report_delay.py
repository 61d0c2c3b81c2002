"""Reports that come too late to act on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.contract.histogram import Histogram
from tests.topology.fleet import Fleet, address, kinds
from topology.evidence.report_delay import TTL, ReportDelays
from topology.model.samples import CallSample, Side


@given(skew=st.floats(-1e6, 1e6), held=st.floats(0, 100))
def test_the_clocks_need_not_agree(skew: float, held: float) -> None:
    fresh, start = ReportDelays(), 1_700_000_000.0
    for tick in range(10):
        now = start + tick / 2
        assert not fresh.place("a", now - skew - 0.5, now - skew, now + 0.01).late
    now = start + 20
    when = fresh.place("a", now - skew - 0.5, now - skew, now + 0.01 + held)
    assert when.late is (held > TTL + 0.01) or abs(held - TTL) < 0.1
    if when.late:  # it is counted when it was made
        assert when.ended == pytest.approx(now, abs=0.02)


@pytest.mark.parametrize(("begun", "ended", "late"), [(0, 0, False), (90, 100, True), (99.5, 100, False)])
def test_what_was_collected_for_long_is_late_and_what_says_nothing_is_not(
    begun: float, ended: float, late: bool
) -> None:
    assert ReportDelays().place("a", begun, ended, 100.0).late is late


@pytest.mark.parametrize("step", [-86_400.0, -120.0, -3.0, 3.0, 3600.0])
def test_a_reporter_whose_clock_is_set_is_heard_again_at_once(step: float) -> None:
    delays, ended = ReportDelays(), 0.0
    for tick in range(40):
        now = 1_700_000_000.0 + tick / 2
        begun, ended = ended, now + (step if tick >= 20 else 0.0)
        when = delays.place("a", begun if tick else 0.0, ended, now)
        # The one report that covers a jump ahead is as long as the jump.
        assert when.late is (tick == 20 and step >= 3.0)
        assert when.ended == now


def test_a_delay_that_lasts_longer_than_a_minute_is_a_clock_that_is_wrong() -> None:
    delays, late = ReportDelays(), []
    for tick in range(300):
        now = 1_700_000_000.0 + tick / 2
        ended = now - (50.0 if tick >= 20 else 0.0)
        late.append(delays.place("a", 0.0, ended, now).late)
    assert late[:20] == [False] * 20
    assert all(late[20:80])
    assert not any(late[150:])


def test_what_comes_first_after_a_long_silence_was_held_up() -> None:
    delays = ReportDelays()
    assert not delays.place("a", 0.0, 1000.0, 1000.0).late
    when = delays.place("a", 1000.0, 1000.5, 1400.0)
    assert when.late
    assert (when.begun, when.ended) == (1000.0, 1000.5)


def test_late_reports_are_counted_in_the_graph_and_eject_nobody() -> None:
    fleet = Fleet(4, 4)
    fleet.run(10)
    for reporter in range(4):  # each has reported in time before
        old = CallSample(
            Side.CLIENT,
            "a",
            "b",
            f"a{reporter}",
            _failed(1),
            0,
            address(0),
            begun=fleet.now - 0.5,
            ended=fleet.now,
        )
        fleet.engine.calls([old], fleet.now)
    before = {e.target: e.stats.errors for e in fleet.engine.live.graph(fleet.now).edges}["b"]
    for reporter in range(4):
        held_up = CallSample(
            Side.CLIENT,
            "a",
            "b",
            f"a{reporter}",
            _failed(50),
            50,
            address(2),
            begun=fleet.now - 20.5,
            ended=fleet.now - 20,
        )
        fleet.engine.calls([held_up], fleet.now)
    assert kinds(fleet.run(3), "eject") == []
    assert {e.target: e.stats.errors for e in fleet.engine.live.graph(fleet.now).edges}["b"] == before + 200


def _failed(count: int) -> Histogram:
    found = Histogram()
    for _ in range(count):
        found.record(0.02)
    return found
