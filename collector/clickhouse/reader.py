"""Queries from the event loop, in a small pool of threads with one session each."""

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from collector.clickhouse.database import Database, Params, Row, Store

# The embedded engine uses threads of its own for each query; more at a time would take the processors from
# ingest.
_THREADS: Final = 3
# A query that takes longer fails: with few threads it would block the others. readonly 2 forbids writes and
# allows settings in a query.
_SETTINGS: Final[Mapping[str, int | str]] = {"max_execution_time": 30, "readonly": 2}


class Reader:
    """An asynchronous interface to SELECTs on the store.

    Values come as Python's own: str, int, float, list (Array), dict (Map), None. DateTime and
    DateTime64 come as naive UTC datetimes cut to microseconds: for exact times select
    ``toUnixTimestamp64Nano(column)``.
    """

    def __init__(self, store: Store, threads: int = _THREADS) -> None:
        self._store = store
        # A session is for one thread at a time, so each thread of the pool opens its own at its first query.
        self._local = threading.local()
        self._sessions: list[Database] = []
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="reader")

    async def query(self, sql: str, params: Params | None = None) -> list[Row]:
        """Return the rows of a SELECT; ``params`` fill ``{name:Type}``. Raises StoreError."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._query, sql, params)

    def _query(self, sql: str, params: Params | None) -> list[Row]:
        session: Database | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = self._store.connect(_SETTINGS)
            self._sessions.append(session)
        return session.query(sql, params)

    def close(self) -> None:
        """Wait for running queries and end the sessions."""
        # Sessions after threads: a session must not be closed under a running query.
        self._threads.shutdown()
        for session in self._sessions:
            session.close()
