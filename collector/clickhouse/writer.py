"""Inserts for the event loop, on one thread with one session: batches are stored one after the other."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from collector.clickhouse import spans
from collector.clickhouse.database import (
    Columns,
    Database,
    StatementError,
    Store,
    StoreError,
    StoreUnavailableError,
)

_log = logging.getLogger(__name__)

# A batch may touch a partition for each day kept, more than ClickHouse's default of 100.
_SETTINGS: Final[Mapping[str, int | str]] = {"max_partitions_per_insert_block": 0}

Stored = dict[str, int]  # rows by table


class Writer:
    """Inserts rows. Every method raises StoreError; then some tables may hold their rows already.

    Tables that took theirs are noted in ``stored``, so that a repeated insert passes over them. An
    insert with the ``token`` of an earlier one adds only what that one did not.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._session: Database | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")

    async def insert(self, tables: Mapping[str, Columns]) -> None:
        """Insert rows of several tables."""
        await self._in_thread(lambda session: _tables(session, tables, "", {}))

    async def spans(self, requests: Sequence[bytes], count: int, token: str, stored: Stored) -> None:
        """Insert the ``count`` spans of OTLP trace requests (see ``Database.insert_spans``)."""

        def work(session: Database) -> None:
            session.insert_spans(requests, token)
            stored[spans.TABLE] = count

        await self._in_thread(work)

    async def converted(
        self, convert: Callable[[], Mapping[str, Columns]], token: str, stored: Stored
    ) -> None:
        """Insert rows that ``convert`` makes on the writer's thread; its errors are StatementErrors."""

        def work(session: Database) -> None:
            try:
                tables = convert()
            except Exception as error:
                _log.exception("a request could not be converted")
                raise StatementError(f"it could not be converted: {error}") from None
            _tables(session, tables, token, stored)

        await self._in_thread(work)

    async def _in_thread(self, work: Callable[[Database], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._work, work)

    def _work(self, work: Callable[[Database], None]) -> None:
        try:
            if self._session is None:
                self._session = self._store.connect(_SETTINGS)
            work(self._session)
        except StoreError:
            raise
        except Exception as error:
            # A defect of ours must not end the thread that every insert waits for.
            _log.exception("an insert failed")
            raise StoreUnavailableError(f"the insert failed: {error}") from None

    def close(self) -> None:
        """Wait for the insert that runs and end the session."""
        self._thread.shutdown()
        if self._session is not None:
            self._session.close()


def _tables(session: Database, tables: Mapping[str, Columns], token: str, stored: Stored) -> None:
    for table, columns in tables.items():
        rows = len(next(iter(columns.values()), ()))
        if rows and table not in stored:
            session.insert(table, columns, token)
            stored[table] = rows
