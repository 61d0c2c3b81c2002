"""Inserts, one thread with one session: batches go in one after the other."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

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


class Writer:
    """Puts parts from many senders in one insert, and tells each what became of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._session: Database | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")

    async def insert(self, table: str, parts: Sequence[Columns]) -> list[StoreError | None]:
        """Insert parts that name the same columns; for each part None or why it is not in."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._insert, table, parts)

    def _insert(self, table: str, parts: Sequence[Columns]) -> list[StoreError | None]:
        outcome = self._try(table, merged(parts))
        if isinstance(outcome, StatementError) and len(parts) > 1:
            # One sender's rows must not cost the others theirs.
            return [self._try(table, part) for part in parts]
        return [outcome] * len(parts)

    def _try(self, table: str, columns: Columns) -> StoreError | None:
        try:
            if self._session is None:
                self._session = self._store.connect(_SETTINGS)
            self._session.insert(table, columns)
        except StoreError as error:
            return error
        except Exception as error:
            # A defect of ours must not end the thread everyone waits for.
            _log.exception("an insert into %s failed", table)
            return StoreUnavailableError(f"the insert failed: {error}")
        return None

    def close(self) -> None:
        """Wait for the insert that runs and end the session."""
        self._thread.shutdown()
        if self._session is not None:
            self._session.close()


def merged(parts: Sequence[Columns]) -> Columns:
    """The rows of all parts in one set of columns; the parts are left as they are."""
    first, *others = parts
    if not others:
        return first
    return {name: [value for part in parts for value in part[name]] for name in first}
