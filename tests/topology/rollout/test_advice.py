"""What routing would have done, before it does anything."""

import pytest

from proxy.contract.model import Stage
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Arm
from tests.topology.fleet import Fleet, address, histogram
from topology.graph.cells import Cell
from topology.rollout.advice import advise


def cell(count: int, latency: float, errors: int = 0) -> Cell:
    return Cell(histogram(*[latency] * count), errors)


def test_requests_leave_what_is_ejected_or_slow() -> None:
    cells = {"a": cell(100, 0.05), "b": cell(100, 0.05, 100), "c": cell(100, 0.2)}
    advice = advise(cells, {"a": 1.0, "b": 0.0, "c": 1.0}, 60.0)
    assert advice is not None
    assert advice.observed.success == pytest.approx(2 / 3)
    assert advice.expected.success == 1.0
    assert [round(move.expected, 2) for move in advice.moves] == [0.8, 0.0, 0.2]
    assert [round(move.observed, 2) for move in advice.moves] == [0.33, 0.33, 0.33]
    assert advice.expected.p50 == pytest.approx(0.05, rel=0.05)
    assert advice.expected.p99 == pytest.approx(0.2, rel=0.05)
    assert "estimate" in advice.basis


@pytest.mark.parametrize(
    ("cells", "weights"),
    [
        ({}, {"a": 1.0}),
        ({"a": cell(5, 0.1)}, {"a": 1.0}),  # too few
        ({"a": cell(100, 0.1)}, {"b": 1.0}),  # what was called is not known
        ({"a": cell(100, 0.1)}, {"a": 0.0}),  # all of it is ejected
    ],
)
def test_where_nothing_can_be_estimated_nothing_is_said(
    cells: dict[str, Cell], weights: dict[str, float]
) -> None:
    assert advise(cells, weights, 60.0) is None


def test_it_is_shown_in_stage_advise_alone() -> None:
    fleet = Fleet(4, 4)
    fleet.arm = Arm.DIRECT
    fleet.run(10)
    fleet.run(2, lambda r, e, t: (0.02, e == 1))
    assert fleet.ejected() == {address(1)}
    for stage, shown in ((Stage.OBSERVE, False), (Stage.ADVISE, True), (Stage.ROUTE, False)):
        advice = fleet.engine.set_stage(ServiceId("b"), stage, 50, fleet.now).advice
        assert (advice is not None) is shown
        if advice is not None:
            assert advice.expected.success == 1.0
            assert advice.observed.success is not None
            assert advice.observed.success < 0.99
            assert next(move for move in advice.moves if move.endpoint == address(1)).expected == 0
