"""OTLP spans to rows inside the engine, as the OpenTelemetry ClickHouse exporter writes them."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from collector.clickhouse.database import Database, StatementError
from collector.clickhouse.embedded import EmbeddedSession
from collector.clickhouse.spans import NAMES
from tests.collector.made import NOW, label, span, trace_request
from tests.support.extent import sized

HOUR = 3_600_000_000_000


def rows(database: Database, *requests: bytes) -> list[dict[str, Any]]:
    assert isinstance(database, EmbeddedSession)
    columns = database.span_columns(requests)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


EVERY_COLUMN = {
    "Timestamp": NOW,
    "TraceId": bytes(range(16)).hex(),
    "SpanId": b"abcdefgh".hex(),
    "ParentSpanId": b"12345678".hex(),
    "TraceState": "a=b",
    "SpanName": "GET /x",
    "SpanKind": "Client",
    "ServiceName": "shop",
    "ResourceAttributes": {"service.name": "shop"},
    "ScopeName": "lib",
    "ScopeVersion": "2",
    "SpanAttributes": {
        "http.request.method": "GET",
        "n": "3",
        "zero": "0",
        "minus": "-7",
        "d": "0.5",
        "b": "true",
        "no": "false",
        "e": "",
        "nothing": "",
    },
    "Duration": 5_000_000,
    "StatusCode": "Error",
    "StatusMessage": "boom",
    "Events.Timestamp": [NOW + 1],
    "Events.Name": ["exception"],
    "Events.Attributes": [{"exception.type": "E"}],
    "Links.TraceId": ["00" * 16],
    "Links.SpanId": ["00" * 8],
    "Links.TraceState": ["x=y"],
    "Links.Attributes": [{"a": "1"}],
    "ScopeAttributes": {"build": "7"},
    "Events.OtlpFields": ['{"types":[],"droppedAttributesCount":1}'],
    "Links.OtlpFields": ['{"types":["link int a"],"flags":257}'],
    "OtlpFields": '{"types":["span int n","span int zero","span int minus","span double d","span bool b",'
    '"span bool no","span none nothing"],"resourceTypes":[],"resourceSchemaUrl":"r","scopeTypes":'
    '["scope int build"],"scopeSchemaUrl":"s","flags":1,"droppedLinksCount":2}',
}


def test_a_span_fills_every_column(database: Database) -> None:
    one = span(bytes(range(16)), parent_span_id=b"12345678", trace_state="a=b", kind=Span.SPAN_KIND_CLIENT)
    one.span_id = b"abcdefgh"
    label(
        one.attributes,
        {
            "http.request.method": "GET",
            "n": 3,
            "zero": 0,
            "minus": -7,
            "d": 0.5,
            "b": True,
            "no": False,
            "e": "",
        },
    )
    one.attributes.add(key="nothing")
    one.status.code = Status.STATUS_CODE_ERROR
    one.status.message = "boom"
    event = one.events.add(time_unix_nano=NOW + 1, name="exception")
    label(event.attributes, {"exception.type": "E"})
    event.dropped_attributes_count = 1
    link = one.links.add(trace_id=bytes(16), span_id=bytes(8), trace_state="x=y", flags=257)
    label(link.attributes, {"a": 1})
    one.flags, one.dropped_links_count = 1, 2
    request = trace_request([one], service="shop", scope="lib")
    resource = request.resource_spans[0]
    resource.scope_spans[0].scope.version = "2"
    label(resource.scope_spans[0].scope.attributes, {"build": 7})
    resource.schema_url, resource.scope_spans[0].schema_url = "r", "s"
    assert rows(database, request.SerializeToString()) == [EVERY_COLUMN]


def test_odd_spans_are_rows_too(database: Database) -> None:
    back = span(end_time_unix_nano=NOW - 1, parent_span_id=bytes(8))
    odd = span()
    odd.MergeFromString(b"\x30\x63")  # kind = 99
    odd.status.MergeFromString(b"\x18\x63")
    late = span()
    late.events.add(time_unix_nano=(1 << 64) - 1)
    first, second, third = rows(database, trace_request([back, odd, late]).SerializeToString())
    assert (first["Duration"], first["ParentSpanId"]) == (0, "")
    assert (second["SpanKind"], second["StatusCode"]) == ("Unspecified", "Unset")
    assert third["Events.Timestamp"] == [(1 << 63) - 1]


def test_requests_one_after_the_other_are_rows_in_that_order(database: Database) -> None:
    requests = [trace_request([span(), span()], service=name).SerializeToString() for name in "abc"]
    assert [row["ServiceName"] for row in rows(database, *requests)] == list("aabbcc")
    assert rows(database, trace_request([]).SerializeToString()) == []


def test_a_request_that_cannot_be_read_is_the_statements_fault(database: Database) -> None:
    with pytest.raises(StatementError):
        database.insert_spans([b"\x0a\x05broken"])
    database.insert_spans([trace_request([span()]).SerializeToString()])
    assert database.query("SELECT count() FROM otel_traces") == [(1,)]


def test_of_attributes_of_one_key_the_last_is_stored(database: Database) -> None:
    one = span()
    for value in (1, 2.5, "x"):
        label(one.attributes, {"k": value, "other": True})
    event = one.events.add()
    label(event.attributes, {"k": "x"})
    label(event.attributes, {"k": 5})
    request = trace_request([span(), one]).SerializeToString()
    _, row = rows(database, request)
    assert row["SpanAttributes"] == {"k": "x", "other": "true"}
    assert '"types":["span bool other"]' in row["OtlpFields"]
    assert row["Events.Attributes"] == [{"k": "5"}]
    assert row["Events.OtlpFields"] == ['{"types":["event int k"]}']
    database.insert_spans([request])
    assert database.query("SELECT sum(length(SpanAttributes)) FROM otel_traces") == [(2,)]


def test_of_two_attributes_of_one_key_the_last_is_stored_wherever_they_are(database: Database) -> None:
    def twice(place: str) -> bytes:
        one = span()
        request = trace_request([one])
        resource = request.resource_spans[0]
        [part] = resource.scope_spans
        pairs = {
            "ResourceAttributes": resource.resource.attributes,
            "ScopeAttributes": part.scope.attributes,
            "SpanAttributes": part.spans[0].attributes,
            "Links.Attributes": part.spans[0].links.add().attributes,
        }[place]
        label(pairs, {"k": "x"})
        label(pairs, {"k": 5})
        return request.SerializeToString()

    for place in ("ResourceAttributes", "ScopeAttributes", "SpanAttributes"):
        [row] = rows(database, twice(place))
        assert row[place]["k"] == "5"
        assert 'int k"' in row["OtlpFields"]
    [row] = rows(database, twice("Links.Attributes"))
    assert row["Links.Attributes"] == [{"k": "5"}]
    assert row["Links.OtlpFields"] == ['{"types":["link int k"]}']


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.one_of(texts, st.integers(-(1 << 63), (1 << 63) - 1), st.booleans())


@settings(max_examples=sized(30, 10), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(texts, values, max_size=5),
    texts,
    st.integers(0, HOUR),
    st.lists(st.dictionaries(texts, values, max_size=2), max_size=3),
)
def test_whatever_the_span_its_row_says_the_same(
    database: Database,
    labels: dict[str, str | int | bool],
    name: str,
    duration: int,
    events: list[dict[str, str | int | bool]],
) -> None:
    one = span(name=name, end_time_unix_nano=NOW + duration)
    label(one.attributes, labels)
    for inside in events:
        label(one.events.add(name=name, time_unix_nano=NOW).attributes, inside)
    (row,) = rows(database, trace_request([one], service=name).SerializeToString())
    assert (row["SpanName"], row["ServiceName"], row["Duration"]) == (
        name,
        name or "unknown_service",
        duration,
    )
    assert row["SpanAttributes"] == as_text(labels)
    assert row["Events.Attributes"] == [as_text(inside) for inside in events]


def as_text(labels: dict[str, str | int | bool]) -> dict[str, str]:
    return {
        key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in labels.items()
    }


def test_the_columns_are_those_of_the_table(database: Database) -> None:
    names = {row[0] for row in database.query("DESCRIBE TABLE otel_traces")}
    assert set(NAMES) <= names
