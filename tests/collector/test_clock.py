"""The clock of the mesh while that of the machine is set."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.clock import LEAP, MeshClock

START = 1_700_000_000.0


class Machine:
    """A machine's two clocks, and the mesh's on it."""

    def __init__(self) -> None:
        self.passed = 5.0
        self.set = 0.0
        self.clock = MeshClock(lambda: START + self.passed + self.set, lambda: self.passed)

    def run(self, seconds: float, step: float = 0.25) -> list[float]:
        times = []
        for _ in range(round(seconds / step)):
            self.passed += step
            times.append(self.clock())
        return times


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(-1e6, LEAP)), max_size=20))
def test_time_never_goes_back_and_passes_as_fast_as_it_does(steps: list[tuple[float, float]]) -> None:
    machine, last, before = Machine(), START + 5.0, 5.0
    for seconds, offset in steps:
        machine.set = min(offset, machine.set + LEAP - machine.clock.ahead - 1)
        machine.passed += seconds
        now = machine.clock()
        real = machine.passed - before
        assert 0.99 * real - 1e-6 <= now - last <= 1.01 * real + 1e-6
        last, before = now, machine.passed


@pytest.mark.parametrize("step", [-3600.0, -120.0, -1.5, 1.5, 120.0, 3600.0])
def test_a_step_is_said_once_and_made_up_for(step: float, caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine()
    machine.run(10)
    machine.set = step
    machine.run(1)
    assert machine.clock.ahead == pytest.approx(step, rel=0.02)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert f"set {'ahead' if step > 0 else 'back'} by {abs(step):.1f} s" in caplog.text
    machine.run(abs(step) * 100 + 10, step=1.0)
    assert machine.clock() == pytest.approx(START + machine.passed + step, abs=0.01)
    assert "agree again" in caplog.records[-1].message
    assert len(caplog.records) == 2


def test_a_clock_that_was_wrong_by_hours_is_followed_at_once(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine()
    machine.set = 50 * 365 * 86_400.0
    assert machine.clock() == START + machine.passed + machine.set
    assert "goes with it" in caplog.text


def test_searches_hold_what_is_recent_by_either_clock() -> None:
    machine = Machine()
    assert machine.clock.present_us() == (round((START + 5) * 1e6), 0)
    for step in (120.0, -120.0):
        machine.set = step
        latest, apart = machine.clock.present_us()
        assert latest == round((START + 5 + max(step, 0)) * 1e6)
        assert apart == 120_000_000


def test_one_clock_alone_is_followed_as_it_is() -> None:
    now = 5.0

    def read() -> float:
        return now

    clock = MeshClock(read, read)
    now = 9.0
    assert (clock(), clock.ahead) == (9.0, 0.0)
