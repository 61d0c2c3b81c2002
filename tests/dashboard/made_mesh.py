"""Stages, their effect, and decisions, with defaults for what a test does not care about."""

from typing import Any, cast

from proxy.contract.api.decisions import (
    Advice,
    AnswerComparison,
    Comparison,
    Decision,
    Effect,
    SizeComparison,
    StageView,
)
from tests.dashboard.made import stats


def figure(difference: float, half: float, lower_is_better: bool = True, direct: float = 100.0) -> Comparison:
    """A difference whose interval reaches ``half`` to both sides."""
    better = (difference < 0) is lower_is_better if abs(difference) > half else None
    return Comparison(
        direct=direct,
        routed=direct + difference,
        difference=difference,
        low=difference - half,
        high=difference + half,
        significant=better is not None,
        better=better,
    )


def effect(
    success: Comparison,
    p50: Comparison | None = None,
    p99: Comparison | None = None,
    sizes: SizeComparison | None = None,
    **answers: Comparison,
) -> Effect:
    """The effect with the answers of each class (``refused=…``) in both arms."""
    compared = [AnswerComparison(answer=answer, **figure) for answer, figure in answers.items()]
    return Effect(confidence=0.95, success=success, p50=p50, p99=p99, answers=compared, sizes=sizes)


def stage(found: Effect | None = None, advice: Advice | None = None, **given: Any) -> StageView:
    about: dict[str, Any] = {
        "service": "reviews",
        "stage": "route",
        "percent": 25,
        "origin": "api",
        "updated": 0,
        "guard": False,
        "direct": stats(4500),
        "routed": stats(1500),
        "effect": found,
        "advice": advice,
        "history": [],
        **given,
    }
    return cast(StageView, about)


def decision(kind: str, endpoint: str = "", time: int = 0, /, **evidence: Any) -> Decision:
    about = {"time": time, "kind": kind, "service": "reviews", "endpoint": endpoint, "reason": "why"}
    return cast(Decision, {**about, "evidence": evidence})
