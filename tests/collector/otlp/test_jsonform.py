"""OTLP/JSON to protobuf."""

import json
import re
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.otlp.jsonform import parse
from collector.otlp.values import Refusals
from tests.collector.made import trace_request

ids = st.binary(min_size=16, max_size=16)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
scalars = (
    st.builds(AnyValue, string_value=words)
    | st.builds(AnyValue, bool_value=st.booleans())
    | st.builds(AnyValue, int_value=st.integers(-(1 << 63), (1 << 63) - 1))
    | st.builds(AnyValue, double_value=st.floats(allow_nan=False))
    | st.builds(AnyValue, bytes_value=st.binary(max_size=6))
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.builds(lambda items: AnyValue(array_value=ArrayValue(values=items)), st.lists(inner, max_size=3))
        | st.builds(
            lambda items: AnyValue(kvlist_value=KeyValueList(values=items)),
            st.lists(st.builds(KeyValue, key=words, value=inner), max_size=3),
        )
    ),
    max_leaves=6,
)
spans = st.builds(
    Span,
    trace_id=ids,
    span_id=st.binary(min_size=8, max_size=8),
    parent_span_id=st.binary(max_size=8),
    name=words,
    kind=st.integers(0, 5),
    start_time_unix_nano=st.integers(0, (1 << 64) - 1),
    attributes=st.lists(st.builds(KeyValue, key=words, value=values), max_size=3),
    events=st.lists(st.builds(Span.Event, name=words, time_unix_nano=st.integers(0, 1 << 63)), max_size=2),
    links=st.lists(st.builds(Span.Link, trace_id=ids), max_size=2),
)


def otlp_json(request: ExportTraceServiceRequest) -> dict[str, Any]:
    """The JSON a sender makes: proto3's mapping, but with ids in hexadecimal and enums as numbers."""
    document: dict[str, Any] = MessageToDict(request, use_integers_for_enums=True)
    for resource, made in zip(document.get("resourceSpans", []), request.resource_spans, strict=True):
        for scope, inside in zip(resource.get("scopeSpans", []), made.scope_spans, strict=True):
            for item, one in zip(scope.get("spans", []), inside.spans, strict=True):
                for key, value in (
                    ("traceId", one.trace_id),
                    ("spanId", one.span_id),
                    ("parentSpanId", one.parent_span_id),
                ):
                    if value:
                        item[key] = value.hex()
                for link, real in zip(item.get("links", []), one.links, strict=True):
                    link["traceId"] = real.trace_id.hex().upper()
    return document


@given(st.lists(spans, max_size=3))
def test_json_and_protobuf_say_the_same(given_spans: list[Span]) -> None:
    request = trace_request(given_spans)
    assert parse(ExportTraceServiceRequest(), json.dumps(otlp_json(request)).encode()) == request


def test_unknown_fields_are_ignored() -> None:
    document = {
        "resourceSpans": [
            {"scopeSpans": [{"spans": [{"name": "a", "colour": {"traceId": "00"}}], "x": 1}], "y": []}
        ]
    }
    request = parse(ExportTraceServiceRequest(), json.dumps(document).encode())
    assert request.resource_spans[0].scope_spans[0].spans[0].name == "a"


def test_times_may_be_numbers_or_strings() -> None:
    for value in ("1700000000000000001", 1700000000000000001):
        body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{"startTimeUnixNano": value}]}]}]})
        request = parse(ExportTraceServiceRequest(), body.encode())
        assert request.resource_spans[0].scope_spans[0].spans[0].start_time_unix_nano == 1700000000000000001


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "Expecting value"),
        (b"[]", "expected an object, got list"),
        (b"\xff\xfe", "Expecting value"),
        (b'{"resourceSpans": 5}', "resourceSpans"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "x"}]}]}]}', "traceId is 'x', not hex"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"spanId": 7}]}]}]}', "spanId is '7', not hex"),
    ],
)
def test_what_is_wrong_is_named(body: bytes, complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)):
        parse(ExportTraceServiceRequest(), body)


def test_deep_nesting_is_refused() -> None:
    deep = b'{"resourceSpans":' * 200 + b"1" + b"}" * 200
    with pytest.raises(ValueError, match="nested deeper"):
        parse(ExportTraceServiceRequest(), deep)


def body_of(*spans: object) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}).encode()


def names_of(body: bytes, refused: Refusals) -> list[str]:
    request = parse(ExportTraceServiceRequest(), body, refused)
    return [one.name for each in request.resource_spans for scope in each.scope_spans for one in scope.spans]


@pytest.mark.parametrize(
    "bad",
    [
        {"traceId": "zz"},
        {"parentSpanId": "abc"},
        {"spanId": 7},
        {"startTimeUnixNano": "-1"},
        {"startTimeUnixNano": 1 << 64},
        {"startTimeUnixNano": 1.5},
        {"attributes": [{"key": "k", "value": {"intValue": 1.5}}]},
        {"attributes": [{"key": "k", "value": {"intValue": str(1 << 63)}}]},
        {"attributes": [{"key": "k", "value": {"bytesValue": 5}}]},
        {"attributes": [{"key": "k", "value": {"stringValue": "a", "intValue": 1}}]},
        {"attributes": {"k": 1}},
        {"links": [{"traceId": "q"}]},
        {"name": 5},
        7,
    ],
)
def test_a_bad_span_does_not_cost_the_others(bad: object) -> None:
    refused = Refusals()
    good = {"traceId": "ab" * 16, "spanId": "cd" * 8, "name": "good"}
    assert names_of(body_of(good, bad, good), refused) == ["good", "good"]
    assert refused.reasons == {"unreadable": 1}
    assert "spans[1]" in refused.message


def test_a_bad_resource_costs_its_own_items() -> None:
    refused = Refusals()
    document = json.loads(body_of({"name": "a"}, {"name": "b"}))
    document["resourceSpans"].append({"resource": 7, **json.loads(body_of({}, {}, {}))["resourceSpans"][0]})
    assert names_of(json.dumps(document).encode(), refused) == ["a", "b"]
    assert refused.reasons == {"unreadable": 3}


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le"])
def test_encodings_and_halves_of_surrogate_pairs(codec: str) -> None:
    refused = Refusals()
    body = body_of({"name": "a\ud83d"}, {"name": "ü"}, {"name": "\U0001f600"}).decode().encode(codec)
    assert names_of(body, refused) == ["a\ufffd", "ü", "\U0001f600"]
    assert not refused.count
    assert names_of(body_of({"name": "x"}).replace(b"x", b"\xff"), refused) == ["\ufffd"]


def test_null_is_nothing_anywhere() -> None:
    refused = Refusals()
    values = {"arrayValue": {"values": [None, {"intValue": 1}]}}
    one = {"name": None, "kind": None, "events": [None], "attributes": [None, {"key": "k", "value": values}]}
    request = parse(ExportTraceServiceRequest(), body_of(one, None), refused)
    [only] = request.resource_spans[0].scope_spans[0].spans
    assert (only.name, only.kind, len(only.events), len(only.attributes)) == ("", 0, 0, 1)
    assert [item.WhichOneof("value") for item in only.attributes[0].value.array_value.values] == [
        None,
        "int_value",
    ]
