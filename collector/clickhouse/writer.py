"""Inserts from the event loop, in one thread with one session.

One, because the drain inserts segment by segment, in order. Inserts in parallel would make more and smaller
parts, and ClickHouse's work is in merging those.
"""

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
    """An asynchronous interface to inserts.

    Every insert raises StoreError; some tables may have their rows then.
    Tables that took their rows are added to ``stored``, and those that are in it are skipped. A repeated
    insert under the same ``token`` adds only what is missing.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._session: Database | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")

    async def insert(self, tables: Mapping[str, Columns]) -> None:
        """Insert rows of several tables, without a token."""
        await self._in_thread(lambda session: _tables(session, tables, "", {}))

    async def insert_spans(self, requests: Sequence[bytes], count: int, token: str, stored: Stored) -> None:
        """Insert the ``count`` spans of OTLP trace requests (see ``Database.insert_spans``)."""

        def work(session: Database) -> None:
            session.insert_spans(requests, token)
            stored[spans.TABLE] = count

        await self._in_thread(work)

    async def insert_converted(
        self, convert: Callable[[], Mapping[str, Columns]], token: str, stored: Stored
    ) -> None:
        """Insert the tables that ``convert`` returns in the thread; an error of it is a StatementError."""

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
            # A defect of ours counts as transient: the rows stay in the spool until it is mended.
            _log.exception("an insert failed")
            raise StoreUnavailableError(f"the insert failed: {error}") from None

    def close(self) -> None:
        """Wait for the running insert and end the session."""
        self._thread.shutdown()
        if self._session is not None:
            self._session.close()


def _tables(session: Database, tables: Mapping[str, Columns], token: str, stored: Stored) -> None:
    for table, columns in tables.items():
        rows = len(next(iter(columns.values()), ()))
        if rows and table not in stored:
            session.insert(table, columns, token)
            stored[table] = rows
