"""What chance explains is not told, what it does not is; checked against exact figures."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.query.analysis.significance import absent, shares_differ, slower
from proxy.contract.histogram import Histogram


def histogram(*values: float) -> Histogram:
    made = Histogram()
    for value in values:
        made.record(value)
    return made


def lognormal(seed: int, count: int, median: float) -> Histogram:
    rng = Random(seed)
    return histogram(*(median * rng.lognormvariate(0, 0.5) for _ in range(count)))


def test_the_p_value_of_two_shares() -> None:
    # 45 of 500 against 75 of 500: z = 0.06 / sqrt(0.12 * 0.88 / 250) = 2.9194.
    assert shares_differ(45, 500, 75, 500) == pytest.approx(0.003507, abs=1e-6)
    assert shares_differ(10, 100, 10, 100) == 1.0


@pytest.mark.parametrize("few", [(1, 19, 9, 500), (0, 500, 9, 19), (1, 1000, 3, 1000)])
def test_too_few_calls_tell_nothing(few: tuple[int, int, int, int]) -> None:
    assert shares_differ(*few) is None


@given(st.integers(0, 400), st.integers(0, 400), st.integers(400, 900), st.integers(400, 900))
def test_a_p_value_is_a_probability_and_knows_no_direction(a: int, b: int, n: int, m: int) -> None:
    p = shares_differ(a, n, b, m)
    assert p is None or (0 <= p <= 1 and p == shares_differ(b, m, a, n))


def test_a_median_that_doubled_is_found() -> None:
    moved = slower(lognormal(1, 400, 0.010), lognormal(2, 400, 0.020), 1.2, 0.001)
    assert moved is not None
    assert moved.ratio == pytest.approx(2, rel=0.15)
    assert moved.p < 1e-12


def test_a_tail_that_moved_alone_is_found() -> None:
    fast = [0.01 + 0.00001 * index for index in range(2000)]
    moved = slower(histogram(*fast), histogram(*fast[:1900], *[1.0] * 100), 1.2, 0.001)
    assert moved is not None
    assert (moved.quantile, moved.p < 1e-9) == (0.99, True)


def test_equal_traffic_is_rarely_told_apart() -> None:
    found = [
        slower(lognormal(seed, 300, 0.01), lognormal(seed + 500, 300, 0.01), 1.0, 0.0) for seed in range(100)
    ]
    assert sum(moved is not None and moved.p < 0.001 for moved in found) <= 2


@pytest.mark.parametrize(("ratio", "floor"), [(2.5, 0.0), (1.2, 0.05)])
def test_what_moved_by_too_little_is_not_told(ratio: float, floor: float) -> None:
    assert slower(lognormal(1, 400, 0.010), lognormal(2, 400, 0.020), ratio, floor) is None


def test_few_calls_and_zero_durations_are_no_trouble() -> None:
    assert slower(histogram(0.1), histogram(*[9.0] * 100), 1.2, 0.001) is None
    assert slower(Histogram(), Histogram(), 1.2, 0.001) is None
    moved = slower(histogram(*[0.0] * 50), histogram(*[0.5] * 50), 1.2, 0.001)
    assert moved is not None
    assert (moved.before, moved.ratio) == (0.0, float("inf"))


def test_nothing_where_much_was_expected_is_unlikely() -> None:
    assert absent(0) == 1
    assert absent(20) < 1e-8
