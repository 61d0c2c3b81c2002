"""From the spool into ClickHouse, segment by segment in the order they came.

A segment always makes the same inserts with the same deduplication tokens, so that one that was
cut off can be made again and adds nothing twice. A segment leaves the spool when all of it is
stored. While ClickHouse is slow or gone it waits there.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from collector.clickhouse.database import StatementError, StoreError
from collector.clickhouse.writer import Stored
from collector.ingest.dead_letters import Aside
from collector.ingest.journal import Entry, Journal, Signal
from collector.ingest.spool import SpoolError
from collector.stats import Stats

_log = logging.getLogger(__name__)

_FIRST_RETRY: Final = 0.5  # seconds
_LAST_RETRY: Final = 10.0
_TRIES: Final = 3  # of a single request that ClickHouse does not take, before it is put aside

# Requests of one signal into ClickHouse, with a token. Tables that took their rows are noted in the
# last argument, and those that are in it already passed over. Raises StoreError.
Insert = Callable[[Sequence[Entry], str, Stored], Awaitable[None]]


class _StoppedError(Exception):
    """The collector stops; what is left stays in the spool."""


class Drain:
    """Takes what the journal closed to the store with ``insert``.

    A request that ClickHouse will not take goes to a file ``aside``, and what came after it need not
    wait. Only files put aside long before are given up for newer ones, logged and counted.
    """

    def __init__(
        self,
        journal: Journal,
        insert: Insert,
        aside: Aside,
        stats: Stats,
        retry_seconds: float = _FIRST_RETRY,
    ) -> None:
        self._journal = journal
        self._insert = insert
        self._aside = aside
        self._stats = stats
        self._retry_seconds = retry_seconds
        self._closing = asyncio.Event()

    async def run(self) -> None:
        """Drain until ``close``; what the store takes without delay is drained first."""
        while True:
            self._journal.sealed.clear()
            names = await self._journal.segments()
            try:
                for name in names:
                    await self._segment(name)
            except _StoppedError:
                _log.warning("up to %d segments stay in the spool for the next start", len(names))
                return
            if not names:
                if self._closing.is_set():
                    return
                await self._journal.sealed.wait()

    async def _segment(self, name: str) -> None:
        entries = await self._patiently(lambda: asyncio.to_thread(self._journal.entries, name))
        for signal in Signal:
            group = [entry for entry in entries if entry.signal == signal]
            if group:
                await self._store(group, f"{name}-{signal.name.lower()}")
        await self._patiently(lambda: self._journal.done(name, [entry.key for entry in entries]))
        self._stats.count("spanmesh_drained_segments_total")

    async def _patiently(self, work: Callable[[], Awaitable[list[Entry] | None]]) -> list[Entry]:
        """Try until it succeeds. Raises _StoppedError."""
        pause = self._retry_seconds
        while True:
            try:
                return await work() or []
            except (SpoolError, OSError) as error:
                _log.error("the spool cannot be drained, trying again: %s", error)
                pause = await self._wait(pause)

    async def _store(self, entries: Sequence[Entry], token: str, done: frozenset[str] = frozenset()) -> None:
        """Insert entries of one signal into all tables but ``done``. Raises _StoppedError."""
        pause, tries = self._retry_seconds, 0
        stored = dict.fromkeys(done, 0)
        while True:
            try:
                await self._insert(entries, token, stored)
            except StoreError as error:
                if isinstance(error, StatementError):
                    if len(entries) > 1:
                        break
                    tries += 1
                    if tries == _TRIES:
                        aside = partial(self._put_aside, entries[0], token, str(error))
                        await self._patiently(partial(asyncio.to_thread, aside))
                        return
                _log.warning("the store does not take what waits in the spool, trying again: %s", error)
                self._stats.count("spanmesh_failed_inserts_total", signal=entries[0].signal.name.lower())
                pause = await self._wait(pause)
            else:
                self._count(stored)
                return
        self._count(stored)
        # One request must not cost the others their place.
        half = len(entries) // 2
        await self._store(entries[:half], f"{token}-0", frozenset(stored))
        await self._store(entries[half:], f"{token}-1", frozenset(stored))

    def _count(self, stored: Stored) -> None:
        for table, rows in stored.items():
            if rows:
                self._stats.count("spanmesh_inserts_total", table=table)
                self._stats.count("spanmesh_stored_rows_total", rows, table=table)

    def _put_aside(self, entry: Entry, token: str, reason: str) -> None:
        """Raises OSError."""
        path, dropped = self._aside.put(token, entry.body)
        _log.error("ClickHouse does not take a request, it is kept in %s: %s", path, reason)
        self._stats.count("spanmesh_put_aside_requests_total", signal=entry.signal.name.lower())
        if dropped:
            self._stats.count("spanmesh_dropped_aside_requests_total", dropped)

    async def _wait(self, seconds: float) -> float:
        """Wait before the next try; how long to wait the time after. Raises _StoppedError."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        if self._closing.is_set():
            raise _StoppedError
        return min(2 * seconds, _LAST_RETRY)

    def close(self) -> None:
        """Let ``run`` end once the spool is empty, or the store fails."""
        self._closing.set()
        self._journal.sealed.set()
