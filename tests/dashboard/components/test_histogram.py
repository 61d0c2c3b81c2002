"""The histogram: no count is lost when buckets are merged, and bars are equally wide."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.components.histogram import BARS, latency, merge
from proxy.contract.api.graph import Bucket


def buckets(counts: dict[int, int]) -> list[Bucket]:
    """Buckets that grow by half, as the collector's exponential ones do."""
    return [Bucket(low=1.5**at, high=1.5 ** (at + 1), count=count) for at, count in counts.items()]


@given(st.dictionaries(st.integers(-20, 60), st.integers(1, 1000), max_size=30), st.integers(1, 40))
def test_counts_are_kept_in_at_most_so_many_bars(counts: dict[int, int], most: int) -> None:
    merged = merge(buckets(counts), most)
    assert sum(bar["count"] for bar in merged) == sum(counts.values())
    assert len(merged) <= most


def test_a_gap_between_buckets_is_drawn_empty() -> None:
    merged = merge(buckets({0: 1, 3: 2}), 36)
    assert [bar["count"] for bar in merged] == [1, 0, 0, 2]
    for one, other in pairwise(merged):
        assert one["high"] == pytest.approx(other["low"])


def test_calls_that_took_no_time_count_in_the_first_bar() -> None:
    merged = merge([Bucket(low=0, high=1, count=5), *buckets({1: 1, 2: 1})], 36)
    assert merged[0]["count"] == 6


def test_the_chart_has_a_bar_for_each_and_says_its_range() -> None:
    (bars,) = latency(buckets(dict.fromkeys(range(100), 1)))["data"]
    assert len(bars["y"]) == BARS
    assert bars["text"][0].startswith("1 ms to")
    assert latency([])["data"][0]["y"] == []
