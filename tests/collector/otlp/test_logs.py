from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from collector.clickhouse.database import Database
from collector.otlp.logs import convert, count, prune
from collector.otlp.values import Limits
from tests.collector.made import NOW, label

LIMITS = Limits(oldest=NOW - 1_000_000_000, newest=NOW + 1_000_000_000, attributes=3, length=20)


def record(**fields: Any) -> LogRecord:
    return LogRecord(**{"time_unix_nano": NOW, "body": AnyValue(string_value="hello"), **fields})


def request_of(*records: LogRecord) -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add(schema_url="r")
    label(resource.resource.attributes, {"service.name": "shop"})
    scope = resource.scope_logs.add(schema_url="s")
    scope.scope.name, scope.scope.version = "lib", "1"
    label(scope.scope.attributes, {"a": "b"})
    scope.log_records.extend(records)
    return request


def rows(request: ExportLogsServiceRequest) -> list[dict[str, Any]]:
    columns = convert(request).get("otel_logs", {})
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def test_a_record_with_everything_as_the_table_holds_it(database: Database) -> None:
    one = record(
        severity_number=17,
        severity_text="ERROR",
        flags=0x101,
        trace_id=b"\x01" * 16,
        span_id=b"\x02" * 8,
        event_name="order.failed",
        observed_time_unix_nano=NOW + 5,
    )
    label(one.attributes, {"code": 7})
    request = request_of(one)
    assert (prune(request, NOW, LIMITS).count, count(request)) == (0, 1)
    for table, columns in convert(request).items():
        database.insert(table, columns)
    assert database.query(
        "SELECT toUnixTimestamp64Nano(Timestamp), toUnixTimestamp(TimestampTime), TraceId, SpanId,"
        " TraceFlags, SeverityText, SeverityNumber, ServiceName, Body, ResourceSchemaUrl, ResourceAttributes,"
        " ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, LogAttributes, EventName FROM otel_logs"
    ) == [
        (
            NOW,
            NOW // 1_000_000_000,
            "01" * 16,
            "02" * 8,
            1,
            "ERROR",
            17,
            "shop",
            "hello",
            "r",
            {"service.name": "shop"},
            "s",
            "lib",
            "1",
            {"a": "b"},
            {"code": "7"},
            "order.failed",
        )
    ]


def test_the_time_is_the_events_or_when_it_was_seen_or_when_it_arrived() -> None:
    request = request_of(
        record(observed_time_unix_nano=NOW - 1),
        record(time_unix_nano=0, observed_time_unix_nano=NOW - 2),
        record(time_unix_nano=0),
    )
    assert prune(request, NOW - 3, LIMITS).count == 0
    assert [row["Timestamp"] for row in rows(request)] == [NOW, NOW - 2, NOW - 3]


def test_a_body_that_is_no_text_is_kept_as_json() -> None:
    body = AnyValue()
    body.kvlist_value.values.add(key="n").value.int_value = 3
    assert rows(request_of(record(body=body), record(body=None)))[0]["Body"] == '{"n":3}'
    assert rows(request_of(record(body=None)))[0]["Body"] == ""


def test_ids_of_a_wrong_length_belong_to_no_trace() -> None:
    short, zero = record(trace_id=b"short", span_id=b"x"), record(trace_id=bytes(16), span_id=bytes(8))
    request = request_of(short, zero)
    assert prune(request, NOW, LIMITS).count == 0
    assert [(row["TraceId"], row["SpanId"]) for row in rows(request)] == [("", ""), ("", "")]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"time_unix_nano": 5}, "time_past"),
        ({"time_unix_nano": (1 << 64) - 1}, "time_future"),
        ({"body": AnyValue(string_value="x" * 21)}, "body_length"),
    ],
)
def test_bad_records_are_counted_and_the_good_ones_kept(fields: dict[str, Any], reason: str) -> None:
    request = request_of(record(severity_text="1"), record(**fields), record(severity_text="3"))
    refused = prune(request, NOW, LIMITS)
    assert dict(refused.reasons) == {reason: 1}
    assert [row["SeverityText"] for row in rows(request)] == ["1", "3"]


def test_too_many_attributes_on_a_record_or_on_its_resource() -> None:
    crowded = record()
    label(crowded.attributes, {f"k{i}": "v" for i in range(4)})
    request = request_of(crowded, record())
    assert dict(prune(request, NOW, LIMITS).reasons) == {"attribute_count": 1}
    label(request.resource_logs[0].resource.attributes, {f"k{i}": "v" for i in range(4)})
    assert dict(prune(request, NOW, LIMITS).reasons) == {"attribute_count": 1}
    assert (count(request), convert(request)) == (0, {})


@given(
    st.lists(
        st.builds(
            LogRecord,
            time_unix_nano=st.integers(0, (1 << 64) - 1),
            severity_number=st.integers(-(1 << 31), (1 << 31) - 1),
            flags=st.integers(0, (1 << 32) - 1),
            trace_id=st.binary(max_size=20),
            span_id=st.binary(max_size=10),
        ),
        max_size=5,
    )
)
def test_whatever_arrives_is_kept_or_counted(records: list[LogRecord]) -> None:
    request = request_of(*records)
    refused = prune(request, NOW, Limits())
    kept = rows(request)
    assert len(kept) + refused.count == len(records)
    assert all(0 <= row["SeverityNumber"] <= 255 and 0 <= row["TraceFlags"] <= 255 for row in kept)
