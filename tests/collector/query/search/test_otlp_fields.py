"""Whatever is sent comes back: every value with its type, and every field of OTLP."""

import json
from typing import Any

from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

from collector.clickhouse.database import Database
from collector.formats import jaeger_json
from collector.otlp import jsonform, traces
from collector.otlp.values import Limits, Refusals
from collector.query.jaeger import spans
from collector.query.jaeger.otlp_json import traces_data
from collector.query.search.otlp_fields import OtlpFields, parse
from collector.query.search.span_row import COLUMNS, SpanRow
from tests.collector.made import label, span, trace_request
from tests.support.extent import sized

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["", "123", "true", "1.5", "2.0", "NaN", "null", "[1]", '{"a":1}', "\0", "\n", 'a"b', "a\\b", "AQI="]
)
scalars = st.one_of(
    st.just(AnyValue()),
    texts.map(lambda value: AnyValue(string_value=value)),
    st.booleans().map(lambda value: AnyValue(bool_value=value)),
    st.integers(-(1 << 63), (1 << 63) - 1).map(lambda value: AnyValue(int_value=value)),
    (st.floats(allow_nan=False) | st.sampled_from([2.0, -0.0, 1e300, 1e21, 5e-324])).map(
        lambda value: AnyValue(double_value=value)
    ),
    st.just(AnyValue(double_value=float("nan"))),
    st.binary(max_size=4).map(lambda value: AnyValue(bytes_value=value)),
)


def _nested(inner: st.SearchStrategy[AnyValue]) -> st.SearchStrategy[AnyValue]:
    lists = st.lists(inner, max_size=3).map(lambda items: AnyValue(array_value=ArrayValue(values=items)))
    pairs = st.lists(st.builds(KeyValue, key=texts, value=inner), max_size=3)
    return lists | pairs.map(lambda items: AnyValue(kvlist_value=KeyValueList(values=items)))


values = st.recursive(scalars, _nested, max_leaves=5)
attributes = st.dictionaries(texts, values, max_size=4)


def stored(database: Database, request: ExportTraceServiceRequest) -> list[SpanRow]:
    """The rows of a request that went all the way into the store."""
    batch = traces.examine(request.SerializeToString(), Limits())
    assert not batch.refused.count
    database.execute("TRUNCATE TABLE otel_traces")
    database.insert_spans([batch.body])
    rows = [SpanRow._make(row) for row in database.query(f"SELECT {COLUMNS} FROM otel_traces")]
    return sorted(rows, key=lambda row: row.start)


def add(into: Any, pairs: dict[str, AnyValue]) -> None:
    for key, value in sorted(pairs.items()):
        into.add(key=key, value=value)


def same(one: Message, other: Message) -> bool:
    """Equal, NaN being equal to itself."""
    return one.SerializeToString(deterministic=True) == other.SerializeToString(deterministic=True)


def jaeger_and_back(rows: list[SpanRow]) -> ExportTraceServiceRequest:
    # A file of it is JSON, in which numbers are what a reader makes of them.
    return jaeger_json.convert(
        [json.loads(json.dumps(spans.trace(rows, raw=True), allow_nan=False))], Refusals()
    )


@settings(
    max_examples=sized(60, 15), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(attributes, attributes, attributes, attributes, attributes)
def test_any_value_comes_back_as_it_was(
    database: Database,
    of_span: dict[str, AnyValue],
    of_resource: dict[str, AnyValue],
    of_scope: dict[str, AnyValue],
    of_event: dict[str, AnyValue],
    of_link: dict[str, AnyValue],
) -> None:
    one = span(name="x")
    one.status.SetInParent()
    add(one.attributes, of_span)
    add(one.events.add(name="e", time_unix_nano=1000).attributes, of_event)
    add(one.links.add(trace_id=bytes(range(16)), span_id=bytes(range(8))).attributes, of_link)
    request = trace_request([one])
    resource = request.resource_spans[0]
    add(resource.resource.attributes, of_resource)
    resource.resource.attributes.sort(key=lambda pair: pair.key)
    add(resource.scope_spans[0].scope.attributes, of_scope)
    rows = stored(database, request)
    otlp = jsonform.parse(TracesData(), json.dumps(traces_data([rows], raw=True), allow_nan=False).encode())
    assert same(otlp.resource_spans[0], resource)
    [back] = jaeger_and_back(rows).resource_spans
    [told] = back.scope_spans[0].spans
    assert {pair.key for pair in told.attributes} == of_span.keys()
    for sent, received in ((of_span, told.attributes), (of_event, told.events[0].attributes)):
        for pair in received:
            assert same(pair.value, sent[pair.key])
    for pair in back.resource.attributes:
        assert pair.key == "service.name" or same(pair.value, of_resource[pair.key])


def test_every_field_of_otlp_comes_back(database: Database) -> None:
    one = span(kind=Span.SPAN_KIND_UNSPECIFIED, trace_state="a=b", parent_span_id=bytes(range(1, 9)))
    one.status.SetInParent()
    one.flags, one.dropped_attributes_count = 0x301, 1
    one.dropped_events_count, one.dropped_links_count = 2, 3
    one.events.add(time_unix_nano=5, dropped_attributes_count=4)
    one.links.add(
        trace_id=bytes(range(16)),
        span_id=bytes(range(8)),
        trace_state="x=y",
        flags=1,
        dropped_attributes_count=5,
    )
    request = trace_request([one])
    resource = request.resource_spans[0]
    resource.schema_url, resource.resource.dropped_attributes_count = "https://a/1", 6
    scope = resource.scope_spans[0]
    scope.schema_url, scope.scope.dropped_attributes_count, scope.scope.version = "https://b/2", 7, "3"
    rows = stored(database, request)
    otlp = jsonform.parse(TracesData(), json.dumps(traces_data([rows], raw=True)).encode())
    assert same(otlp.resource_spans[0], resource)
    [back] = jaeger_and_back(rows).resource_spans[0].scope_spans[0].spans
    assert (back.flags, back.trace_state, back.kind) == (0x301, "a=b", Span.SPAN_KIND_UNSPECIFIED)
    # Jaeger's times are microseconds.
    assert (back.events[0].name, len(back.events[0].attributes)) == ("", 0)


def test_resources_that_differ_in_types_alone_are_two(database: Database) -> None:
    request = trace_request([span()])
    request.MergeFrom(request)
    label(request.resource_spans[0].resource.attributes, {"build": "7"})
    label(request.resource_spans[1].resource.attributes, {"build": 7})
    rows = stored(database, request)
    assert len(traces_data([rows])["resourceSpans"]) == 2
    assert len(spans.trace(rows)["processes"]) == 2


def test_what_another_writer_left_is_not_known() -> None:
    for text in ("", "[]", "no JSON", '{"types":1}', '{"types":["one"]}', '{"types":[1]}'):
        assert parse(text) == OtlpFields()
    assert parse("").value("span", "k", "7") == {"intValue": "7"}
    assert parse('{"types":[]}').value("span", "k", "7") == {"stringValue": "7"}
    assert parse('{"types":["span int k"]}').value("span", "k", "x") == {"stringValue": "x"}
