from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dashboard.service import heatmap
from proxy.contract.api.graph import Heatmap, Point, Range
from tests.dashboard.made import stats


def _made(counts: list[list[int]], buckets: int) -> Heatmap:
    return Heatmap(buckets=[Range(low=2.0**at, high=2.0 ** (at + 1)) for at in range(buckets)], counts=counts)


@given(
    st.integers(0, 120).flatmap(
        lambda size: st.tuples(
            st.just(size), st.lists(st.lists(st.integers(0, 9), min_size=size, max_size=size), max_size=4)
        )
    ),
    st.integers(1, 50),
)
def test_merging_keeps_every_call_and_the_ends(made: tuple[int, list[list[int]]], most: int) -> None:
    size, counts = made
    buckets, merged = heatmap.thin(_made(counts, size), most)
    assert len(buckets) <= most
    assert [sum(column) for column in merged] == [sum(column) for column in counts]
    if size:
        assert (buckets[0][0], buckets[-1][1]) == (1.0, 2.0**size)
    assert all(one[1] == other[0] for one, other in pairwise(buckets))


def test_cells_without_calls_are_blank_and_others_say_how_many() -> None:
    points = [Point(time=0, **stats()), Point(time=60_000_000, **stats())]
    cells = heatmap.latency(points, _made([[3, 0], [0, 1]], 2), 60)["data"][0]
    assert cells["z"][0][1] is None
    assert cells["text"][0][0] == "1 ms to 2 ms<br>3 calls"
    assert cells["x"] == ["1970-01-01 01:00:00.000000", "1970-01-01 01:01:00.000000"]


def test_no_calls_at_all_are_an_empty_chart() -> None:
    assert heatmap.latency([], _made([], 0), 0)["data"][0]["z"] == []
