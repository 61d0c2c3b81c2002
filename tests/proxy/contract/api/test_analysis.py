"""Replies that compare: what is there only for some changes, and a tree of any depth."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from proxy.contract.api.analysis import Attribute, Change, Step


@pytest.mark.parametrize(
    "change",
    [
        {"change": "appeared", "p": 0.001},
        {"change": "broke", "p": 0.001, "difference": 0.2},
        {"change": "slowed", "p": 0.001, "quantile": 0.9, "before": 1.0, "after": 5.0},
    ],
)
def test_a_change_has_the_figures_of_its_kind(change: dict[str, Any]) -> None:
    assert TypeAdapter(Change).validate_python(change) == change


def test_lift_is_null_where_the_rest_never_has_it() -> None:
    side = {"count": 1, "share": 0.5}
    attribute = {
        **dict.fromkeys(("service", "scope", "key", "value"), "x"),
        "selected": side,
        "rest": side,
        "lift": None,
        "separation": 0.5,
        "p": 0.0,
    }
    assert TypeAdapter(Attribute).validate_python(attribute) == attribute


def test_steps_are_nested_as_deep_as_traces_are() -> None:
    quantiles = dict.fromkeys(("mean", "p50", "p90", "p99"), 1.0)
    step: dict[str, Any] = {"children": []}
    for depth in range(60):
        step = {
            **dict.fromkeys(("service", "operation", "kind"), "x"),
            **dict.fromkeys(("count", "traces", "errors"), 1),
            **dict.fromkeys(("per_trace", "error_rate", "offset"), 1.0),
            "duration": quantiles,
            "self": quantiles,
            "children": [step] if depth else [],
        }
    assert TypeAdapter(Step).validate_python(step) == step
