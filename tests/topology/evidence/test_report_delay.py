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
        assert not fresh.late("a", now - skew - 0.5, now - skew, now + 0.01)
    now = start + 20
    assert fresh.late("a", now - skew - 0.5, now - skew, now + 0.01 + held) is (held > TTL + 0.01) or (
        abs(held - TTL) < 0.1
    )


@pytest.mark.parametrize(("begun", "ended", "late"), [(0, 0, False), (90, 100, True), (99.5, 100, False)])
def test_what_was_collected_for_long_is_late_and_what_says_nothing_is_not(
    begun: float, ended: float, late: bool
) -> None:
    assert ReportDelays().late("a", begun, ended, 100.0) is late


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
