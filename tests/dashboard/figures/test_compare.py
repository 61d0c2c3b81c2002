import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.figures import compare
from dashboard.model import Stats
from tests.dashboard.made import stats


def test_without_traffic_on_both_arms_there_is_nothing_to_say() -> None:
    assert compare.success(stats(0), stats(100)) is None
    assert compare.success(stats(100), stats(0)) is None


def test_the_interval_is_newcombes() -> None:
    # Newcombe 1998, table II, row (a): 56/70 against 48/80, method 10: 0.0524 to 0.3339.
    found = compare.success(stats(80, 32), stats(70, 14))
    assert found is not None
    assert (round(found.value, 4), round(found.low, 4), round(found.high, 4)) == (0.2, 0.0524, 0.3339)
    assert found.certain


ARM = st.integers(1, 10_000).flatmap(lambda n: st.integers(0, n).map(lambda bad: stats(n, bad)))


@given(ARM, ARM)
def test_the_interval_holds_the_difference(direct: Stats, routed: Stats) -> None:
    found = compare.success(direct, routed)
    assert found is not None
    assert found.low - 1e-9 <= found.value <= found.high + 1e-9


@pytest.mark.parametrize(("errors", "certain"), [(0, False), (400, True)])
def test_a_difference_is_certain_only_beyond_chance(errors: int, certain: bool) -> None:
    found = compare.success(stats(1000, errors), stats(1000, 1))
    assert found is not None
    assert found.certain is certain
