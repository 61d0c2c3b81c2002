"""Inserts of many senders in one."""

import asyncio
from collections.abc import Mapping

from collector.clickhouse.database import (
    Columns,
    Database,
    StatementError,
    Store,
    StoreError,
    StoreUnavailableError,
)
from collector.clickhouse.writer import Writer, merged
from tests.collector.made import NOW


def decisions(*kinds: object) -> Columns:
    return {"Kind": list(kinds), "Time": [NOW // 10**6] * len(kinds)}


def insert(store: Store, *parts: Columns) -> list[StoreError | None]:
    async def run() -> list[StoreError | None]:
        writer = Writer(store)
        try:
            return await writer.insert("mesh_decisions", parts)
        finally:
            writer.close()

    return asyncio.run(run())


def test_parts_go_in_together(database: Database, store: Store) -> None:
    assert insert(store, decisions("a", "b"), decisions("c")) == [None, None]
    assert database.query("SELECT Kind FROM mesh_decisions ORDER BY Kind") == [("a",), ("b",), ("c",)]


def test_one_senders_bad_rows_cost_the_others_nothing(database: Database, store: Store) -> None:
    first, second, third = insert(store, decisions("a"), decisions(5), decisions("c"))
    assert first is None
    assert isinstance(second, StatementError)
    assert third is None
    assert database.query("SELECT Kind FROM mesh_decisions ORDER BY Kind") == [("a",), ("c",)]


def test_every_sender_is_told_of_a_failed_insert() -> None:
    class Down:
        def connect(self, settings: Mapping[str, int | str] | None = None) -> Database:
            raise StoreUnavailableError("gone")

        def close(self) -> None: ...

    assert [str(error) for error in insert(Down(), decisions("a"), decisions("b"))] == ["gone", "gone"]


def test_merging_leaves_the_parts_as_they_are() -> None:
    parts = [{"a": [1]}, {"a": [2, 3]}]
    assert merged(parts) == {"a": [1, 2, 3]}
    assert parts == [{"a": [1]}, {"a": [2, 3]}]
    assert merged(parts[:1]) is parts[0]
