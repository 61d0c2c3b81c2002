"""Many requests in one insert, each answered when its rows are in."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from collector.batch import Batcher
from collector.clickhouse.database import StoreUnavailableError
from collector.stats import Stats
from tests.collector.made import Table

HOUR = 3600.0


def with_batcher(
    test: Callable[[Batcher, Table, Stats], Awaitable[None]], seconds: float = 0.01, rows: int = 1000
) -> None:
    async def run() -> None:
        table, stats = Table(), Stats()
        batcher = Batcher(table.insert, seconds, rows, stats)
        task = asyncio.create_task(batcher.run())
        await test(batcher, table, stats)
        batcher.close()
        await task

    asyncio.run(run())


def test_requests_of_one_moment_share_an_insert() -> None:
    async def test(batcher: Batcher, table: Table, stats: Stats) -> None:
        await asyncio.gather(*(batcher.add({"t": {"a": [i]}}) for i in range(5)))
        assert table.inserts == [("t", 5)]
        assert stats.value("spanmesh_stored_rows_total", table="t") == 5

    with_batcher(test)


def test_enough_rows_do_not_wait_for_the_time() -> None:
    async def test(batcher: Batcher, table: Table, stats: Stats) -> None:
        await asyncio.gather(batcher.add({"t": {"a": [1, 2]}}), batcher.add({"t": {"a": [3]}}))
        assert table.inserts == [("t", 2)]

    with_batcher(test, seconds=HOUR, rows=3)


def test_a_request_of_several_tables_waits_for_all() -> None:
    async def test(batcher: Batcher, table: Table, stats: Stats) -> None:
        await batcher.add({"t": {"a": [1]}, "u": {"b": [2]}, "empty": {"c": []}})
        assert table.inserts == [("t", 1), ("u", 1)]

    with_batcher(test)


def test_nothing_to_insert_is_answered_at_once() -> None:
    async def test(batcher: Batcher, table: Table, stats: Stats) -> None:
        await batcher.add({"t": {"a": []}})
        await batcher.add({})
        assert table.inserts == []

    with_batcher(test, seconds=HOUR)


def test_a_failed_insert_is_told_and_the_next_is_tried() -> None:
    async def test(batcher: Batcher, table: Table, stats: Stats) -> None:
        table.error = StoreUnavailableError("gone")
        with pytest.raises(StoreUnavailableError, match="gone"):
            await batcher.add({"t": {"a": [1, 2]}})
        assert stats.value("spanmesh_failed_rows_total") == 2
        table.error = None
        await batcher.add({"t": {"a": [3]}})
        assert table.rows == {"t": [{"a": [3]}]}

    with_batcher(test)


def test_rows_whose_sender_has_gone_are_stored_all_the_same() -> None:
    async def test(batcher: Batcher, table: Table, stats: Stats) -> None:
        gone = asyncio.create_task(batcher.add({"t": {"a": [1]}}))
        await asyncio.sleep(0)
        gone.cancel()
        await batcher.add({"t": {"a": [2]}})
        assert table.rows == {"t": [{"a": [1]}, {"a": [2]}]}

    with_batcher(test)


def test_closing_inserts_what_waits_and_takes_no_more() -> None:
    async def run() -> None:
        table = Table()
        batcher = Batcher(table.insert, HOUR, 1000, Stats())
        task = asyncio.create_task(batcher.run())
        waiting = asyncio.create_task(batcher.add({"t": {"a": [1]}}))
        await asyncio.sleep(0)
        batcher.close()
        await waiting
        await task
        assert table.rows == {"t": [{"a": [1]}]}
        with pytest.raises(StoreUnavailableError, match="stopping"):
            await batcher.add({"t": {"a": [2]}})

    asyncio.run(run())
