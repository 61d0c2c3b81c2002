"""One request on its way, with the engine and the store both able to fail."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from collector.admit import Admission, BusyError
from collector.batch import Batcher
from collector.clickhouse.database import StoreUnavailableError
from collector.ingest import Ingest, Repeats
from collector.otlp.body import MalformedError, from_protobuf
from collector.stats import Stats
from tests.collector.made import NOW, RecordingEngine, Table, client_metrics, span, trace_request


@dataclass
class Parts:
    ingest: Ingest
    engine: RecordingEngine
    table: Table
    stats: Stats


def with_ingest(test: Callable[[Parts], Awaitable[None]], pending: int = 1 << 20) -> None:
    async def run() -> None:
        engine, table, stats = RecordingEngine(), Table(), Stats()
        batcher = Batcher(table.insert, 0.01, 100_000, stats)
        task = asyncio.create_task(batcher.run())
        ingest = Ingest(engine, batcher, Admission(pending), stats, lambda: NOW / 1e9, retention_days=3)
        try:
            await test(Parts(ingest, engine, table, stats))
        finally:
            batcher.close()
            await task
            ingest.close()

    asyncio.run(run())


def spans(count: int = 2) -> bytes:
    return trace_request([span() for _ in range(count)]).SerializeToString()


def test_spans_reach_the_engine_and_the_store() -> None:
    async def test(parts: Parts) -> None:
        refused = await parts.ingest.traces(spans(), from_protobuf)
        assert refused.count == 0
        assert len(parts.engine.facts) == 2
        assert len(parts.table.rows["otel_traces"][0]["TraceId"]) == 2

    with_ingest(test)


def test_a_large_request_takes_the_same_way() -> None:
    async def test(parts: Parts) -> None:
        body = spans(2000)
        assert len(body) > 64 * 1024
        await parts.ingest.traces(body, from_protobuf)
        assert len(parts.engine.facts) == 2000

    with_ingest(test)


def test_measurements_reach_the_engine_and_the_store() -> None:
    async def test(parts: Parts) -> None:
        body = client_metrics([0.1, 0.2], open_requests=2, oldest=0.5).SerializeToString()
        await parts.ingest.metrics(body, from_protobuf)
        assert [sample.histogram.count for sample in parts.engine.call_samples] == [2]
        assert [sample.open for sample in parts.engine.open_samples] == [2]
        assert set(parts.table.rows) == {"otel_metrics_exponential_histogram", "otel_metrics_gauge"}

    with_ingest(test)


def test_the_engine_hears_of_it_while_the_store_is_gone_and_only_once() -> None:
    async def test(parts: Parts) -> None:
        body = client_metrics([0.1]).SerializeToString()
        parts.table.error = StoreUnavailableError("gone")
        for _ in range(3):
            with pytest.raises(StoreUnavailableError):
                await parts.ingest.metrics(body, from_protobuf)
        assert len(parts.engine.call_samples) == 1
        parts.table.error = None
        await parts.ingest.metrics(body, from_protobuf)
        assert len(parts.engine.call_samples) == 1
        assert parts.stats.value("spanmesh_repeated_requests_total") == 3
        await parts.ingest.metrics(body, from_protobuf)
        assert len(parts.engine.call_samples) == 2

    with_ingest(test)


def test_the_engine_hears_of_it_when_too_much_waits() -> None:
    async def test(parts: Parts) -> None:
        first, second = spans(), spans()
        results = await asyncio.gather(
            parts.ingest.traces(first, from_protobuf), parts.ingest.traces(second, from_protobuf),
            return_exceptions=True,
        )
        assert isinstance(results[1], BusyError)
        assert len(parts.engine.facts) == 4
        await parts.ingest.traces(second, from_protobuf)
        assert len(parts.engine.facts) == 4

    with_ingest(test, pending=1)


def test_a_defect_of_the_engine_costs_no_span() -> None:
    async def test(parts: Parts) -> None:
        parts.engine.broken = True
        await parts.ingest.traces(spans(), from_protobuf)
        assert parts.stats.value("spanmesh_stored_rows_total") == 2

    with_ingest(test)


def test_what_cannot_be_read_reaches_neither() -> None:
    async def test(parts: Parts) -> None:
        with pytest.raises(MalformedError):
            await parts.ingest.traces(b"broken", from_protobuf)
        assert parts.engine.facts == []
        assert parts.table.rows == {}

    with_ingest(test)


def test_spans_the_store_would_not_keep_are_refused_and_counted() -> None:
    async def test(parts: Parts) -> None:
        day = 86_400 * 10**9
        old, future, good = (span(start_time_unix_nano=NOW + shift * day) for shift in (-4, 2, -2))
        body = trace_request([old, future, good]).SerializeToString()
        refused = await parts.ingest.traces(body, from_protobuf)
        assert refused.count == 2
        assert parts.stats.value("spanmesh_refused_total", reason="time_past") == 1
        assert parts.stats.value("spanmesh_refused_total", reason="time_future") == 1
        assert parts.stats.value("spanmesh_stored_rows_total") == 1

    with_ingest(test)


def test_idle_waits_for_the_requests_being_worked_on() -> None:
    async def test(parts: Parts) -> None:
        request = asyncio.create_task(parts.ingest.traces(spans(), from_protobuf))
        await asyncio.sleep(0)
        await parts.ingest.idle(10)
        assert request.done()

    with_ingest(test)


def test_repeats_are_remembered_up_to_a_limit_and_taken_once() -> None:
    repeats = Repeats(limit=2)
    for body in (b"a", b"b", b"c"):
        repeats.note(body)
    assert [repeats.take(body) for body in (b"a", b"b", b"c", b"c")] == [False, True, True, False]
