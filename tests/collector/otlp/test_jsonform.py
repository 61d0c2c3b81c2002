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
        (b"\xff\xfe", "codec can't decode"),
        (b'{"resourceSpans": 5}', "resourceSpans"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "x"}]}]}]}', "traceId is 'x', not hex"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"spanId": 7}]}]}]}', "spanId is '7', not hex"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "\\ud800"}]}]}]}', "Unpaired surrogate"),
    ],
)
def test_what_is_wrong_is_named(body: bytes, complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)):
        parse(ExportTraceServiceRequest(), body)


def test_deep_nesting_is_refused() -> None:
    deep = b'{"resourceSpans":' * 200 + b"1" + b"}" * 200
    with pytest.raises(ValueError, match="nested deeper"):
        parse(ExportTraceServiceRequest(), deep)
