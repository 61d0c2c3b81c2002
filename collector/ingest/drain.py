"""The drain: segments of the spool into ClickHouse, one after the other, in the order they were written.

A segment always makes the same inserts under the same deduplication tokens, which are made of its name. So
an insert whose outcome is unknown (a crash, a lost answer) is repeated and adds nothing twice. A segment
leaves the spool when all of it is stored; while ClickHouse is slow or gone it waits there.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from collector.clickhouse.database import StatementError, StoreError
from collector.clickhouse.writer import Stored
from collector.ingest.dead_letters import DeadLetters
from collector.ingest.journal import Entry, Journal, Signal
from collector.ingest.spool import SpoolError
from collector.stats import Stats

_log = logging.getLogger(__name__)

_FIRST_RETRY: Final = 0.5  # seconds
_LAST_RETRY: Final = 10.0
# Attempts at a single request that ClickHouse rejects, before it goes to the dead letters: an error code may
# be taken for final that is not.
_ATTEMPTS: Final = 3

# Inserts requests of one signal under a token. Adds the tables that took their rows to the last argument
# and skips those that are in it already. Raises StoreError.
Insert = Callable[[Sequence[Entry], str, Stored], Awaitable[None]]


class _StoppedError(Exception):
    """The collector stops; the rest stays in the spool."""


class Drain:
    """The task that takes sealed segments of ``journal`` to the store with ``insert``.

    A request that ClickHouse rejects goes to ``dead_letters``, so that the requests behind it need not wait.
    """

    def __init__(
        self,
        journal: Journal,
        insert: Insert,
        dead_letters: DeadLetters,
        stats: Stats,
        retry_seconds: float = _FIRST_RETRY,
    ) -> None:
        self._journal = journal
        self._insert = insert
        self._dead_letters = dead_letters
        self._stats = stats
        self._retry_seconds = retry_seconds
        self._closing = asyncio.Event()

    async def run(self) -> None:
        """Drain until ``close``, and then on until the spool is empty or the store fails."""
        while True:
            # Cleared before the look, so that a segment sealed after it sets the event again.
            self._journal.segment_ready.clear()
            names = await self._journal.segments()
            try:
                for name in names:
                    await self._drain_segment(name)
            except _StoppedError:
                # "Up to": some segments of the list were drained before the stop.
                _log.warning("up to %d segments stay in the spool for the next start", len(names))
                return
            if not names:
                if self._closing.is_set():
                    return
                await self._journal.segment_ready.wait()

    async def _drain_segment(self, name: str) -> None:
        # Read in a thread of the pool and not in the journal's: sealed segments never change, and reading
        # several megabytes there would delay acknowledgements.
        entries = await self._retry(lambda: asyncio.to_thread(self._journal.entries, name))
        # The order of the signals and of the entries in each is always the same: a repeated insert must have
        # the same rows under the same token, or ClickHouse would drop rows that are new.
        for signal in Signal:
            group = [entry for entry in entries if entry.signal == signal]
            if group:
                await self._store(group, f"{name}-{signal.name.lower()}")
        # Only now: a crash before this line repeats the segment, and the tokens make that harmless.
        await self._retry(lambda: self._journal.remove(name, [entry.key for entry in entries]))
        self._stats.count("spanmesh_drained_segments_total")

    async def _retry(self, work: Callable[[], Awaitable[list[Entry] | None]]) -> list[Entry]:
        """Repeat ``work`` until the disk lets it succeed. Raises _StoppedError."""
        pause = self._retry_seconds
        while True:
            try:
                return await work() or []
            except (SpoolError, OSError) as error:
                _log.error("the spool cannot be drained, trying again: %s", error)
                pause = await self._wait(pause)

    async def _store(self, entries: Sequence[Entry], token: str, done: frozenset[str] = frozenset()) -> None:
        """Insert entries of one signal into all tables but ``done``. Raises _StoppedError."""
        pause, attempts = self._retry_seconds, 0
        # Tables of ``done`` count zero rows: their rows were counted with the group that stored them.
        stored = dict.fromkeys(done, 0)
        while True:
            try:
                await self._insert(entries, token, stored)
            except StoreError as error:
                if isinstance(error, StatementError):
                    # No use in repeating a group with a bad request in it: leave the loop and halve it.
                    if len(entries) > 1:
                        break
                    attempts += 1
                    if attempts == _ATTEMPTS:
                        write = partial(self._dead_letter, entries[0], token, str(error))
                        await self._retry(partial(asyncio.to_thread, write))
                        return
                _log.warning("the store does not accept what waits in the spool, trying again: %s", error)
                self._stats.count("spanmesh_failed_inserts_total", signal=entries[0].signal.name.lower())
                pause = await self._wait(pause)
            else:
                self._count(stored)
                return
        self._count(stored)
        # A request of the group is bad: halve until it is alone, so that the others are stored. Each half has
        # a token of its own, or ClickHouse would take the second for a repetition of the first, and skips
        # the tables that took the whole group.
        half = len(entries) // 2
        await self._store(entries[:half], f"{token}-0", frozenset(stored))
        await self._store(entries[half:], f"{token}-1", frozenset(stored))

    def _count(self, stored: Stored) -> None:
        for table, rows in stored.items():
            if rows:
                self._stats.count("spanmesh_inserts_total", table=table)
                self._stats.count("spanmesh_stored_rows_total", rows, table=table)

    def _dead_letter(self, entry: Entry, token: str, reason: str) -> None:
        """Move a request to the dead letters. Raises OSError."""
        path, dropped = self._dead_letters.put(token, entry.body)
        _log.error("ClickHouse rejects a request, it is kept in %s: %s", path, reason)
        self._stats.count("spanmesh_put_aside_requests_total", signal=entry.signal.name.lower())
        if dropped:
            self._stats.count("spanmesh_dropped_aside_requests_total", dropped)

    async def _wait(self, seconds: float) -> float:
        """Wait ``seconds``; return how long to wait before the next attempt but one. Raises _StoppedError."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        if self._closing.is_set():
            raise _StoppedError
        return min(2 * seconds, _LAST_RETRY)

    def close(self) -> None:
        """Let ``run`` return once the spool is empty or the store fails."""
        self._closing.set()
        # ``run`` may be waiting for a segment that will never come.
        self._journal.segment_ready.set()
