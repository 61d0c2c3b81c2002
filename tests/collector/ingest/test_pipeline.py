"""One request on its way, with the engine and the disk both able to fail."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from collector.ingest.admission import Admission, BusyError
from collector.ingest.journal import Journal, Signal
from collector.ingest.pipeline import Ingest
from collector.ingest.recent_requests import RecentRequests
from collector.ingest.spool import Spool, SpoolError
from collector.otlp.body import MalformedError, from_json, from_protobuf
from collector.stats import Stats
from tests.collector.made import NOW, RecordingEngine, client_metrics, span, trace_request


class FailingSpool(Spool):
    """Fails when told to."""

    broken = False

    def append(self, records: Sequence[tuple[int, bytes]], sync: bool = False) -> None:
        if self.broken:
            raise SpoolError("the disk is gone")
        super().append(records, sync)


@dataclass
class Parts:
    ingest: Ingest
    engine: RecordingEngine
    spool: FailingSpool
    journal: Journal
    stats: Stats

    def kept(self) -> list[tuple[Signal, int]]:
        """Signal and count of what was made durable."""
        self.spool.seal()
        names = self.spool.sealed()
        return [(entry.signal, entry.count) for name in names for entry in self.journal.entries(name)]


def with_ingest(test: Callable[[Parts], Awaitable[None]], pending: int = 1 << 20) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as name:
            engine, stats = RecordingEngine(), Stats()
            spool = FailingSpool(Path(name), 1 << 30)
            journal = Journal(spool, RecentRequests(Path(name) / "seen"), 3600, sync=False)
            task = asyncio.create_task(journal.run())
            ingest = Ingest(engine, journal, Admission(pending), stats, lambda: NOW / 1e9, retention_days=3)
            try:
                await test(Parts(ingest, engine, spool, journal, stats))
            finally:
                journal.close()
                await task
                journal.release()
                ingest.close()

    asyncio.run(run())


def spans(count: int = 2) -> bytes:
    return trace_request([span() for _ in range(count)]).SerializeToString()


def test_spans_reach_the_engine_and_the_disk() -> None:
    async def test(parts: Parts) -> None:
        refused = await parts.ingest.traces(spans(), from_protobuf)
        assert refused.count == 0
        assert len(parts.engine.facts) == 2
        assert parts.kept() == [(Signal.TRACES, 2)]

    with_ingest(test)


def test_a_large_request_takes_the_same_way() -> None:
    async def test(parts: Parts) -> None:
        body = spans(2000)
        assert len(body) > 64 * 1024
        await parts.ingest.traces(body, from_protobuf)
        assert len(parts.engine.facts) == 2000

    with_ingest(test)


def test_measurements_reach_the_engine_and_the_disk() -> None:
    async def test(parts: Parts) -> None:
        body = client_metrics([0.1, 0.2], open_requests=2, oldest=0.5).SerializeToString()
        await parts.ingest.metrics(body, from_protobuf)
        assert [sample.histogram.count for sample in parts.engine.call_samples] == [2]
        assert [sample.open for sample in parts.engine.open_samples] == [2]
        assert parts.kept() == [(Signal.METRICS, 3)]

    with_ingest(test)


def test_the_engine_hears_of_it_while_the_disk_is_gone_and_only_once() -> None:
    async def test(parts: Parts) -> None:
        body = client_metrics([0.1]).SerializeToString()
        parts.spool.broken = True
        for _ in range(3):
            with pytest.raises(SpoolError):
                await parts.ingest.metrics(body, from_protobuf)
        parts.spool.broken = False
        await parts.ingest.metrics(body, from_protobuf)
        assert len(parts.engine.call_samples) == 1
        assert parts.stats.value("spanmesh_repeated_requests_total") == 3
        assert parts.kept() == [(Signal.METRICS, 3)]

    with_ingest(test)


def test_a_request_sent_again_after_a_lost_answer_is_kept_and_counted_once() -> None:
    async def test(parts: Parts) -> None:
        body = trace_request([span(), span(b"bad")]).SerializeToString()
        answers = [await parts.ingest.traces(body, from_protobuf) for _ in range(3)]
        assert [refused.count for refused in answers] == [1, 1, 1]
        assert (len(parts.engine.facts), parts.kept()) == (1, [(Signal.TRACES, 1)])
        assert parts.stats.value("spanmesh_refused_total") == 1

    with_ingest(test)


def test_a_request_sent_again_before_it_was_answered_is_kept_once() -> None:
    async def test(parts: Parts) -> None:
        body = spans()
        await asyncio.gather(*(parts.ingest.traces(body, from_protobuf) for _ in range(3)))
        assert parts.kept() == [(Signal.TRACES, 2)]

    with_ingest(test)


def test_a_sender_that_went_away_has_its_spans_kept() -> None:
    async def test(parts: Parts) -> None:
        body = spans()
        gone = asyncio.create_task(parts.ingest.traces(body, from_protobuf))
        await asyncio.sleep(0)
        gone.cancel()
        await parts.ingest.traces(body, from_protobuf)
        assert (len(parts.engine.facts), parts.kept()) == (2, [(Signal.TRACES, 2)])

    with_ingest(test)


def test_json_is_kept_as_protobuf() -> None:
    async def test(parts: Parts) -> None:
        body = b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"%s","spanId":"%s",'
        body = body % (b"ab" * 16, b"cd" * 8) + b'"startTimeUnixNano":"%d"}]}]}]}' % NOW
        await parts.ingest.traces(body, from_json)
        assert parts.kept() == [(Signal.TRACES, 1)]

    with_ingest(test)


def test_the_engine_hears_of_it_when_too_much_waits() -> None:
    async def test(parts: Parts) -> None:
        first, second = spans(), spans()
        results = await asyncio.gather(
            parts.ingest.traces(first, from_protobuf),
            parts.ingest.traces(second, from_protobuf),
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
        assert parts.kept() == [(Signal.TRACES, 2)]

    with_ingest(test)


def test_what_cannot_be_read_reaches_neither() -> None:
    async def test(parts: Parts) -> None:
        with pytest.raises(MalformedError):
            await parts.ingest.traces(b"broken", from_protobuf)
        assert parts.engine.facts == []
        assert parts.kept() == []

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
        assert parts.kept() == [(Signal.TRACES, 1)]

    with_ingest(test)


def test_idle_waits_for_the_requests_being_worked_on() -> None:
    async def test(parts: Parts) -> None:
        request = asyncio.create_task(parts.ingest.traces(spans(), from_protobuf))
        await asyncio.sleep(0)
        await parts.ingest.wait_idle(10)
        assert request.done()

    with_ingest(test)
