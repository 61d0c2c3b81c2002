"""Topology views to JSON: units, nulls, and evidence of any shape."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.query.mesh import views
from proxy.contract.decisions.evidence import Unknown
from proxy.contract.decisions.kinds import StageOrigin
from proxy.contract.histogram import Histogram
from proxy.contract.model import EndpointState, Stage
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Answer
from topology.model.decisions import Decision
from topology.model.endpoints import EndpointView
from topology.model.graph import EdgeView, Encryption, GraphView, Kind, NodeView, Point, Stats
from topology.model.stages import Advice, Change, Effect, Move, SizeChange, StageView

REVIEWS = ServiceId("reviews")

TRAFFIC = Stats(10, 1, 2.5, 0.9, 0.001, 0.002, 0.25)
TRAFFIC_JSON = {"count": 10, "errors": 1, "rate": 2.5, "success": 0.9, "p50": 1.0, "p90": 2.0, "p99": 250.0}
NONE_JSON = {"count": 0, "errors": 0, "rate": 0.0, "success": None, "p50": None, "p90": None, "p99": None}


def test_a_graph() -> None:
    view = GraphView(
        (
            NodeView(
                "reviews", Kind.SERVICE, TRAFFIC, True, Stage.ROUTE, 25, 3, 1, ("v1", "v2"), ("a",), ("shop",)
            ),
        ),
        (EdgeView("frontend", "reviews", Stats(), encrypted=Encryption.PARTLY),),
        1.5,
        61.5,
    )
    assert views.graph(view, "live") == {
        "start": 1_500_000,
        "end": 61_500_000,
        "source": "live",
        "nodes": [
            {
                "name": "reviews",
                "kind": "service",
                "sidecar": True,
                "stage": "route",
                "percent": 25,
                "endpoints": 3,
                "ejected": 1,
                "versions": ["v1", "v2"],
                "zones": ["a"],
                "namespaces": ["shop"],
                **TRAFFIC_JSON,
            }
        ],
        "edges": [
            {
                "source": "frontend",
                "target": "reviews",
                "protocol": "http",
                **NONE_JSON,
                "tcp": None,
                "encrypted": "partly",
            }
        ],
    }


def test_an_endpoint() -> None:
    view = EndpointView(
        REVIEWS,
        "10.0.0.1:15006",
        EndpointState.EJECTED,
        0.5,
        TRAFFIC,
        app="10.0.0.1:9080",
        instance="r-1",
        version="v1",
        zone="eu",
        open=4,
        oldest=1.25,
        ejected_since=2.0,
        ejected_until=7.5,
        reason="it fails",
    )
    assert views.endpoint(view) == {
        "service": "reviews",
        "address": "10.0.0.1:15006",
        "app": "10.0.0.1:9080",
        "instance": "r-1",
        "version": "v1",
        "zone": "eu",
        "state": "ejected",
        "origin": "sidecar",
        "weight": 0.5,
        "open": 4,
        "oldest": 1250.0,
        "ejected_since": 2_000_000,
        "ejected_until": 7_500_000,
        "reason": "it fails",
        **TRAFFIC_JSON,
    }
    well = views.endpoint(EndpointView(ServiceId("a"), "b:1", EndpointState.HEALTHY, 1.0, Stats()))
    assert (well["ejected_since"], well["ejected_until"]) == (None, None)


def test_what_routing_changes_or_would_change() -> None:
    better, same = Change(0.90, 0.99, 0.05, 0.13), Change(0.200, 0.210, -0.02, 0.04)
    slower = Change(0.1, 0.3, 0.15, 0.25)
    move = Move("b:1", 0.5, 0.0, 0.0)
    made = Decision(1.5, REVIEWS, "on", Unknown("stage", {"by": "ann"}))
    said = views.stage(
        StageView(
            REVIEWS,
            Stage.ROUTE,
            50,
            StageOrigin.API,
            1.5,
            TRAFFIC,
            TRAFFIC,
            Effect(better, same, None),
            Advice(TRAFFIC, TRAFFIC, (move,), "an estimate"),
            guard=True,
            history=(made,),
        )
    )
    effect, advice = said["effect"], said["advice"]
    assert effect
    assert advice
    assert effect["success"] == {
        "direct": 0.90,
        "routed": 0.99,
        "difference": pytest.approx(0.09),
        "low": 0.05,
        "high": 0.13,
        "significant": True,
        "better": True,
    }
    assert effect["p50"]
    assert (effect["p50"]["routed"], effect["p50"]["better"]) == (210, None)
    assert effect["p99"] is None
    assert views.change(slower, 1000, lower_is_better=True)["better"] is False
    (shown,) = advice["endpoints"]
    assert shown == {"address": "b:1", "observed": 0.5, "expected": 0.0, "weight": 0.0}
    assert advice["basis"] == "an estimate"
    assert [each["evidence"] for each in said["history"]] == [{"by": "ann"}]


def test_a_stage_a_decision_and_a_point() -> None:
    assert views.stage(StageView(REVIEWS, Stage.OBSERVE, 0, StageOrigin.DEFAULT, 0.0, TRAFFIC, Stats())) == {
        "service": "reviews",
        "stage": "observe",
        "percent": 0,
        "origin": "default",
        "updated": 0,
        "direct": TRAFFIC_JSON,
        "routed": NONE_JSON,
        "guard": False,
        "effect": None,
        "advice": None,
        "history": [],
    }
    assert views.decision(Decision(1.5, REVIEWS, "it fails", Unknown("eject", {"failed": 7}), "b:1")) == {
        "time": 1_500_000,
        "kind": "eject",
        "service": "reviews",
        "endpoint": "b:1",
        "reason": "it fails",
        "evidence": {"failed": 7},
    }
    assert views.point(Point(3.0, Stats())) == {"time": 3_000_000, **NONE_JSON}


def test_buckets_are_those_with_calls_in_milliseconds() -> None:
    histogram = Histogram()
    for seconds in (0.0, 1.5, 1.5, 0.001):
        histogram.record(seconds)
    zero, low, high = views.buckets(histogram)
    assert zero == {"low": 0.0, "high": 0.0, "count": 1}
    assert low["low"] < 1.0 <= low["high"]
    assert high["low"] < 1500 <= high["high"]
    assert (low["count"], high["count"]) == (1, 2)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(Stage),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner),
    )
)
def test_any_evidence_is_json(value: object) -> None:
    shown = views.decision(Decision(1.0, ServiceId("a"), "b", Unknown("eject", {"value": value})))
    json.dumps(shown, allow_nan=False)


def test_nothing_is_better_where_the_routed_calls_are_answered_differently() -> None:
    faster, same = Change(0.0414, 0.0007, -0.042, -0.040), Change(1.0, 1.0, -0.01, 0.01)
    for refusals, worse in ((Change(0.33, 0.97, 0.6, 0.68), True), (Change(0.33, 0.01, -0.36, -0.28), False)):
        found = Effect(same, faster, faster, {Answer.REFUSED: refusals})
        said = views.stage(
            StageView(REVIEWS, Stage.ROUTE, 50, StageOrigin.API, 0.0, TRAFFIC, TRAFFIC, effect=found)
        )["effect"]
        assert said
        assert said["p50"]
        assert said["p99"]
        assert (said["p50"]["significant"], said["p50"]["better"], said["p99"]["better"]) == (
            True,
            None,
            None,
        )
        [answers] = said["answers"]
        assert (answers["answer"], answers["better"]) == ("refused", not worse)
    sizes = SizeChange(0.1, 0.9, 0.7, 0.9, 12, 10, larger=False)
    quick = views.stage(
        StageView(
            REVIEWS,
            Stage.ROUTE,
            50,
            StageOrigin.API,
            0.0,
            TRAFFIC,
            TRAFFIC,
            effect=Effect(same, faster, None, {}, sizes),
        )
    )["effect"]
    assert quick
    assert quick["p50"]
    assert quick["sizes"]
    assert quick["p50"]["better"] is None
    assert (quick["sizes"]["better"], quick["sizes"]["routed_bytes"]) == (False, 10)
    more = Effect(Change(0.8, 0.9, 0.05, 0.15), None, None, {Answer.REFUSED: Change(0.0, 0.1, 0.05, 0.15)})
    turned = views.stage(
        StageView(REVIEWS, Stage.ROUTE, 50, StageOrigin.API, 0.0, TRAFFIC, TRAFFIC, effect=more)
    )["effect"]
    assert turned
    assert turned["success"]["better"] is None
