"""From the spool to the store: in order, once, whatever fails on the way."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from collector.clickhouse.database import StoreUnavailableError
from collector.ingest.dead_letters import DeadLetters
from collector.ingest.drain import Drain
from collector.ingest.journal import Entry, Journal, Signal
from collector.ingest.recent_requests import RecentRequests, digest
from collector.ingest.spool import Spool
from collector.stats import Stats
from tests.collector.made import Drained


@dataclass
class Parts:
    journal: Journal
    spool: Spool
    store: Drained
    stats: Stats
    aside: Path

    async def keep(self, *bodies: bytes, signal: Signal = Signal.TRACES) -> None:
        """One segment."""
        for body in bodies:
            await self.journal.persist(Entry(signal, digest(body), 2, body))
        self.spool.seal()
        self.journal.segment_ready.set()

    async def empty(self) -> None:
        async with asyncio.timeout(30):
            while self.spool.segments:
                await asyncio.sleep(0.005)


def with_drain(
    directory: Path, test: Callable[[Parts], Awaitable[None]], store: Drained | None = None
) -> Drained:
    """Run the parts for the time of ``test``."""

    async def run() -> Drained:
        spool, stats = Spool(directory, 1 << 30), Stats()
        journal = Journal(spool, RecentRequests(directory / "seen"), 3600, sync=False)
        parts = Parts(journal, spool, store or Drained(), stats, directory / "aside")
        dead_letters = DeadLetters(parts.aside, 1 << 20)
        drain = Drain(journal, parts.store.insert, dead_letters, stats, retry_seconds=0.001)
        writing, draining = (asyncio.create_task(part.run()) for part in (journal, drain))
        try:
            await test(parts)
        finally:
            journal.close()
            await writing
            drain.close()
            await draining
            journal.release()
        return parts.store

    return asyncio.run(run())


def test_segments_are_stored_in_order_and_leave_the_spool(tmp_path: Path) -> None:
    async def test(parts: Parts) -> None:
        for number in range(5):
            await parts.keep(b"%d" % number)
        await parts.empty()
        assert parts.store.bodies == [b"0", b"1", b"2", b"3", b"4"]
        assert parts.stats.value("spanmesh_stored_rows_total") == 10
        assert parts.stats.value("spanmesh_drained_segments_total") == 5

    with_drain(tmp_path, test)


def test_each_signal_is_one_insert_with_a_token_of_its_own(tmp_path: Path) -> None:
    async def test(parts: Parts) -> None:
        for body, signal in ((b"a", Signal.METRICS), (b"b", Signal.TRACES), (b"c", Signal.METRICS)):
            await parts.journal.persist(Entry(signal, digest(body), 1, body))
        await parts.keep()
        await parts.empty()
        assert parts.store.bodies == [b"b", b"a", b"c"]
        assert [token.rpartition("-")[2] for token in parts.store.tokens] == ["traces", "metrics"]

    with_drain(tmp_path, test)


def test_while_the_store_is_gone_segments_wait_and_go_in_order_afterwards(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(parts: Parts) -> None:
        parts.store.error = StoreUnavailableError("gone")
        for number in range(5):
            await parts.keep(b"%d" % number)
        while parts.stats.value("spanmesh_failed_inserts_total") < 3:
            await asyncio.sleep(0.001)
        assert parts.spool.segments == 5
        parts.store.error = None
        await parts.empty()
        assert parts.store.bodies == [b"0", b"1", b"2", b"3", b"4"]

    with_drain(tmp_path, test)
    assert "gone" in caplog.text


def test_what_the_store_did_not_take_before_the_end_is_there_after_the_next_start(tmp_path: Path) -> None:
    async def first(parts: Parts) -> None:
        parts.store.error = StoreUnavailableError("gone")
        await parts.keep(b"a")
        await parts.keep(b"b")

    async def second(parts: Parts) -> None:
        await parts.empty()

    with_drain(tmp_path, first)
    assert with_drain(tmp_path, second).bodies == [b"a", b"b"]


def test_a_segment_made_again_has_the_same_tokens(tmp_path: Path) -> None:
    class Forgetful(Journal):
        async def remove(self, segment: str, keys: object) -> None:
            raise OSError("the disk is gone")

    async def run() -> None:
        store = Drained()
        for kind in (Forgetful, Journal):
            spool = Spool(tmp_path, 1 << 30)
            journal = kind(spool, RecentRequests(tmp_path / "seen"), 3600, sync=False)
            aside = DeadLetters(tmp_path / "aside", 1 << 20)
            drain = Drain(journal, store.insert, aside, Stats(), retry_seconds=0.001)
            writing = asyncio.create_task(journal.run())
            if kind is Forgetful:
                for body in (b"a", b"b"):
                    await journal.persist(Entry(Signal.TRACES, digest(body), 1, body))
            journal.close()
            await writing
            drain.close()
            await drain.run()
            journal.release()
        assert store.bodies == [b"a", b"b"]

    asyncio.run(run())


@pytest.mark.parametrize("count", [1, 2, 7])
def test_a_request_the_store_does_not_take_is_put_aside_and_the_others_stored(
    tmp_path: Path, count: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)

    async def test(parts: Parts) -> None:
        parts.store.poison = b"poison"
        bodies = [b"%d" % number for number in range(count)]
        bodies[count // 2] = b"a poisoned one"
        await parts.keep(*bodies)
        await parts.keep(b"after")
        await parts.empty()
        assert parts.store.bodies == [*(body for body in bodies if body != b"a poisoned one"), b"after"]
        assert [path.read_bytes() for path in parts.aside.iterdir()] == [b"a poisoned one"]
        assert parts.stats.value("spanmesh_put_aside_requests_total", signal="traces") == 1

    with_drain(tmp_path, test)
    assert "it is kept in" in caplog.text


def test_a_table_that_took_its_rows_is_passed_over_when_another_did_not(tmp_path: Path) -> None:
    class TwoTables(Drained):
        async def insert(self, entries: object, token: str, stored: dict[str, int]) -> None:
            assert isinstance(entries, list | tuple)
            if "first" not in stored:
                self.tokens.append(f"first:{token.rpartition('-')[2]}")
                stored["first"] = len(entries)
            await super().insert(entries, token, stored)

    async def test(parts: Parts) -> None:
        parts.store.poison = b"poison"
        await parts.keep(b"a", b"poison", b"c", signal=Signal.METRICS)
        await parts.empty()
        assert [token for token in parts.store.tokens if token.startswith("first")] == ["first:metrics"]
        assert parts.store.bodies == [b"a", b"c"]
        assert parts.stats.value("spanmesh_stored_rows_total", table="first") == 3

    with_drain(tmp_path, test, TwoTables())
