"""Types of evidence: one for each kind of decision, none of them mutable."""

from dataclasses import FrozenInstanceError
from typing import get_args

import pytest

from proxy.contract.decisions.evidence import (
    Calls,
    Evidence,
    FailureComparison,
    LatencyComparison,
    Probation,
    Registration,
    Unknown,
)
from proxy.contract.decisions.kinds import DecisionKind


def test_each_kind_of_decision_has_one_type_of_evidence() -> None:
    kinds = [kind.decision for kind in get_args(Evidence) if kind is not Unknown]
    assert sorted(kinds) == sorted(DecisionKind)


def test_unknown_evidence_keeps_the_kind_of_its_decision() -> None:
    assert Unknown("mirror", {}).decision == "mirror"
    assert Registration().decision is DecisionKind.REGISTER


def test_a_comparison_of_latencies_has_the_calls_too() -> None:
    found = LatencyComparison(5.0, 50, 0, 100, 0, {"a0": Calls(50, 0)}, ("b:1",), "", 411.0, 19.0)
    assert isinstance(found, FailureComparison)
    assert (found.count, found.peer_count, found.latency_ms) == (50, 100, 411.0)


def test_evidence_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Probation(1).ejections = 2  # type: ignore[misc]  # what is tested
