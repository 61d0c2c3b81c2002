"""Words of decisions that stored rows and the API hold."""

from enum import StrEnum

import pytest

from proxy.contract.decisions.kinds import DecisionKind, Figure, FindingKind, HoldKind, StageOrigin


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (DecisionKind, "eject return probation hold weight stage register leave"),
        (FindingKind, "failures latency stall answers"),
        (HoldKind, "cap shared slow"),
        (StageOrigin, "default mesh.yaml api guard"),
        (Figure, "success p50 p99 redirects refusals shed sizes"),
    ],
)
def test_values_are_those_of_every_release_since_the_first(kind: type[StrEnum], words: str) -> None:
    assert list(kind) == words.split()
