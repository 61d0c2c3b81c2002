"""Counts of the last ten seconds, against a list of everything."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.routing.rolling_window import SECONDS, RollingWindow


@given(st.lists(st.tuples(st.floats(0, 15), st.booleans()), max_size=60))
def test_the_counts_are_those_of_the_last_ten_whole_seconds(steps: list[tuple[float, bool]]) -> None:
    rolling, now, seen = RollingWindow(), 1e6, []
    for step, marked in steps:
        now += step
        seen.append((int(now), marked))
        rolling.add(now)
        if marked:
            rolling.mark(now)
        recent = [mark for second, mark in seen if second > int(now) - SECONDS]
        assert (rolling.total, rolling.marked) == (len(recent), sum(recent))


def test_nothing_is_left_after_a_long_time_or_a_clear() -> None:
    rolling = RollingWindow()
    rolling.add(5.0)
    rolling.mark(5.0)
    rolling.expire(5.0 + 3 * SECONDS)
    assert (rolling.total, rolling.marked) == (0, 0)
    rolling.add(40.0)
    rolling.clear()
    assert rolling.total == 0
