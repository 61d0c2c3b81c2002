"""Changes of a stage as a table."""

from dashboard.balancing import stage_history
from tests.dashboard.made_mesh import decision, stage
from tests.dashboard.text import words


def test_history_says_who_changed_what_when_and_why() -> None:
    set_by = decision(
        "stage",
        "",
        3_600_000_000,
        **{
            "from": "observe",
            "from_percent": 0,
            "to": "route",
            "to_percent": 25,
            "origin": "api",
            "by": "Ada",
        },
    )
    turned = decision(
        "stage",
        "",
        3_660_000_000,
        **{"from": "route", "from_percent": 25, "to": "advise", "to_percent": 0, "origin": "guard"},
    )
    turned["reason"] = "reviews goes from route 25 % to advise, set by the guard: p99 is longer"
    told = words(stage_history.history(stage(history=[turned, set_by]), 60, 3_720_000_000))
    for said in (
        "1970-01-01 02:00:00",
        "Ada",
        "over the API",
        "over the guard",
        "p99 is longer",
        "observe  →  route 25 %",
    ):
        assert said in told
    assert "Never changed" in words(stage_history.history(stage(), 0, 0))


def test_a_change_that_cannot_be_read_still_shows_when_and_why() -> None:
    newer = decision("stage", "", 3_600_000_000, version=2, to="shadow")
    newer["reason"] = "reviews goes from route 25 % to shadow, set by api: a trial"
    told = words(stage_history.history(stage(history=[newer]), 0, 3_720_000_000))
    assert "1970-01-01 01:00:00" in told
    assert "a trial" in told
