import pytest

from dashboard.components import palette


@pytest.mark.parametrize(
    ("success", "health"),
    [(None, "idle"), (1.0, "ok"), (0.995, "ok"), (0.99, "warn"), (0.95, "warn"), (0.9, "bad")],
)
def test_health_follows_the_thresholds(success: float | None, health: str) -> None:
    assert palette.health(success) == health


def test_thresholds_can_be_set() -> None:
    assert palette.health(0.9, palette.Thresholds(warn=0.9, bad=0.5)) == "ok"


def test_services_of_one_view_differ_and_keep_their_colour() -> None:
    few = palette.services(["a", "b", "c"])
    assert len(set(few.values())) == 3
    assert palette.services(["c", "a", "b"]) == few


def test_more_services_than_colours_all_get_one() -> None:
    assert len(palette.services([f"s{i}" for i in range(100)])) == 100
