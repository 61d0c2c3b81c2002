"""Rows of many requests in one insert; a request is answered once its rows are committed.

While an insert runs the next batch fills, so batches grow by themselves when the store is slow.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from collector.clickhouse.database import Columns, StoreError, StoreUnavailableError
from collector.stats import Stats

Insert = Callable[[str, Sequence[Columns]], Awaitable[list[StoreError | None]]]


@dataclass(slots=True)
class _Part:
    columns: Columns
    rows: int
    done: asyncio.Future[None]


class Batcher:
    """Collects for ``seconds`` or until ``rows`` are together, then inserts table by table."""

    def __init__(self, insert: Insert, seconds: float, rows: int, stats: Stats) -> None:
        self._insert = insert
        self._seconds = seconds
        self._rows = rows
        self._stats = stats
        self._waiting: dict[str, list[_Part]] = {}
        self._count = 0
        self._some = asyncio.Event()
        self._full = asyncio.Event()
        self._closing = False

    async def add(self, tables: Mapping[str, Columns]) -> None:
        """Wait until the rows are committed. Raises StoreError when they are not.

        After an error some tables may hold their rows; sending again may store those twice.
        """
        if self._closing:
            raise StoreUnavailableError("the collector is stopping; send it again")
        parts = [part for part in (self._queued(*item) for item in tables.items()) if part]
        if not parts:
            return
        self._some.set()
        if self._count >= self._rows:
            self._full.set()
        await asyncio.gather(*(part.done for part in parts))

    def _queued(self, table: str, columns: Columns) -> _Part | None:
        rows = len(next(iter(columns.values()), ()))
        if not rows:
            return None
        part = _Part(columns, rows, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(table, []).append(part)
        self._count += rows
        return part

    async def run(self) -> None:
        """Insert batches until ``close``; what was added before it is inserted first."""
        while True:
            await self._some.wait()
            if not self._closing:
                await self._filled()
            batch, self._waiting, self._count = self._waiting, {}, 0
            self._full.clear()
            if not self._closing:
                self._some.clear()
            elif not batch:
                return
            for table, parts in batch.items():
                await self._commit(table, parts)

    async def _filled(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._seconds):
                await self._full.wait()

    async def _commit(self, table: str, parts: list[_Part]) -> None:
        outcomes = await self._insert(table, [part.columns for part in parts])
        self._stats.count("spanmesh_inserts_total", table=table)
        for part, error in zip(parts, outcomes, strict=True):
            name = "spanmesh_failed_rows_total" if error else "spanmesh_stored_rows_total"
            self._stats.count(name, part.rows, table=table)
            if part.done.done():  # its sender has gone
                continue
            if error:
                part.done.set_exception(error)
            else:
                part.done.set_result(None)

    def close(self) -> None:
        """Take nothing more; ``run`` returns when what waits is inserted."""
        self._closing = True
        self._some.set()
        self._full.set()
