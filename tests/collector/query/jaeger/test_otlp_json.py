"""Span rows to OTLP JSON: a golden reply, and that OpenTelemetry's own messages read it."""

import base64
from typing import Any

from google.protobuf.json_format import ParseDict
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from collector.query.jaeger.otlp_json import traces_data
from collector.query.search.span_row import SpanRow
from tests.collector.query.world import NOW_US, ONE

START = NOW_US * 1000 + 123


def row(**changes: Any) -> SpanRow:
    plain = SpanRow(
        trace_id=ONE,
        span_id="b7ad6b7169203331",
        parent_id="",
        trace_state="",
        name="GET /",
        kind="Server",
        service="frontend",
        resource={"service.name": "frontend"},
        scope_name="shop",
        scope_version="1.0",
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
    return plain._replace(**changes)


FULL = row(
    parent_id="00f067aa0ba902b7",
    trace_state="ot=th:8",
    kind="Client",
    status="Error",
    status_message="reset",
    attributes={"http.response.status_code": "503", "ratio": "0.5", "cached": "true", "list": "[1.0]"},
    event_times=[START + 1],
    event_names=["retry"],
    event_attributes=[{"attempt": "2"}],
    link_traces=[ONE],
    link_spans=["1" * 16],
    link_attributes=[{}],
    link_states=["x=y"],
    scope_attributes={"build": "7"},
    otlp_fields='{"types":["span int http.response.status_code","span double ratio","span array list"],'
    '"scopeTypes":["scope int build"],"resourceSchemaUrl":"https://schema","flags":257,"droppedEventsCount":2}',
    event_otlp_fields=['{"types":["event int attempt"],"droppedAttributesCount":1}'],
    link_otlp_fields=['{"types":[],"flags":1}'],
)


def test_a_trace_in_otlp() -> None:
    assert traces_data([[FULL]], raw=True) == {
        "resourceSpans": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "frontend"}}]},
                "schemaUrl": "https://schema",
                "scopeSpans": [
                    {
                        "scope": {
                            "name": "shop",
                            "version": "1.0",
                            "attributes": [{"key": "build", "value": {"intValue": "7"}}],
                        },
                        "spans": [
                            {
                                "traceId": ONE,
                                "spanId": "b7ad6b7169203331",
                                "traceState": "ot=th:8",
                                "parentSpanId": "00f067aa0ba902b7",
                                "name": "GET /",
                                "kind": 3,
                                "startTimeUnixNano": str(START),
                                "endTimeUnixNano": str(START + 2_500_999),
                                "attributes": [
                                    {"key": "cached", "value": {"stringValue": "true"}},
                                    {"key": "http.response.status_code", "value": {"intValue": "503"}},
                                    {
                                        "key": "list",
                                        "value": {"arrayValue": {"values": [{"doubleValue": 1.0}]}},
                                    },
                                    {"key": "ratio", "value": {"doubleValue": 0.5}},
                                ],
                                "events": [
                                    {
                                        "timeUnixNano": str(START + 1),
                                        "name": "retry",
                                        "attributes": [{"key": "attempt", "value": {"intValue": "2"}}],
                                        "droppedAttributesCount": 1,
                                    }
                                ],
                                "links": [
                                    {
                                        "traceId": ONE,
                                        "spanId": "1" * 16,
                                        "traceState": "x=y",
                                        "attributes": [],
                                        "flags": 1,
                                    }
                                ],
                                "flags": 257,
                                "droppedEventsCount": 2,
                                "status": {"message": "reset", "code": 2},
                            }
                        ],
                    }
                ],
            }
        ]
    }


def test_spans_are_grouped_by_resource_and_scope() -> None:
    other = {"service.name": "frontend", "service.instance.id": "b"}
    found = traces_data([[row(), row(resource=other), row(scope_name="http"), row()]])["resourceSpans"]
    assert [[len(scope["spans"]) for scope in each["scopeSpans"]] for each in found] == [[2, 1], [1]]


def test_opentelemetrys_own_messages_read_it() -> None:
    data = traces_data([[FULL, row()]])
    for resource in data["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                _as_proto3(span)
    message = ParseDict(data, TracesData())
    [client], [server] = (each.scope_spans[0].spans for each in message.resource_spans)
    assert (client.kind, client.status.code, server.kind, server.status.code) == (3, 2, 2, 0)
    assert client.end_time_unix_nano - client.start_time_unix_nano == 2_500_999
    assert client.trace_id.hex() == ONE


def _as_proto3(span: dict[str, Any]) -> None:
    """Ids in base64, as plain proto3 JSON has them; OTLP's are hexadecimal."""
    for holder in (span, *span["links"]):
        for key in {"traceId", "spanId", "parentSpanId"} & holder.keys():
            holder[key] = base64.b64encode(bytes.fromhex(holder[key])).decode()
