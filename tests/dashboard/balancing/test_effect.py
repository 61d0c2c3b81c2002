import pytest
from dash.development.base_component import Component

from dashboard.balancing import effect as balancing_effect
from tests.dashboard.made import stats
from tests.dashboard.made_mesh import decision, effect, figure, stage

SURE = effect(figure(0.0796, 0.008, lower_is_better=False), figure(-1.8, 4.0), figure(-34.8, 9.0))


def words(component: Component | list[Component] | str | None) -> str:
    """All text in a component, in order."""
    if isinstance(component, list | tuple):
        return " ".join(words(each) for each in component)
    if isinstance(component, Component):
        return words(getattr(component, "children", None))
    return component or ""


def test_one_arm_alone_asks_for_a_control_group() -> None:
    assert "keep a control group" in balancing_effect.verdict(stage(None))


def test_only_what_is_significant_is_claimed() -> None:
    assert balancing_effect.verdict(stage(SURE)) == (
        "Routed calls succeed 7.96 pp more often. Their p99 is 34.8 ms shorter."
    )


def test_harm_is_told_as_well() -> None:
    worse = effect(figure(-0.02, 0.004, lower_is_better=False), figure(12.0, 3.0))
    assert balancing_effect.verdict(stage(worse)) == (
        "Routed calls succeed 2.00 pp less often. Their p50 is 12 ms longer."
    )


def test_longer_calls_are_put_into_perspective_when_fewer_fail() -> None:
    told = balancing_effect.verdict(stage(effect(figure(0.3, 0.1, lower_is_better=False), figure(7.0, 3.0))))
    assert told.endswith("Their p50 is 7 ms longer. Failed calls are counted too, and may have been quick.")


def test_chance_is_called_chance() -> None:
    told = balancing_effect.verdict(stage(effect(figure(0.001, 0.01, lower_is_better=False))))
    assert told.startswith("No significant difference yet")


def test_every_figure_shows_its_interval_and_what_it_means() -> None:
    told = words(balancing_effect.effect(stage(SURE)))
    for said in ("95 % intervals", "+7.16 pp to +8.76 pp", "−5.8 ms to +2.2 ms", "not significant", "better"):
        assert said in told


def test_a_percentile_nobody_can_bound_says_so() -> None:
    assert "too few calls" in words(balancing_effect.effect(stage(effect(SURE["success"]))))


@pytest.mark.parametrize(("low", "high"), [(-5.0, 5.0), (1.0, 9.0), (-9.0, -1.0), (0.0, 0.0)])
def test_an_interval_stays_within_its_frame(low: float, high: float) -> None:
    drawn = balancing_effect.interval(figure((low + high) / 2, (high - low) / 2), "ok")
    _, reach, mark = (getattr(each, "style", {}) for each in drawn)
    left, width = (float(reach[key].rstrip("%")) for key in ("left", "width"))
    assert 0 <= left <= left + width <= 100
    assert left <= float(mark["left"].rstrip("%")) <= left + width + 0.1


def test_advice_shows_where_requests_would_have_gone() -> None:
    advice = {
        "observed": stats(600, 60),
        "expected": {"success": 0.999, "p50": 10.0, "p90": 20.0, "p99": 30.0},
        "endpoints": [
            {"address": "a:1", "observed": 0.5, "expected": 1.0, "weight": 1.0},
            {"address": "b:1", "observed": 0.5, "expected": 0.0, "weight": 0.0},
        ],
        "basis": "an estimate",
    }
    told = words(balancing_effect.advice(stage(None, advice, stage="advise")))  # type: ignore[arg-type]
    assert "90 % 99.9 %" in told
    assert "b:1" in told
    assert "50 % → 0 %" in told
    assert "An estimate." in told
    assert "twenty" in words(balancing_effect.advice(stage(None, None, stage="advise")))


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
    assert said in words(balancing_effect.guard(stage(**given)))  # type: ignore[arg-type]


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
    told = words(balancing_effect.history(stage(history=[turned, set_by]), 60, 3_720_000_000))
    for said in (
        "1970-01-01 02:00:00",
        "Ada",
        "over the API",
        "over the guard",
        "p99 is longer",
        "observe  →  route 25 %",
    ):
        assert said in told
    assert "Never changed" in words(balancing_effect.history(stage(), 0, 0))
