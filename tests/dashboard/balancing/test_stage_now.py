"""The present stage and the guard in words."""

import pytest

from dashboard.balancing.stage_now import guard, now
from tests.dashboard.made_mesh import stage
from tests.dashboard.text import words


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"guard": False}, "Guard off"),
        ({"guard": True, "percent": 25}, "watching"),
        ({"guard": True, "percent": 100}, "nothing to compare with"),
        ({"guard": True, "stage": "observe"}, "in stage route"),
    ],
)
def test_what_the_guard_does_is_said(given: dict[str, object], said: str) -> None:
    assert said in words(guard(stage(**given)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        ("default", "by default"),
        ("mesh.yaml", "set in mesh.yaml"),
        ("api", "set here or over the API"),
        ("guard", "turned back by the guard"),
        ("operator", "now, operator"),  # of a newer release
    ],
)
def test_who_set_the_stage_and_when_is_said(origin: str, said: str) -> None:
    told = words(now(stage(origin=origin, updated=1_000_000), 61_000_000))
    assert said in told
    assert "1 min ago" in told
    assert "route 25 %" in told


def test_an_unknown_service_is_said_to_be_unknown() -> None:
    assert "does not know this service" in words(now(None, 0))
