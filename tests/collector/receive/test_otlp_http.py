"""OTLP over HTTP, real sockets, real store."""

import asyncio
import gzip
import json
from typing import Any

import pytest
from aiohttp import ClientSession
from google.rpc.status_pb2 import Status
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from collector.clickhouse.database import Database, Store
from tests.collector.made import NOW, Drained, span, trace_request
from tests.collector.receive.receiving import MAX_BYTES, Receivers, receiving

PROTOBUF = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json"}


async def post(
    receivers: Receivers, body: bytes, headers: dict[str, str], path: str = "/v1/traces"
) -> tuple[int, bytes, dict[str, str]]:
    async with (
        ClientSession() as session,
        session.post(receivers.http + path, data=body, headers=headers) as response,
    ):
        return response.status, await response.read(), dict(response.headers)


def json_span(**fields: object) -> bytes:
    one = {"traceId": "ab" * 16, "spanId": "cd" * 8, "name": "x", "startTimeUnixNano": str(NOW), **fields}
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [one]}]}]}).encode()


def test_an_answer_means_the_rows_are_there(database: Database, store: Store) -> None:
    async def run() -> None:
        async with receiving(store) as receivers:
            body = trace_request([span()]).SerializeToString()
            status, reply, headers = await post(receivers, body, PROTOBUF)
            assert (status, reply, headers["Content-Type"]) == (200, b"", "application/x-protobuf")
            zipped = {**PROTOBUF, "Content-Encoding": "gzip"}
            body = trace_request([span()]).SerializeToString()
            assert (await post(receivers, gzip.compress(body), zipped))[0] == 200
            assert (await post(receivers, json_span(), JSON))[:2] == (200, b"{}")
            await receivers.drained()
            counts = database.query("SELECT count(), countIf(TraceId = repeat('ab', 16)) FROM otel_traces")
            assert counts == [(3, 1)]

    asyncio.run(run())


def test_good_spans_are_kept_and_the_bad_ones_told_in_the_senders_encoding() -> None:
    async def run() -> None:
        async with receiving(insert=Drained().insert) as receivers:
            status, reply, _ = await post(receivers, json_span(spanId="abcd"), JSON)
            assert status == 200
            assert json.loads(reply)["partialSuccess"] == {
                "rejectedSpans": "1",
                "errorMessage": "span_id must be 8 bytes, got 2",
            }
            status, reply, _ = await post(receivers, json_span(traceId="zz"), JSON)
            assert (status, json.loads(reply)["partialSuccess"]["rejectedSpans"]) == (200, "1")
            assert "resourceSpans[0].scopeSpans[0].spans[0]: traceId is 'zz'" in reply.decode()
            assert receivers.stats.value("spanmesh_refused_total", reason="unreadable") == 1
            body = trace_request([span(b"x")]).SerializeToString()
            _, reply, _ = await post(receivers, body, PROTOBUF)
            assert ExportTraceServiceResponse.FromString(reply).partial_success.rejected_spans == 1

    asyncio.run(run())


GOOD = trace_request([span()]).SerializeToString()


@pytest.mark.parametrize(
    ("body", "headers", "status", "complaint"),
    [
        (b"broken", PROTOBUF, 400, "not a protobuf ExportTraceServiceRequest"),
        (b"{", JSON, 400, "not a JSON ExportTraceServiceRequest"),
        (b'{"resourceSpans": 5}', JSON, 400, "resourceSpans"),
        (b"not gzip", {**PROTOBUF, "Content-Encoding": "gzip"}, 400, "the body is not gzip"),
        (gzip.compress(GOOD)[:-9], {**PROTOBUF, "Content-Encoding": "gzip"}, 400, "cut short"),
        (GOOD, {**PROTOBUF, "Content-Encoding": "br"}, 415, "'br' is not gzip"),
        (GOOD, {"Content-Type": "text/plain"}, 415, "'text/plain' is not application/x-protobuf"),
        (bytes(MAX_BYTES + 1), PROTOBUF, 413, "larger than 1000000 bytes; send smaller batches"),
        (gzip.compress(bytes(9 * MAX_BYTES)), {**JSON, "Content-Encoding": "gzip"}, 413, "decompressed body"),
    ],
)
def test_bad_requests_are_told_what_is_wrong(
    body: bytes, headers: dict[str, str], status: int, complaint: str
) -> None:
    async def run() -> None:
        drained = Drained()
        async with receiving(insert=drained.insert) as receivers:
            got, reply, _ = await post(receivers, body, headers)
            assert got == status
            if headers["Content-Type"] == "application/x-protobuf":
                assert complaint in Status.FromString(reply).message
            else:
                assert complaint in json.loads(reply)["message"]
            assert drained.entries == []
            assert receivers.stats.value("spanmesh_received_requests_total", outcome="accepted") == 0
            assert (await post(receivers, GOOD, PROTOBUF))[0] == 200

    asyncio.run(run())


