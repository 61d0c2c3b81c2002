"""Span rows to Jaeger's JSON: one golden trace, and the types recovered from texts."""

import pytest

from collector.otlp.stored_values import decode
from collector.query.jaeger.spans import shown_trace_id, tag, trace
from collector.query.search.span_row import SpanRow

TRACE = "0af7651916cd43dd8448eb211c80319c"
START = 1_795_248_000_000_000_123


def row(**changes: object) -> SpanRow:
    plain = SpanRow(
        trace_id=TRACE,
        span_id="b7ad6b7169203331",
        parent_id="",
        trace_state="",
        name="GET /",
        kind="Server",
        service="frontend",
        resource={"service.name": "frontend"},
        scope_name="",
        scope_version="",
        attributes={},
        start=START,
        duration=2_500_999,
        status="Unset",
        status_message="",
        event_times=[],
        event_names=[],
        event_attributes=[],
        link_traces=[],
        link_spans=[],
        link_attributes=[],
        link_states=[],
        scope_attributes={},
        otlp_fields="",
        event_otlp_fields=[],
        link_otlp_fields=[],
    )
    return plain._replace(**changes)  # type: ignore[arg-type]


# Three spans as Jaeger writes them: a server, its failed client with a log and a link, another service.
IN_JAEGERS_SHAPE = {
    "traceID": TRACE,
    "spans": [
        {
            "traceID": TRACE,
            "spanID": "b7ad6b7169203331",
            "operationName": "GET /",
            "references": [],
            "startTime": 1_795_248_000_000_000,
            "duration": 2500,
            "tags": [{"key": "span.kind", "type": "string", "value": "server"}],
            "logs": [],
            "processID": "p1",
            "warnings": None,
        },
        {
            "traceID": TRACE,
            "spanID": "00f067aa0ba902b7",
            "operationName": "GET",
            "references": [
                {"refType": "CHILD_OF", "traceID": TRACE, "spanID": "b7ad6b7169203331"},
                {"refType": "FOLLOWS_FROM", "traceID": "a3ce929d0e0e4736", "spanID": "1111111111111111"},
            ],
            "startTime": 1_795_248_000_000_005,
            "duration": 2500,
            "tags": [
                {"key": "http.response.status_code", "type": "int64", "value": 503},
                {"key": "server.address", "type": "string", "value": "reviews"},
                {"key": "span.kind", "type": "string", "value": "client"},
                {"key": "error", "type": "bool", "value": True},
                {"key": "otel.status_code", "type": "string", "value": "ERROR"},
                {"key": "otel.status_description", "type": "string", "value": "reset"},
                {"key": "otel.scope.name", "type": "string", "value": "spanmesh.sidecar"},
                {"key": "otel.scope.version", "type": "string", "value": "0.1.0"},
                {"key": "w3c.tracestate", "type": "string", "value": "ot=th:8"},
            ],
            "logs": [
                {
                    "timestamp": 1_795_248_000_000_006,
                    "fields": [
                        {"key": "event", "type": "string", "value": "retry"},
                        {"key": "attempt", "type": "int64", "value": 2},
                    ],
                }
            ],
            "processID": "p1",
            "warnings": None,
        },
        {
            "traceID": TRACE,
            "spanID": "53995c3f42cd8ad8",
            "operationName": "GET /",
            "references": [{"refType": "CHILD_OF", "traceID": TRACE, "spanID": "00f067aa0ba902b7"}],
            "startTime": 1_795_248_000_000_009,
            "duration": 2500,
            "tags": [
                {"key": "cached", "type": "bool", "value": True},
                {"key": "span.kind", "type": "string", "value": "server"},
            ],
            "logs": [],
            "processID": "p2",
            "warnings": None,
        },
    ],
    "processes": {
        "p1": {"serviceName": "frontend", "tags": []},
        "p2": {
            "serviceName": "reviews",
            "tags": [{"key": "service.instance.id", "type": "string", "value": "r-1"}],
        },
    },
    "warnings": None,
}


