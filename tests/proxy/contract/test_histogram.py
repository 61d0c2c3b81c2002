"""The shared histogram: accuracy, merging and conversion."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.contract.histogram import (
    SCALE,
    Histogram,
    bucket_index,
    bucket_value,
    from_exponential,
    from_sparse,
)

seconds = st.floats(1e-6, 1e3)


def of(values: list[float]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    return histogram


@given(seconds)
def test_a_value_is_within_its_bucket(value: float) -> None:
    index = bucket_index(value)
    assert abs(math.log2(value) - math.log2(bucket_value(index))) <= 0.5 / (1 << SCALE) + 1e-9


@given(st.lists(seconds, min_size=1, max_size=60), st.floats(0, 1))
def test_quantiles_are_off_by_half_a_bucket_at_most(values: list[float], q: float) -> None:
    exact = sorted(values)[max(0, math.ceil(q * len(values)) - 1)]
    found = of(values).quantile(q)
    assert found == pytest.approx(exact, rel=0.045)


@given(st.lists(seconds, max_size=40), st.lists(seconds, max_size=40))
def test_merging_is_recording_together(one: list[float], other: list[float]) -> None:
    merged = of(one)
    merged.merge(of(other))
    together = of(one + other)
    assert (merged.counts, merged.count, merged.min, merged.max) == (
        together.counts,
        together.count,
        together.min,
        together.max,
    )
    assert merged.sum == pytest.approx(together.sum)


@given(st.lists(seconds, min_size=1, max_size=40))
def test_dense_buckets_come_back_the_same(values: list[float]) -> None:
    histogram = of(values)
    offset, counts = histogram.dense_buckets()
    back = from_exponential(SCALE, offset, counts, total=histogram.sum)
    assert (back.counts, back.count) == (histogram.counts, histogram.count)
    assert from_sparse(histogram.counts, total=histogram.sum).quantile(0.5) == pytest.approx(
        histogram.quantile(0.5) or 0, rel=0.045
    )


def test_zero_and_empty() -> None:
    assert Histogram().quantile(0.5) is None
    assert Histogram().dense_buckets() == (0, [])
    histogram = of([0.0, -1.0, 0.5])
    assert (histogram.zero, histogram.count, histogram.quantile(0.5)) == (2, 3, 0.0)
    assert histogram.quantile(1.0) == pytest.approx(0.5, rel=0.045)


@pytest.mark.parametrize("scale", [0, 2, 4, 6, 10])
def test_other_scales_are_brought_to_ours(scale: int) -> None:
    value = 0.1
    index = math.ceil(math.log2(value) * 2**scale) - 1
    histogram = from_exponential(scale, index, [7], total=0.7)
    assert histogram.count == 7
    width = 2 ** (2.0 ** -min(scale, SCALE))
    assert value / width <= (histogram.quantile(0.5) or 0) <= value * width
