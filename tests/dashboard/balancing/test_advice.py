"""Advice as figures and shares."""

from dashboard.balancing import advice as balancing_advice
from tests.dashboard.made import stats
from tests.dashboard.made_mesh import stage
from tests.dashboard.text import words


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
    told = words(balancing_advice.advice(stage(None, advice, stage="advise")))  # type: ignore[arg-type]
    assert "90 % 99.9 %" in told
    assert "b:1" in told
    assert "50 % → 0 %" in told
    assert "An estimate." in told
    assert "twenty" in words(balancing_advice.advice(stage(None, None, stage="advise")))
