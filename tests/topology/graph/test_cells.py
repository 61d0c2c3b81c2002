"""Counts that add up, and what is left of them when one call is taken away."""

import pytest

from proxy.contract.traffic import Answer, Arm, Protocol
from tests.topology.fleet import histogram
from topology.graph.cells import Bucket, Cell, Key, arms, edges, endpoints, merge, nearest_index, remove


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        (Answer.REDIRECT, "redirects"),
        (Answer.REFUSED, "refusals"),
        (Answer.SHED, "shed"),
        (None, "unclassed"),
    ],
)
def test_answers_are_counted_by_class(answer: Answer | None, field: str) -> None:
    cell, total = Cell(), Cell()
    cell.add(histogram(0.1, 0.1), 1, answer)
    total.merge(cell)
    total.merge(cell)
    assert (total.histogram.count, total.errors, getattr(total, field)) == (4, 2, 4)
    assert total.redirects + total.refusals + total.shed + total.unclassed == 4


def test_sizes_add_up_and_are_none_where_nobody_counts_them() -> None:
    one, other, total = Cell(), Cell(), Cell()
    one.add_sizes(histogram(0, 1200))
    for each in (other, one, other, one):
        total.merge(each)
    assert other.sizes is None
    assert total.sizes is not None
    assert one.sizes is not None
    assert (total.sizes.count, total.sizes.zero, one.sizes.count) == (4, 2, 2)
    assert not total.has_traffic


def test_views_leave_out_the_other_labels() -> None:
    routed = Key("a", "b", Protocol.HTTP, "10.0.0.1:80", Arm.ROUTED)
    assert edges(routed) == Key("a", "b", Protocol.HTTP)
    assert endpoints(routed) == Key("", "b", Protocol.UNKNOWN, "10.0.0.1:80")
    # The direct arm alone keeps its endpoint: what the application chose.
    assert arms(routed) == Key("", "b", Protocol.UNKNOWN, "", Arm.ROUTED)
    assert arms(routed._replace(arm=Arm.DIRECT)).endpoint == "10.0.0.1:80"


def test_a_merged_bucket_does_not_share_cells_with_its_parts() -> None:
    part: Bucket = {Key("a", "b"): Cell(histogram(0.1), 1)}
    total: Bucket = {}
    for _ in range(2):
        merge(total, part.items())
    assert total[Key("a", "b")].histogram.count == 2
    assert part[Key("a", "b")].histogram.count == 1


def test_the_call_taken_away_is_the_one_of_nearest_duration() -> None:
    cell = Cell(histogram(0.1, 1.0), 1, clear=2)
    remove(cell, nearest_index(cell.histogram, 0.9), failed=True)
    assert (cell.histogram.count, cell.errors, cell.clear) == (1, 0, 1)
    # The sum loses the middle of the bucket, not the very duration.
    assert cell.histogram.sum == pytest.approx(0.1, rel=0.3)
    remove(cell, nearest_index(cell.histogram, 0.9), failed=False)
    assert (cell.histogram.count, cell.histogram.counts, cell.clear) == (0, {}, 0)
    assert nearest_index(cell.histogram, 0.9) is None
