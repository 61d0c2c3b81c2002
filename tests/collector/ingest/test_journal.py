"""Durable before it is acknowledged, many in one write."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from collector.ingest.journal import Entry, Journal, Signal
from collector.ingest.recent_requests import RecentRequests, digest
from collector.ingest.spool import Spool, SpoolError, SpoolFullError

HOUR = 3600.0


class CountingSpool(Spool):
    """Counts writes and syncs."""

    writes = syncs = 0

    broken = False

    def append(self, records: Sequence[tuple[int, bytes]], sync: bool = False) -> None:
        self.writes += 1
        super().append(records, sync)

    def sync(self) -> None:
        self.syncs += 1
        if self.broken:
            raise SpoolError("the disk failed")
        super().sync()


def entry(body: bytes, signal: Signal = Signal.TRACES) -> Entry:
    return Entry(signal, digest(body), 1, body)


def with_journal(
    test: Callable[[Journal, CountingSpool], Awaitable[None]],
    seconds: float = HOUR,
    sync: bool = False,
    limit: int = 1 << 30,
) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as name:
            spool = CountingSpool(Path(name), limit)
            journal = Journal(spool, RecentRequests(Path(name) / "seen"), seconds, sync)
            task = asyncio.create_task(journal.run())
            await test(journal, spool)
            journal.close()
            await task
            journal.release()

    asyncio.run(run())


def kept(journal: Journal, spool: Spool) -> list[bytes]:
    return [found.body for name in spool.sealed() for found in journal.entries(name)]


def test_what_is_kept_can_be_read_and_is_known() -> None:
    async def test(journal: Journal, spool: CountingSpool) -> None:
        await journal.persist(entry(b"a"))
        await journal.persist(entry(b"b", Signal.METRICS))
        assert digest(b"a") in journal
        assert digest(b"c") not in journal
        spool.seal()
        (name,) = await journal.segments()
        assert journal.entries(name) == [entry(b"a"), entry(b"b", Signal.METRICS)]
        assert spool.syncs == 0

    with_journal(test)


def test_requests_of_one_moment_share_a_write_and_a_sync() -> None:
    async def test(journal: Journal, spool: CountingSpool) -> None:
        await asyncio.gather(*(journal.persist(entry(bytes([number]))) for number in range(50)))
        assert spool.writes == spool.syncs == 1

    with_journal(test, sync=True)


def test_a_segment_is_closed_after_its_time() -> None:
    async def test(journal: Journal, spool: CountingSpool) -> None:
        await journal.persist(entry(b"a"))
        await asyncio.wait_for(journal.segment_ready.wait(), 30)
        assert kept(journal, spool) == [b"a"]

    with_journal(test, seconds=0.01)


def test_while_a_segment_waits_for_the_store_the_next_gathers_more() -> None:
    async def test(journal: Journal, spool: CountingSpool) -> None:
        await journal.persist(entry(b"first"))
        await journal.segment_ready.wait()
        (first,) = await journal.segments()
        await journal.persist(entry(b"second"))
        await asyncio.sleep(0.05)
        await journal.persist(entry(b"third"))
        assert await journal.segments() == [first]
        journal.segment_ready.clear()
        await journal.remove(first, [])
        await journal.segment_ready.wait()
        assert kept(journal, spool) == [b"second", b"third"]

    with_journal(test, seconds=0.01)


def test_of_a_group_what_fits_is_kept() -> None:
    async def test(journal: Journal, spool: CountingSpool) -> None:
        outcomes = await asyncio.gather(
            *(journal.persist(entry(body)) for body in (b"x" * 2000, b"small")), return_exceptions=True
        )
        assert isinstance(outcomes[0], SpoolFullError)
        assert outcomes[1] is None
        assert digest(b"x" * 2000) not in journal
        spool.seal()
        assert kept(journal, spool) == [b"small"]

    with_journal(test, limit=1000)


def test_closing_keeps_what_waits_and_takes_no_more() -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as name:
            spool = Spool(Path(name), 1 << 20)
            journal = Journal(spool, RecentRequests(Path(name) / "seen"), HOUR, sync=False)
            waiting = asyncio.create_task(journal.persist(entry(b"a")))
            await asyncio.sleep(0)
            task = asyncio.create_task(journal.run())
            journal.close()
            await waiting
            await task
            with pytest.raises(SpoolError, match="stopping"):
                await journal.persist(entry(b"b"))
            assert kept(journal, spool) == [b"a"]
            journal.release()

    asyncio.run(run())


def test_after_a_restart_requests_are_known_drained_or_not() -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as name:
            for body in (b"drained", b"waiting", b""):
                spool = Spool(Path(name), 1 << 20)
                journal = Journal(spool, RecentRequests(Path(name) / "seen"), HOUR, sync=False)
                if body == b"waiting":
                    (segment,) = await journal.segments()
                    await journal.remove(segment, [digest(b"drained")])
                if not body:
                    assert digest(b"drained") in journal
                    assert digest(b"waiting") in journal
                    assert kept(journal, spool) == [b"waiting"]
                else:
                    task = asyncio.create_task(journal.run())
                    await journal.persist(entry(body))
                    journal.close()
                    await task
                journal.release()

    asyncio.run(run())


def test_what_the_disk_did_not_confirm_is_not_kept_beside_its_retry() -> None:
    async def test(journal: Journal, spool: CountingSpool) -> None:
        await journal.persist(entry(b"before"))
        spool.broken = True
        for body in (b"x" * 100, b"y"):
            with pytest.raises(SpoolError, match="the disk failed"):
                await journal.persist(entry(body))
        assert digest(b"y") not in journal
        spool.broken = False
        await journal.persist(entry(b"y"))
        spool.seal()
        assert kept(journal, spool) == [b"before", b"y"]
        assert spool.damaged == 0

    with_journal(test, sync=True)