def test_a_body_of_unknown_length_is_bounded_too() -> None:
    async def run() -> None:
        async def chunks() -> Any:
            for _ in range(20):
                yield bytes(MAX_BYTES // 10)

        async with (
            receiving(insert=Drained().insert) as receivers,
            ClientSession() as session,
            session.post(f"{receivers.http}/v1/traces", data=chunks(), headers=PROTOBUF) as response,
        ):
            assert response.status == 413

    asyncio.run(run())


def test_a_full_spool_and_too_much_waiting_are_worth_a_retry() -> None:
    async def run() -> None:
        async with receiving(insert=Drained().insert, spool_bytes=10) as receivers:
            status, reply, headers = await post(receivers, json_span(), JSON)
            assert (status, int(headers["Retry-After"]) > 0) == (429, True)
            assert "its limit is 10" in json.loads(reply)["message"]
            receivers.admission.pending = 1 << 40
            status, _, headers = await post(receivers, json_span(), JSON)
            assert (status, int(headers["Retry-After"]) > 0) == (429, True)

    asyncio.run(run())


def test_the_stock_sdk_sends_metrics(database: Database, store: Store) -> None:
    def application(endpoint: str) -> None:
        reader = PeriodicExportingMetricReader(
            OTLPMetricExporter(endpoint=f"{endpoint}/v1/metrics"), export_interval_millis=3_600_000
        )
        provider = MeterProvider([reader], Resource.create({"service.name": "plain-app"}))
        meter = provider.get_meter("test")
        meter.create_counter("orders").add(3, {"kind": "book"})
        meter.create_histogram("size").record(7.0)
        meter.create_gauge("depth").set(2)
        assert provider.force_flush()
        provider.shutdown()

    async def run() -> None:
        async with receiving(store) as receivers:
            await asyncio.to_thread(application, receivers.http)
            await receivers.drained()

    asyncio.run(run())
    # Shutting down exports once more.
    assert database.query(
        "SELECT DISTINCT MetricName, Value, IsMonotonic, Attributes, ServiceName FROM otel_metrics_sum"
    ) == [("orders", 3.0, True, {"kind": "book"}, "plain-app")]
    sizes = database.query("SELECT DISTINCT MetricName, Count, Sum FROM otel_metrics_histogram")
    assert sizes == [("size", 1, 7.0)]
    assert database.query("SELECT DISTINCT MetricName, Value FROM otel_metrics_gauge") == [("depth", 2.0)]


def test_the_stock_sdk_sends_logs_with_the_span_they_belong_to(database: Database, store: Store) -> None:
    spans = []

    def application(endpoint: str) -> None:
        provider = LoggerProvider(Resource.create({"service.name": "plain-app"}))
        provider.add_log_record_processor(
            SimpleLogRecordProcessor(OTLPLogExporter(endpoint=f"{endpoint}/v1/logs"))
        )
        logger = provider.get_logger("shop")
        with TracerProvider().get_tracer("test").start_as_current_span("order") as span:
            spans.append(span.get_span_context())
            logger.emit(
                body={"item": "book"},
                severity_text="WARN",
                severity_number=SeverityNumber.WARN,
                attributes={"stock": 0},
                event_name="out-of-stock",
            )
        provider.shutdown()

    async def run() -> None:
        async with receiving(store) as receivers:
            await asyncio.to_thread(application, receivers.http)
            await receivers.drained()

    asyncio.run(run())
    assert database.query(
        "SELECT Body, SeverityText, SeverityNumber, LogAttributes, EventName, ServiceName, ScopeName,"
        " TraceId, SpanId FROM otel_logs"
    ) == [
        (
            '{"item":"book"}',
            "WARN",
            13,
            {"stock": "0"},
            "out-of-stock",
            "plain-app",
            "shop",
            f"{spans[0].trace_id:032x}",
            f"{spans[0].span_id:016x}",
        )
    ]


def test_logs_in_json(database: Database, store: Store) -> None:
    record = {"timeUnixNano": str(NOW), "body": {"stringValue": "hello"}, "traceId": "0a" * 16}
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()

    async def run() -> None:
        async with receiving(store) as receivers:
            assert (await post(receivers, body, JSON, "/v1/logs"))[:2] == (200, b"{}")
            await receivers.drained()

    asyncio.run(run())
    assert database.query("SELECT Body, TraceId FROM otel_logs") == [("hello", "0a" * 16)]
