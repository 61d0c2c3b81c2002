"""Differences between the two arms of a service, with their intervals."""

import pytest

from topology.model.stages import Change


@pytest.mark.parametrize(
    ("low", "high", "significant"),
    [(0.1, 0.3, True), (-0.3, -0.1, True), (-0.1, 0.1, False), (0.0, 0.2, False)],
)
def test_a_change_is_significant_when_its_interval_leaves_out_zero(
    low: float, high: float, significant: bool
) -> None:
    change = Change(0.9, 1.0, low, high)
    assert change.significant is significant
    assert change.difference == pytest.approx(0.1)
