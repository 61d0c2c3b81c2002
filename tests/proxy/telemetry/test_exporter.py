"""Export to a real receiver: batches, an absent mesh, a full queue, a refusing mesh."""

import asyncio

import grpc
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from deploy.processes import ports
from proxy.contract import attributes
from proxy.telemetry.exporter import SPAN_PERIOD, Exporter
from proxy.telemetry.meter import Meter
from proxy.telemetry.otlp import constant, span
from proxy.telemetry.trace_context import TraceContext
from tests.proxy.rig import Sink, play, until


def one(number: int) -> bytes:
    trace = TraceContext(number.to_bytes(16, "big"), b"spanspan", b"", 1, b"")
    return span(trace, 1, 2, constant("GET /", 2, False))


def exporter(port: int, meter: Meter, max_spans: int = 100_000) -> Exporter:
    return Exporter(f"127.0.0.1:{port}", {"service.name": "a"}, meter, list, max_spans)


def dropped(sink: Sink) -> int:
    return sum(
        point.as_int
        for message in sink.metrics
        for metric in message.resource_metrics[0].scope_metrics[0].metrics
        if metric.name == attributes.DROPPED_SPANS
        for point in metric.sum.data_points
    )


def test_everything_counted_while_the_mesh_was_away_arrives_once() -> None:
    async def run() -> None:
        sink, meter, port = Sink(), Meter(), ports.free(1)[0]
        out = exporter(port, meter)
        running = asyncio.create_task(out.run())
        series = meter.series(attributes.SERVER_DURATION, {attributes.METHOD: "GET"})
        for number in range(1, 5001):
            out.keep(one(number))
        series.histogram.record(0.1)
        await asyncio.sleep(3 * SPAN_PERIOD)  # turns that find nobody there
        series.histogram.record(0.2)
        assert (out.queued_spans, out.connected) == (5000, False)
        await sink.start(port)
        await until(lambda: out.sent_spans == 5000 and sink.counted(attributes.SERVER_DURATION) == 2)
        assert sorted(int.from_bytes(s.trace_id, "big") for s in sink.spans) == list(range(1, 5001))
        running.cancel()
        await out.close()
        await sink.stop()

    play(run())


def test_a_report_out_of_turn_goes_to_a_mesh_that_is_there_and_else_nothing_is_lost() -> None:
    async def run() -> None:
        sink, meter = Sink(), Meter()
        await sink.start()
        out = exporter(sink.port, meter)
        series = meter.series(attributes.SERVER_DURATION, {attributes.METHOD: "GET"})
        series.histogram.record(0.1)
        out.report_now()  # nobody is connected yet
        assert series.histogram.count == 1
        await out.flush(5.0)
        series.histogram.record(0.2)
        out.report_now()
        await until(lambda: sink.counted(attributes.SERVER_DURATION) == 2)
        await out.close()
        await sink.stop()

    play(run())


def test_a_report_the_mesh_could_not_store_is_sent_again_as_the_same_bytes() -> None:
    async def run() -> None:
        sink, meter = Sink(), Meter()
        await sink.start()
        out = exporter(sink.port, meter)
        meter.series(attributes.SERVER_DURATION, {attributes.METHOD: "GET"}).histogram.record(0.1)
        sink.refuse = grpc.StatusCode.UNAVAILABLE
        await out.flush(5.0)
        assert (out.failed_exports, sink.metrics) == (1, [])
        sink.refuse = None
        await out.flush(5.0)
        first = [p.start_time_unix_nano for _, p in sink.points]
        assert (len(first), len(sink.metrics)) == (1, 2)
        await out.close()
        await sink.stop()

    play(run())


def test_a_slow_answer_holds_up_no_later_report() -> None:
    async def run() -> None:
        sink, meter = Sink(), Meter()
        sink.answer.clear()
        await sink.start()
        out = exporter(sink.port, meter)
        running = asyncio.create_task(out.run())
        await until(lambda: len(sink.metrics) >= 3)
        sink.answer.set()
        running.cancel()
        await out.close()
        await sink.stop()

    play(run())


def test_a_full_queue_drops_and_says_how_many() -> None:
    async def run() -> None:
        sink, meter = Sink(), Meter()
        await sink.start()
        out = exporter(sink.port, meter, max_spans=10)
        for number in range(1, 31):
            out.keep(one(number))
        assert (out.queued_spans, out.dropped_spans) == (10, 20)
        await out.flush(5.0)
        assert len(sink.spans) == 10
        assert dropped(sink) == 20
        await out.close()
        await sink.stop()

    play(run())


def test_what_no_retry_can_mend_is_dropped_and_what_one_can_is_kept() -> None:
    async def run() -> None:
        sink, meter = Sink(), Meter()
        await sink.start()
        out = exporter(sink.port, meter)
        out.keep(one(1))
        sink.refuse = grpc.StatusCode.RESOURCE_EXHAUSTED
        await out.flush(5.0)
        assert out.queued_spans == 1
        sink.refuse = grpc.StatusCode.INVALID_ARGUMENT
        await out.flush(5.0)
        assert (out.queued_spans, out.dropped_spans) == (0, 1)
        await out.close()
        await sink.stop()

    play(run())


def test_what_the_mesh_rejected_of_an_export_is_counted_and_said(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        sink, meter = Sink(), Meter()
        await sink.start()
        traces, metrics = ExportTraceServiceResponse(), ExportMetricsServiceResponse()
        traces.partial_success.rejected_spans = 2
        traces.partial_success.error_message = "no trace id"
        metrics.partial_success.rejected_data_points = 1
        sink.replies = {"traces": traces.SerializeToString(), "metrics": metrics.SerializeToString()}
        out = exporter(sink.port, meter)
        for number in range(1, 6):
            out.keep(one(number))
        await out.flush(5.0)
        assert (out.sent_spans, out.rejected_spans, out.rejected_points) == (3, 2, 1)
        assert (out.queued_spans, out.dropped_spans, out.failed_exports) == (0, 0, 0)
        assert "rejected 2 spans: no trace id" in caplog.text
        sink.replies = {"traces": b"\xff", "metrics": b""}
        out.keep(one(6))
        await out.flush(5.0)
        assert (out.sent_spans, out.rejected_spans) == (4, 2)
        await out.close()
        await sink.stop()

    play(run())
