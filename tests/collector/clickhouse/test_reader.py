"""Queries from an event loop."""

import asyncio

import pytest

from collector.clickhouse.database import Database, StatementError, Store, StoreError
from collector.clickhouse.reader import Reader


def test_queries_run_beside_each_other(database: Database, store: Store) -> None:
    async def run() -> list[int]:
        reader = Reader(store)
        try:
            answers = await asyncio.gather(
                *(reader.query("SELECT {n:UInt64} + sleep(0.02)", {"n": n}) for n in range(6))
            )
        finally:
            reader.close()
        return [rows[0][0] for rows in answers]

    assert asyncio.run(run()) == [0, 1, 2, 3, 4, 5]


def test_a_wrong_query_is_an_error_and_the_next_works(store: Store) -> None:
    async def run() -> None:
        reader = Reader(store)
        try:
            with pytest.raises(StatementError):
                await reader.query("SELECT nothing_known")
            assert await reader.query("SELECT 1 WHERE 0") == []
            assert await reader.query("SELECT 'a', [1], map('k', 'v')") == [("a", [1], {"k": "v"})]
        finally:
            reader.close()

    asyncio.run(run())


def test_a_reader_cannot_write(database: Database, store: Store) -> None:
    async def run() -> None:
        reader = Reader(store)
        try:
            with pytest.raises(StoreError, match="readonly"):
                await reader.query("DROP TABLE otel_traces")
        finally:
            reader.close()

    asyncio.run(run())
    assert database.query("SELECT count() FROM otel_traces") == [(0,)]
