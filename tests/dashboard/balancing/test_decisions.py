"""The timeline of decisions."""

from dashboard.balancing.decisions import decisions
from tests.dashboard.made_mesh import decision
from tests.dashboard.text import words


def test_each_decision_shows_kind_endpoint_reason_and_evidence() -> None:
    moved = decision(
        "weight", "c:1", 0, **{"from": 1.0, "to": 0.5}, latency_ratio=2.0, calls=90, peers=["a:1"]
    )
    said = words(decisions([moved], 0, 60_000_000))
    for text in (
        "weight",
        "c:1",
        "1 min ago",
        "why",
        "2.00 times its peers'",
        "Compared with a:1.",
        "before",
    ):
        assert text in said


def test_a_decision_of_a_newer_release_shows_its_facts() -> None:
    said = words(decisions([decision("mirror", "", 0, version=2, region="eu-1")], 0, 0))
    assert "mirror" in said
    assert "region eu-1" in said


def test_kinds_are_told_as_what_happened() -> None:
    kinds = ("eject", "return", "probation", "hold", "weight", "stage", "register", "leave", "new_kind")
    said = words(decisions([decision(kind, "c:1") for kind in kinds], 0, 0))
    for label in ("ejected", "back", "on probation", "not ejected", "registered", "left", "new_kind"):
        assert label in said


def test_nothing_decided_is_said() -> None:
    assert "Nothing decided yet" in words(decisions([], 0, 0))