def test_a_trace_in_jaegers_shape() -> None:
    child = row(
        span_id="00f067aa0ba902b7",
        parent_id="b7ad6b7169203331",
        name="GET",
        kind="Client",
        start=START + 5_000,
        status="Error",
        status_message="reset",
        scope_name="spanmesh.sidecar",
        scope_version="0.1.0",
        attributes={"http.response.status_code": "503", "server.address": "reviews"},
        trace_state="ot=th:8",
        event_times=[START + 6_000],
        event_names=["retry"],
        event_attributes=[{"attempt": "2"}],
        event_otlp_fields=[""],
        link_traces=["0000000000000000a3ce929d0e0e4736"],
        link_spans=["1111111111111111"],
        link_attributes=[{}],
        link_states=[""],
        link_otlp_fields=[""],
    )
    other = row(
        span_id="53995c3f42cd8ad8",
        parent_id="00f067aa0ba902b7",
        service="reviews",
        start=START + 9_000,
        resource={"service.name": "reviews", "service.instance.id": "r-1"},
        attributes={"cached": "true"},
    )
    assert trace([row(), child, other]) == IN_JAEGERS_SHAPE


def test_one_process_per_instance() -> None:
    found = trace([row(span_id=str(n), resource={"service.instance.id": f"i{n % 2}"}) for n in range(4)])
    assert [span["processID"] for span in found["spans"]] == ["p1", "p2", "p1", "p2"]
    assert list(found["processes"]) == ["p1", "p2"]


def test_a_skewed_clock_and_a_missing_parent_are_told_and_nothing_is_moved() -> None:
    early = row(span_id="2", parent_id="b7ad6b7169203331", start=START - 3_200_000)
    lost = row(span_id="3", parent_id="ffffffffffffffff")
    spans = {span["spanID"]: span for span in trace([row(), early, lost])["spans"]}
    assert spans["2"]["startTime"] == (START - 3_200_000) // 1000
    assert spans["2"]["warnings"] == [
        "starts 3.200 ms before its parent: their clocks differ, +3.200 ms would fit; times are shown as sent"
    ]
    assert spans["3"]["warnings"] == ["the parent span ffffffffffffffff is not stored"]
    assert spans["b7ad6b7169203331"]["warnings"] is None
    assert [span["warnings"] for span in trace([row(), early, lost], raw=True)["spans"]] == [None] * 3


def test_a_link_may_say_that_it_is_a_parent() -> None:
    second = {"opentracing.ref_type": "child_of"}
    linked = row(
        link_traces=[TRACE, TRACE],
        link_spans=["1" * 16, "2" * 16],
        link_attributes=[{}, second],
        link_states=["", ""],
        link_otlp_fields=["", ""],
    )
    [span] = trace([linked])["spans"]
    assert [each["refType"] for each in span["references"]] == ["FOLLOWS_FROM", "CHILD_OF"]


def test_an_error_attribute_is_not_said_twice() -> None:
    [span] = trace([row(status="Error", attributes={"error": "true"})])["spans"]
    assert [each["value"] for each in span["tags"] if each["key"] == "error"] == [True]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("GET", "string", "GET"),
        ("true", "bool", True),
        ("-7", "int64", -7),
        ("007", "string", "007"),
        ("9007199254740991", "int64", 9007199254740991),
        ("9007199254740993", "int64", "9007199254740993"),
        ("9223372036854775808", "string", "9223372036854775808"),
        ("1.5", "float64", 1.5),
        ("1.10", "string", "1.10"),
    ],
)
def test_types_of_tags(text: str, kind: str, value: object) -> None:
    assert tag("k", decode(text, None)) == {"key": "k", "type": kind, "value": value}


def test_short_trace_ids_are_shown_short() -> None:
    assert shown_trace_id("0000000000000000a3ce929d0e0e4736") == "a3ce929d0e0e4736"
    assert shown_trace_id(TRACE) == TRACE
