from dashboard.pages import balancing_views
from tests.dashboard.made import stats


def test_one_arm_alone_asks_for_a_control_group() -> None:
    assert "keep a control group" in balancing_views.verdict(stats(100), stats(0))


def test_a_clear_gain_is_told_with_its_interval() -> None:
    told = balancing_views.verdict(stats(5000, 400), stats(5000, 2))
    assert told.startswith("Routed calls succeed 7.96 pp more often (95 % interval +7.")


def test_a_loss_is_told_as_well() -> None:
    assert "less often" in balancing_views.verdict(stats(5000, 2), stats(5000, 400))


def test_chance_is_called_chance() -> None:
    assert balancing_views.verdict(stats(100, 1), stats(100, 0)).startswith("No certain difference")
