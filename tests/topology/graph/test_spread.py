"""Calls of a long interval, spread over it."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.contract.histogram import Histogram
from topology.graph.spread import SPREAD, spread


@given(st.lists(st.floats(0, 30), min_size=1, max_size=200), st.floats(SPREAD, 5000), st.integers(0, 200))
def test_all_calls_are_in_the_interval_once(times: list[float], length: float, failed: int) -> None:
    whole, errors = Histogram(), min(failed, len(times))
    for each in times:
        whole.record(each)
    begun = 1_700_000_000.0
    parts = list(spread(whole, errors, begun, begun + length))
    total = Histogram()
    for at, part, bad in parts:
        assert begun < at <= begun + length
        assert 0 <= bad <= part.count
        total.merge(part)
    assert (total.count, total.zero, total.counts) == (whole.count, whole.zero, whole.counts)
    assert abs(total.sum - whole.sum) < 1e-6
    assert sum(bad for _, _, bad in parts) == errors


def test_a_minute_of_steady_calls_is_steady() -> None:
    whole = Histogram()
    for _ in range(600):
        whole.record(0.1)
    parts = list(spread(whole, 60, 1000.0, 1060.0))
    assert [(at, part.count, bad) for at, part, bad in parts] == [(1001.0 + n, 10, 1) for n in range(60)]
