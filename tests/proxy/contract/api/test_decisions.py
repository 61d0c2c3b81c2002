"""Replies about stages and decisions, and the body that changes a stage."""

import pytest
from pydantic import TypeAdapter, ValidationError

from proxy.contract.api.decisions import Comparison, Decision, StageChange
from proxy.contract.decisions.kinds import DecisionKind


@pytest.mark.parametrize("kind", [*DecisionKind, "of a newer release"])
def test_a_decision_of_any_kind_with_any_evidence(kind: str) -> None:
    decision = {
        "time": 1,
        "kind": str(kind),
        "service": "a",
        "endpoint": "",
        "reason": "r",
        "evidence": {"k": [1]},
    }
    assert TypeAdapter(Decision).validate_python(decision) == decision


def test_better_is_null_where_nothing_is_sure() -> None:
    figure = dict.fromkeys(("direct", "routed", "difference", "low", "high"), 0.0)
    comparison = {**figure, "significant": False, "better": None}
    assert TypeAdapter(Comparison).validate_python(comparison) == comparison


@pytest.mark.parametrize(
    "change",
    [{"service": "a", "stage": "observe"}, {"service": "a", "stage": "route", "percent": 5, "by": "Ada"}],
)
def test_a_change_needs_service_and_stage_alone(change: dict[str, object]) -> None:
    assert TypeAdapter(StageChange).validate_python(change) == change


@pytest.mark.parametrize("change", [{"stage": "observe"}, {"service": "a", "stage": "route", "percent": 101}])
def test_what_no_change_can_be(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(StageChange).validate_python(change)
