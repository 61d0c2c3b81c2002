"""Export to a real receiver: batches, an absent mesh, a full queue, a refusing mesh."""

import asyncio
import socket

import grpc

from proxy.contract import attributes
from proxy.export import Exporter
from proxy.meter import Meter
from proxy.otlp import constant, span
from tests.proxy.rig import Sink, play


def one(number: int) -> bytes:
    return span(number.to_bytes(16, "big"), b"spanspan", b"", 1, b"", 1, 2, constant("GET /", 2, False))


def exporter(port: int, meter: Meter, max_spans: int = 100_000) -> Exporter:
    return Exporter(f"127.0.0.1:{port}", {"service.name": "a"}, meter, list, max_spans)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def dropped(sink: Sink) -> int:
    return sum(
        point.as_int
        for message in sink.metrics
        for metric in message.resource_metrics[0].scope_metrics[0].metrics
        if metric.name == attributes.DROPPED_SPANS
        for point in metric.sum.data_points
    )


def test_everything_kept_while_the_mesh_was_away_arrives_once() -> None:
    async def run() -> None:
        sink, meter, port = Sink(), Meter(), free_port()
        out = exporter(port, meter)
        series = meter.series(attributes.SERVER_DURATION, {attributes.METHOD: "GET"})
        for number in range(1, 5001):
            out.keep(one(number))
        series.histogram.record(0.1)
        assert not await out.send_spans()
        assert not await out.send_metrics()
        series.histogram.record(0.2)
        assert out.queued_spans == 5000
        await sink.start(port)
        async with asyncio.timeout(10):
            while not await out.send_metrics():
                await asyncio.sleep(0.05)
        await out.flush(5.0)
        assert [int.from_bytes(s.trace_id, "big") for s in sink.spans] == list(range(1, 5001))
        assert sink.counted(attributes.SERVER_DURATION) == 2
        assert out.sent_spans == 5000
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
        assert not await out.send_spans()
        assert out.queued_spans == 1
        sink.refuse = grpc.StatusCode.INVALID_ARGUMENT
        assert await out.send_spans()
        assert (out.queued_spans, out.dropped_spans) == (0, 1)
        await out.close()
        await sink.stop()

    play(run())
