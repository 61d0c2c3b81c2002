"""What people see of a cell."""

import pytest

from tests.topology.fleet import histogram
from topology.graph.cells import Cell
from topology.graph.figures import encryption, point, stats
from topology.model.graph import Encryption


def test_stats_of_a_cell() -> None:
    cell = Cell()
    cell.add(histogram(*[0.01] * 98, 1.0, 1.0), 2)
    found = stats(cell, 50)
    assert (found.count, found.errors, found.rate, found.success) == (100, 2, 2.0, 0.98)
    assert found.p50 == pytest.approx(0.01, rel=0.05)
    assert found.p90 == pytest.approx(0.01, rel=0.05)
    assert found.p99 == pytest.approx(1.0, rel=0.05)
    assert stats(Cell(), 50).p50 is None


def test_calls_that_take_no_time_are_among_the_percentiles() -> None:
    cell = Cell()
    cell.add(histogram(*[0.0] * 60, *[0.1] * 40), 0)
    found = stats(cell, 1)
    assert found.p50 == 0.0
    assert found.p90 == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize(
    ("encrypted", "clear", "shown"),
    [(0, 0, None), (3, 0, Encryption.YES), (0, 3, Encryption.NO), (1, 2, Encryption.PARTLY)],
)
def test_an_edge_is_encrypted_partly_or_not_by_the_calls_that_are_known(
    encrypted: int, clear: int, shown: Encryption | None
) -> None:
    assert encryption(encrypted, clear) is shown


@pytest.mark.parametrize(
    ("end", "rate"),
    [(100.0, 2.0), (60.0, 2.0), (15.0, 8.0), (0.2, 120.0)],
    ids=["a whole step", "a step up to the end", "a step that is cut", "a step that has only begun"],
)
def test_the_rate_of_a_step_is_that_of_its_part_before_the_end(end: float, rate: float) -> None:
    cell = Cell()
    cell.add(histogram(*[0.1] * 120), 0)
    found = point(1000.0, cell, 60.0, 1000.0 + end)
    assert (found.time, found.stats.count, found.stats.rate) == (1000.0, 120, rate)
