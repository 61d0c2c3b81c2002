"""Inserts in a thread of their own."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import pytest

from collector.clickhouse.database import (
    Columns,
    Database,
    StatementError,
    Store,
    StoreUnavailableError,
)
from collector.clickhouse.writer import Stored, Writer
from tests.collector.made import NOW, span, trace_request


def decisions(*kinds: object) -> Columns:
    return {"Kind": list(kinds), "Time": [NOW // 10**6] * len(kinds)}


def with_writer(store: Store, test: Callable[[Writer], Awaitable[None]]) -> None:
    async def run() -> None:
        writer = Writer(store)
        try:
            await test(writer)
        finally:
            writer.close()

    asyncio.run(run())


def test_rows_of_tables_go_in(database: Database, store: Store) -> None:
    with_writer(store, lambda writer: writer.insert({"mesh_decisions": decisions("a", "b"), "empty": {}}))
    assert database.query("SELECT Kind FROM mesh_decisions ORDER BY Kind") == [("a",), ("b",)]


def test_spans_go_in_once_for_each_token_also_into_what_views_fill(database: Database, store: Store) -> None:
    request = trace_request([span(), span()]).SerializeToString()
    stored: Stored = {}

    async def test(writer: Writer) -> None:
        for token in ("one", "one", "two"):
            await writer.insert_spans([request, request], 4, token, stored)

    with_writer(store, test)
    assert stored == {"otel_traces": 4}
    assert database.query("SELECT count() FROM otel_traces") == [(8,)]
    assert database.query("SELECT sum(Spans) FROM mesh_trace_summaries") == [(8,)]


def test_converted_rows_go_in_once_for_each_token_and_table(database: Database, store: Store) -> None:
    tables = {"mesh_decisions": decisions("a")}

    async def test(writer: Writer) -> None:
        for token in ("one", "one", "two"):
            await writer.insert_converted(lambda: tables, token, {})
        await writer.insert_converted(lambda: tables, "three", {"mesh_decisions": 0})

    with_writer(store, test)
    assert database.query("SELECT count() FROM mesh_decisions") == [(2,)]


def test_what_cannot_be_converted_is_the_requests_fault(store: Store) -> None:
    def broken() -> Mapping[str, Columns]:
        raise KeyError("x")

    async def test(writer: Writer) -> None:
        with pytest.raises(StatementError, match="could not be converted"):
            await writer.insert_converted(broken, "t", {})
        with pytest.raises(StatementError):
            await writer.insert({"mesh_decisions": decisions(5)})

    with_writer(store, test)


def test_a_store_that_is_down_is_told() -> None:
    class Down:
        def connect(self, settings: Mapping[str, int | str] | None = None) -> Database:
            raise StoreUnavailableError("gone")

        def close(self) -> None: ...

    async def test(writer: Writer) -> None:
        with pytest.raises(StoreUnavailableError, match="gone"):
            await writer.insert({"mesh_decisions": decisions("a")})

    with_writer(Down(), test)
