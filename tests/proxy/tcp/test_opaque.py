"""Bytes that pass as they are: both ways, each end on its own, bounded, and a failure looks like one."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from proxy.contract import attributes
from proxy.sockets.options import reset
from tests.proxy.rig import DEADLINE, Sink, pairs, play, serving, until, world

MIB = 1 << 20
TCP: dict[str, Any] = {"app_protocol": "tcp"}


def test_the_end_of_one_direction_leaves_the_other_open() -> None:
    async def run() -> None:
        async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            got = await reader.read()
            writer.write(b"after the end: " + got)
            writer.write_eof()

        async with serving(late) as address, world(address, **TCP) as w:
            reader, writer = await asyncio.open_connection("127.0.0.1", w.inbound)
            writer.write(b"all")
            writer.write_eof()
            assert await reader.read() == b"after the end: all"
            [span] = await w.spans(1)
            told = pairs(span.attributes)
            assert (told["spanmesh.bytes.sent"], told["spanmesh.bytes.received"]) == (18, 3)
            assert "error.type" not in told
            await until(lambda: w.sidecar.dialer.open == 0)
            assert w.sidecar.stats()["opaque_connections"] == 1
            writer.close()

    play(run())


@pytest.mark.parametrize("upwards", [True, False])
def test_a_slow_reader_holds_the_writer_back(upwards: bool) -> None:
    async def run() -> None:
        go, given = asyncio.Event(), 0

        async def pour(writer: asyncio.StreamWriter) -> None:
            nonlocal given
            while given < 64 * MIB:
                writer.write(bytes(MIB))
                await writer.drain()
                given += MIB
            writer.write_eof()

        async def take(reader: asyncio.StreamReader) -> int:
            await go.wait()
            size = 0
            while more := await reader.read(MIB):
                size += len(more)
            return size

        sizes: list[int] = []

        async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(1)  # more than a health check does
            if upwards:
                sizes.append(await take(reader))
            else:
                await pour(writer)
                await reader.read()

        async with serving(app) as address, world(address, **TCP) as w:
            reader, writer = await asyncio.open_connection("127.0.0.1", w.inbound)
            writer.write(b"!")
            pouring = asyncio.create_task(pour(writer)) if upwards else None
            await _still(lambda: given)
            assert 0 < given < 48 * MIB  # what the kernel's and our bounded buffers hold
            go.set()
            async with asyncio.timeout(DEADLINE):
                if pouring is not None:
                    await pouring
                    await reader.read()
                else:
                    sizes.append(await take(reader))
            assert sizes == [64 * MIB]
            writer.close()

    play(run())


async def _still(read: Callable[[], int]) -> None:
    """Wait until a number has not changed for a while."""
    last, same = -1, 0
    async with asyncio.timeout(DEADLINE):
        while same < 20:
            await asyncio.sleep(0.01)
            now = read()
            same = same + 1 if now == last and now else 0
            last = now


def test_no_server_is_a_reset_and_named_on_the_span() -> None:
    async def run() -> None:
        async with world("127.0.0.1:1", **TCP) as w:
            reader, writer = await asyncio.open_connection("127.0.0.1", w.inbound)
            with pytest.raises(ConnectionResetError):
                await reader.read()
            [span] = await w.spans(1)
            assert pairs(span.attributes)["error.type"] == "connect-refused"
            assert span.status.code == 2
            writer.close()

    play(run())


@pytest.mark.parametrize(("client", "reason"), [(True, "client-disconnect"), (False, "upstream-reset")])
def test_a_reset_is_passed_on_and_says_whose_it_was(client: bool, reason: str) -> None:
    async def run() -> None:
        ends: list[asyncio.StreamWriter] = []
        seen = asyncio.Event()

        async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(1)
            ends.append(writer)
            try:
                await reader.read()
            except ConnectionResetError:
                seen.set()

        async with serving(app) as address, world(address, **TCP) as w:
            reader, writer = await asyncio.open_connection("127.0.0.1", w.inbound)
            writer.write(b"x")
            await until(lambda: bool(ends))
            reset((writer if client else ends[0]).transport)
            async with asyncio.timeout(DEADLINE):
                if client:
                    await seen.wait()
                else:
                    with pytest.raises(ConnectionResetError):
                        await reader.read()
            [span] = await w.spans(1)
            assert pairs(span.attributes)["error.type"] == reason
            await until(lambda: w.sidecar.dialer.open == 0)
            writer.close()

    play(run())


def test_a_drain_waits_for_connections_and_ends_those_that_stay() -> None:
    async def run() -> None:
        async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()

        async with serving(app) as address, world(address, drain_time=0.2, **TCP) as w:
            reader, writer = await asyncio.open_connection("127.0.0.1", w.inbound)
            await until(lambda: w.sidecar.dialer.open == 1)
            await w.sidecar.stop()
            assert await reader.read() == b""
            assert w.sidecar.dialer.open == 0
            writer.close()

    play(run())


def test_a_connection_that_stays_is_counted_while_it_stands() -> None:
    async def run() -> None:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(MIB):
                writer.write(2 * data)

        async with serving(echo) as address, world(address, **TCP) as w:
            reader, writer = await asyncio.open_connection("127.0.0.1", w.inbound)
            for _ in range(2):
                writer.write(b"hello")
                assert await reader.readexactly(10) == b"hellohello"
            await until(lambda: _moved(w.sink) == {"transmit": 20, "receive": 10})
            await until(lambda: _standing(w.sink) == 1)
            assert w.sink.counted(attributes.TCP_SERVER_CONNECT) == 0
            writer.close()
            await until(lambda: w.sink.counted(attributes.TCP_SERVER_CONNECT) == 1)
            await until(lambda: _standing(w.sink) == 0)
            assert _moved(w.sink) == {"transmit": 20, "receive": 10}

    play(run())


def _moved(sink: Sink) -> dict[str, int]:
    """Bytes by direction."""
    sums: dict[str, int] = {}
    for metric in _metrics(sink.metrics, attributes.TCP_SERVER_IO):
        for point in metric.sum.data_points:
            direction = pairs(point.attributes)[attributes.DIRECTION]
            sums[direction] = sums.get(direction, 0) + point.as_int
    return sums


def _standing(sink: Sink) -> int:
    """Connections by the last report."""
    found = _metrics(sink.metrics[-1:], attributes.TCP_SERVER_ACTIVE)
    return sum(point.as_int for metric in found for point in metric.gauge.data_points)


def _metrics(reports: list[ExportMetricsServiceRequest], name: str) -> list[Metric]:
    return [
        metric
        for report in reports
        for resource in report.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == name
    ]
