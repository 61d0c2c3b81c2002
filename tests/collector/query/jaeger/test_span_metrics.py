"""Jaeger's span metrics, over real HTTP on the real store."""

import json
from typing import Any

import pytest

from tests.collector.query.jaeger.test_v1_extras import A, B
from tests.collector.query.world import NOW, ONE, Span, World

NOW_MS = NOW * 1000


def traffic(world: World) -> None:
    """A minute ago 6 calls of two operations, 2 of them failed; two minutes ago 2 calls."""
    world.spans(
        *(
            Span(
                f"{index + 1:032x}", A, service="shop", name="GET /a", at=65 + index, took=10.0 * (index + 1)
            )
            for index in range(4)
        ),
        *(
            Span(
                f"{index + 9:032x}", A, service="shop", name="GET /b", at=65 + index, took=100, status="Error"
            )
            for index in range(2)
        ),
        *(Span(f"{index + 19:032x}", A, service="shop", name="GET /a", at=130, took=5) for index in range(2)),
        Span(ONE, A, service="shop", name="calls", kind="Client", at=65),
        Span(ONE, B, service="cart", at=65),
    )


def values(reply: Any) -> list[tuple[dict[str, str], list[tuple[str, float]]]]:
    return [
        (
            {each["name"]: each["value"] for each in metric["labels"]},
            [(point["timestamp"], point["gaugeValue"]["doubleValue"]) for point in metric["metricPoints"]],
        )
        for metric in reply["metrics"]
    ]


MINUTES = {"endTs": NOW_MS, "lookback": 180_000, "step": 60_000, "ratePer": 60_000}


def test_calls_errors_and_latencies_in_jaegers_shape(world: World) -> None:
    traffic(world)
    calls = world.get("/api/metrics/calls", service="shop", **MINUTES)
    assert (calls["name"], calls["type"], calls["help"]) == (
        "service_call_rate",
        "GAUGE",
        "calls/sec, grouped by service",
    )
    [(labels, points)] = values(calls)
    assert labels == {"service_name": "shop"}
    assert points == [("2026-11-21T07:57:00.000Z", 2 / 60), ("2026-11-21T07:58:00.000Z", 6 / 60)]
    [(_, points)] = values(world.get("/api/metrics/errors", service="shop", **MINUTES))
    assert [value for _, value in points] == [0, 2 / 6]
    latencies = world.get("/api/metrics/latencies", service="shop", quantile="0.5", **MINUTES)
    assert latencies["help"] == "0.5th quantile latency, grouped by service"
    assert [value for _, value in values(latencies)[0][1]] == [5.0, 35.0]


def test_by_operation_service_and_kind(world: World) -> None:
    traffic(world)
    found = values(world.get("/api/metrics/errors", service="shop", groupByOperation="true", **MINUTES))
    assert [labels for labels, _ in found] == [
        {"operation": "GET /a", "service_name": "shop"},
        {"operation": "GET /b", "service_name": "shop"},
    ]
    assert [value for _, value in found[1][1]] == [1.0]
    both = [("service", "shop"), ("service", "cart"), *MINUTES.items()]
    status, text = world.ask("GET", "/api/metrics/calls", both)
    named = [labels["service_name"] for labels, _ in values(json.loads(text))]
    assert (status, named) == (200, ["cart", "shop"])
    [(_, points)] = values(world.get("/api/metrics/calls", service="shop", spanKind="client", **MINUTES))
    assert [value for _, value in points] == [1 / 60]


def test_a_rate_looks_back_as_long_as_it_is_asked_to(world: World) -> None:
    traffic(world)
    asked = {**MINUTES, "ratePer": 120_000}
    [(_, points)] = values(world.get("/api/metrics/calls", service="shop", **asked))
    assert [value for _, value in points] == [2 / 120, 8 / 120, 6 / 120]


def test_a_service_without_calls_has_no_points(world: World) -> None:
    assert world.get("/api/metrics/calls", service="nobody")["metrics"] == []


@pytest.mark.parametrize(
    ("path", "query", "message"),
    [
        ("calls", {}, "service is missing"),
        ("latencies", {"service": "a"}, "quantile is '': write a number from 0 to 1"),
        ("latencies", {"service": "a", "quantile": "95"}, "quantile is '95'"),
        ("latencies", {"service": "a", "quantile": "nan"}, "quantile is 'nan'"),
        ("calls", {"service": "a", "step": "0"}, "step is '0'"),
        ("calls", {"service": "a", "step": "10"}, "step is 10: write 1800 or more: at most 2000 points"),
        ("calls", {"service": "a", "lookback": "1h"}, "lookback is '1h': write a whole number"),
        ("calls", {"service": "a", "spanKind": "up"}, "spanKind is 'up': write one of unspecified, client"),
        (
            "calls",
            {"service": "a", "groupByOperation": "si"},
            "groupByOperation is 'si': write true or false",
        ),
    ],
)
def test_a_bad_value_is_a_400_that_names_key_value_and_fix(
    world: World, path: str, query: dict[str, Any], message: str
) -> None:
    status, told = world.refused(f"/api/metrics/{path}", **query)
    assert status == 400
    assert message in told
