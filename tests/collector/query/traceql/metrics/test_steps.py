"""Intervals: on multiples of the step, open at their begin, named by their end."""

from hypothesis import given
from hypothesis import strategies as st

from collector.query.params import Window
from collector.query.traceql.metrics.steps import Steps, instant, over


def test_a_window_is_covered_by_whole_steps() -> None:
    steps = over(Window(95_000_000, 121_000_000), 10_000_000)
    assert steps == Steps(90_000_000, 10_000_000, 4)
    assert [steps.time_ms(place) for place in range(steps.count)] == [100_000, 110_000, 120_000, 130_000]
    assert (steps.window, steps.seconds) == (Window(90_000_000, 130_000_000), 10.0)


def test_an_instant_is_one_step() -> None:
    steps = instant(Window(5, 12))
    assert (steps.window, steps.count, steps.step) == (Window(5, 12), 1, 7)


@given(st.integers(0, 10**16), st.integers(0, 10**12), st.integers(1000, 10**11))
def test_any_window_lies_within_its_steps(start: int, length: int, step: int) -> None:
    window = Window(start, start + length)
    steps = over(window, step)
    assert steps.window.start <= window.start <= window.end <= steps.window.end
    assert steps.window.end - window.end < step or steps.count == 1
    assert steps.origin % step == 0
