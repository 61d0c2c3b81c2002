"""Group commit: requests are appended to the spool, many in one write, and then acknowledged.

The disk is left to a thread of its own. While it writes, the next requests gather and go in one write
after it. A segment is sealed when it is large enough, or ``seconds`` after its first request if no other one
waits to be drained: an insert into ClickHouse has a high fixed cost (a part in each table and view), so while
the store is busy requests gather for the next insert.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import Final, TypeVar

from collector.ingest.recent_requests import DIGEST_BYTES, RecentRequests
from collector.ingest.spool import Spool, SpoolError, SpoolFullError

_HEAD: Final = Struct(f"<{DIGEST_BYTES}sI")  # digest and count, before the body
T = TypeVar("T")


class Signal(IntEnum):
    """The OTLP signal of a request; the value is the record's kind in the spool, so it never changes."""

    TRACES = 1
    METRICS = 2
    LOGS = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """One request: its digest, the number of its spans, points or records, and its protobuf bytes."""

    signal: Signal
    key: bytes
    count: int
    body: bytes


class Journal:
    """The spool as the event loop uses it; with ``sync`` an entry is durable once fsync returned.

    Without ``sync`` it is durable once the page cache has it: it survives the process, not a loss of power.
    ``segment_ready`` is set whenever there may be a segment to drain.
    """

    def __init__(self, spool: Spool, recent: RecentRequests, seconds: float, sync: bool) -> None:
        self._spool = spool
        self._recent = recent
        self._seconds = seconds
        self._sync = sync
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._waiting: list[tuple[Entry, asyncio.Future[None]]] = []
        self._in_flight: dict[bytes, asyncio.Future[None]] = {}
        self._wake = asyncio.Event()  # of ``run``
        self._closing = False
        self.segment_ready = asyncio.Event()
        # Requests still in the spool are not in the file of digests yet; that file is written when they leave
        # the spool. So the spool is read once at the start.
        for segment in spool.sealed():
            for entry in self.entries(segment):
                recent.add(entry.key)

    def __contains__(self, key: bytes) -> bool:
        """True if a request of this digest was acknowledged recently."""
        return key in self._recent

    def is_pending(self, key: bytes) -> bool:
        """True if a request of this digest is being written."""
        return key in self._in_flight

    async def persist(self, entry: Entry) -> None:
        """Return when the entry is durable. Raises SpoolFullError and SpoolError; it is not kept then.

        An entry that is being written already is not written twice.
        """
        future = self._in_flight.get(entry.key)
        if future is None:
            # ``run`` may have written its last group: nobody would ever complete this future.
            if self._closing:
                raise SpoolError("the collector is stopping")
            future = self._in_flight[entry.key] = asyncio.get_running_loop().create_future()
            # The sender may have disconnected, so nobody may await this future; asyncio would log
            # an exception that was never retrieved.
            future.add_done_callback(lambda done: done.exception())
            self._waiting.append((entry, future))
            self._wake.set()
        # Shielded: one sender that gives up must not cancel the write another one waits for.
        await asyncio.shield(future)

    async def run(self) -> None:
        """Write entries until ``close``; those that came before it are written and their segment sealed."""
        loop = asyncio.get_running_loop()
        due: float | None = None  # when the current segment is to be sealed
        behind = False  # it is due, and another one still waits to be drained
        while not self._closing or self._waiting:
            with suppress(TimeoutError):
                # While behind there is nothing to do at ``due``: ``remove`` wakes this loop when the drain
                # has caught up.
                async with asyncio.timeout_at(None if behind else due):
                    await self._wake.wait()
            self._wake.clear()
            group, self._waiting = self._waiting, []
            if group:
                await self._write(group)
                # Counted from the first request of the segment, not from the last one: a steady stream would
                # otherwise postpone the seal for ever.
                due = loop.time() + self._seconds if due is None else due
            if due is not None and loop.time() >= due:
                behind = not await self._in_thread(self._seal_unless_behind)
                if not behind:
                    due = None
                    self.segment_ready.set()
        # Sealed so that the drain, which stops after this loop, still takes it to the store.
        await self._in_thread(self._spool.seal)
        self.segment_ready.set()

    def _seal_unless_behind(self) -> bool:
        """Seal the current segment unless another one waits to be drained; True if sealed. In the thread."""
        if self._spool.sealed():
            return False
        self._spool.seal()
        return True

    async def _write(self, group: Sequence[tuple[Entry, "asyncio.Future[None]"]]) -> None:
        """Append a group and complete the futures of its entries."""

        def append() -> tuple[list[SpoolError | None], bool]:
            return self._append([entry for entry, _ in group]), bool(self._spool.sealed())

        # ``append`` seals a segment that has become large enough; ask in the same visit to the thread whether
        # it did.
        outcomes, any_sealed = await self._in_thread(append)
        if any_sealed:
            self.segment_ready.set()
        for (entry, future), error in zip(group, outcomes, strict=True):
            # On the event loop and without an await in between: at no moment is a digest neither in flight
            # nor recent.
            del self._in_flight[entry.key]
            if error is None:
                self._recent.add(entry.key)
                future.set_result(None)
            else:
                future.set_exception(error)

    def _append(self, entries: Sequence[Entry]) -> list[SpoolError | None]:
        """Append all entries in one write, or one by one where not all fit; return the outcomes.

        One by one, small requests still fit into a spool that is nearly full. Runs in the thread.
        """
        try:
            self._spool.append(
                [(entry.signal, _HEAD.pack(entry.key, entry.count) + entry.body) for entry in entries],
                sync=self._sync,
            )
        except SpoolFullError as error:
            if len(entries) == 1:
                return [error]
            # One level of recursion only: a group of one returns above.
            return [outcome for entry in entries for outcome in self._append([entry])]
        except SpoolError as error:
            return [error] * len(entries)
        return [None] * len(entries)

    def entries(self, segment: str) -> list[Entry]:
        """Read the entries of a sealed segment; from any thread. Raises SpoolError."""
        entries = []
        for kind, payload in self._spool.read(segment):
            key, count = _HEAD.unpack_from(payload)
            entries.append(Entry(Signal(kind), key, count, payload[_HEAD.size :]))
        return entries

    async def segments(self) -> list[str]:
        """Return the sealed segments, oldest first."""
        return await self._in_thread(self._spool.sealed)

    async def remove(self, segment: str, keys: Sequence[bytes]) -> None:
        """Delete a segment whose entries are stored. Raises SpoolError and OSError.

        Digests are saved first. A crash in between leaves the segment, which is drained again under the same
        deduplication tokens. The other order would lose the digests, and a repeated request would be stored
        twice.
        """

        def save_and_remove() -> None:
            self._recent.save(keys)
            self._spool.remove(segment)

        await self._in_thread(save_and_remove)
        self._wake.set()  # the current segment may be overdue

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def close(self) -> None:
        """Accept no more entries; ``run`` returns when those that wait are written."""
        self._closing = True
        self._wake.set()

    def release(self) -> None:
        """End the thread and release the directory, once the drain has stopped as well."""
        self._thread.shutdown()
        self._spool.close()
