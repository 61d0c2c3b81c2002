"""OTLP over gRPC, real sockets, real store."""

import asyncio
from typing import cast

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from collector.clickhouse.database import Database, Store, StoreUnavailableError
from tests.collector.made import NOW, Drained, client_metrics, span, trace_request
from tests.collector.receive.receiving import LOGS, MAX_BYTES, METRICS, TRACES, Receivers, receiving


async def call(
    target: Receivers, method: str, body: bytes, compression: grpc.Compression | None = None
) -> bytes:
    """One call with raw bytes."""
    async with grpc.aio.insecure_channel(target.grpc) as channel:
        export = channel.unary_unary(method, request_serializer=None, response_deserializer=None)
        answer: bytes = await export(body, compression=compression, timeout=20)
        return answer


def test_an_answer_means_the_rows_are_there(database: Database, store: Store) -> None:
    async def run() -> None:
        async with receiving(store) as receivers:
            body = trace_request([span(), span()], service="shop").SerializeToString()
            assert await call(receivers, TRACES, body) == b""
            await receivers.drained()
            assert database.query("SELECT count() FROM otel_traces") == [(2,)]
            await call(receivers, TRACES, body, grpc.Compression.Gzip)  # the answer got lost
            body = trace_request([span(), span()], service="shop").SerializeToString()
            await call(receivers, TRACES, body, grpc.Compression.Gzip)
            await receivers.drained()
            assert database.query("SELECT count() FROM otel_traces") == [(4,)]
            points = client_metrics([0.1], open_requests=1).SerializeToString()
            reply = ExportMetricsServiceResponse.FromString(await call(receivers, METRICS, points))
            assert not reply.HasField("partial_success")
            await receivers.drained()
            assert database.query("SELECT sum(Count) FROM otel_metrics_exponential_histogram") == [(1,)]
            assert len(receivers.engine.call_samples) == 1

    asyncio.run(run())


def test_good_spans_are_kept_and_the_bad_ones_told(database: Database, store: Store) -> None:
    async def run() -> None:
        async with receiving(store) as receivers:
            body = trace_request([span(), span(b"1234567")]).SerializeToString()
            reply = ExportTraceServiceResponse.FromString(await call(receivers, TRACES, body))
            assert reply.partial_success.rejected_spans == 1
            assert reply.partial_success.error_message == "trace_id must be 16 bytes, got 7"
            await receivers.drained()
            assert database.query("SELECT count() FROM otel_traces") == [(1,)]
            assert receivers.stats.value("spanmesh_refused_total", reason="trace_id") == 1

    asyncio.run(run())


def test_log_records_are_stored_with_their_trace(database: Database, store: Store) -> None:
    async def run() -> None:
        async with receiving(store) as receivers:
            request = ExportLogsServiceRequest()
            records = request.resource_logs.add().scope_logs.add().log_records
            good = records.add(time_unix_nano=NOW, trace_id=b"\x0a" * 16, span_id=b"\x0b" * 8)
            good.body.string_value = "out of stock"
            records.add(time_unix_nano=1)
            body = request.SerializeToString()
            reply = ExportLogsServiceResponse.FromString(await call(receivers, LOGS, body))
            assert reply.partial_success.rejected_log_records == 1
            assert "older than the store keeps" in reply.partial_success.error_message
            await receivers.drained()
            stored = database.query("SELECT Body, TraceId, SpanId FROM otel_logs")
            assert stored == [("out of stock", "0a" * 16, "0b" * 8)]
            refused = receivers.stats.value("spanmesh_refused_total", signal="logs", reason="time_past")
            assert refused == 1

    asyncio.run(run())


async def refusal(
    target: Receivers, body: bytes, compression: grpc.Compression | None = None
) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call(target, TRACES, body, compression)
    return refused.value


def test_a_broken_body_is_the_senders_fault_and_takes_nothing_else_down() -> None:
    async def run() -> None:
        drained = Drained()
        async with receiving(insert=drained.insert) as receivers:
            error = await refusal(receivers, b"broken")
            assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert "not a protobuf ExportTraceServiceRequest" in (error.details() or "")
            assert receivers.stats.value("spanmesh_received_requests_total", outcome="malformed") == 1
            await call(receivers, TRACES, trace_request([span()]).SerializeToString())
            await receivers.drained()
            assert len(drained.entries) == 1

    asyncio.run(run())


def test_a_store_that_is_gone_is_not_the_senders_business_until_the_spool_is_full() -> None:
    async def run() -> None:
        drained = Drained()
        drained.error = StoreUnavailableError("gone")
        async with receiving(insert=drained.insert, spool_bytes=5_000) as receivers:
            acknowledged = 0
            while True:
                try:
                    await call(receivers, TRACES, trace_request([span()]).SerializeToString())
                except grpc.aio.AioRpcError as refused:
                    error = refused
                    break
                acknowledged += 1
            assert acknowledged > 10
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert "raise --spool-bytes (SPANMESH_SPOOL_BYTES)" in (error.details() or "")
            details = cast(grpc.aio.Metadata, error.trailing_metadata())["grpc-status-details-bin"]
            assert isinstance(details, bytes)
            retry = RetryInfo()
            assert Status.FromString(details).details[0].Unpack(retry)
            assert retry.retry_delay.seconds > 0
            assert len(receivers.engine.facts) == acknowledged + 1
            drained.error = None
            await receivers.drained()
            assert len(drained.entries) == acknowledged

    asyncio.run(run())


def test_too_much_waiting_is_told() -> None:
    async def run() -> None:
        drained = Drained()
        async with receiving(insert=drained.insert) as receivers:
            receivers.admission.pending = 1 << 40
            error = await refusal(receivers, trace_request([span()]).SerializeToString())
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert drained.entries == []

    asyncio.run(run())


@pytest.mark.parametrize("compression", [None, grpc.Compression.Gzip])
def test_a_body_past_the_limit_is_refused_compressed_or_not(compression: grpc.Compression | None) -> None:
    async def run() -> None:
        async with receiving(insert=Drained().insert) as receivers:
            error = await refusal(receivers, bytes(50 * MAX_BYTES), compression)
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED

    asyncio.run(run())


def test_the_stock_sdk_and_exporter(database: Database, store: Store) -> None:
    def application(endpoint: str) -> None:
        provider = TracerProvider(resource=Resource.create({"service.name": "plain-app"}))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, insecure=True)))
        tracer = provider.get_tracer("test")
        with tracer.start_as_current_span("outer", attributes={"n": 1, "l": ["a"]}) as outer:
            outer.add_event("happened", {"k": True})
            tracer.start_span("inner").end()
        assert provider.force_flush()
        provider.shutdown()

    async def run() -> None:
        async with receiving(store) as receivers:
            await asyncio.to_thread(application, f"http://{receivers.grpc}")
            await receivers.drained()

    asyncio.run(run())
    rows = database.query(
        "SELECT SpanName, ServiceName, SpanAttributes, Events.Name, ParentSpanId = '' FROM otel_traces "
        "ORDER BY SpanName"
    )
    assert rows == [
        ("inner", "plain-app", {}, [], 0),
        ("outer", "plain-app", {"n": "1", "l": '["a"]'}, ["happened"], 1),
    ]
