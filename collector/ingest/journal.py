"""Where requests become durable: appended to the spool, many in one write, then acknowledged.

The disk is left to a thread of its own. While it writes, the next requests gather and go in one
write after it. A segment is closed when it is large enough, or ``seconds`` after its first request if
none waits to be drained: an insert costs much whatever it holds, so while the store has enough to do
requests gather for the next one.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import Final, TypeVar

from collector.ingest.recent_requests import SIZE, Seen
from collector.ingest.spool import Spool, SpoolError, SpoolFullError

_HEAD: Final = Struct(f"<{SIZE}sI")
T = TypeVar("T")


class Signal(IntEnum):
    """What a record holds: the protobuf export request of one signal."""

    TRACES = 1
    METRICS = 2
    LOGS = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """One acknowledged request: its digest, how many spans, points or records, and its bytes."""

    signal: Signal
    key: bytes
    count: int
    body: bytes


class Journal:
    """The spool as the event loop sees it; ``sync``: an answer waits until the disk has the data."""

    def __init__(self, spool: Spool, seen: Seen, seconds: float, sync: bool) -> None:
        self._spool = spool
        self._seen = seen
        self._seconds = seconds
        self._sync = sync
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._waiting: list[tuple[Entry, asyncio.Future[None]]] = []
        self._flying: dict[bytes, asyncio.Future[None]] = {}
        self._some = asyncio.Event()
        self._closing = False
        self.sealed = asyncio.Event()  # there is a segment to drain
        for segment in spool.sealed():
            for entry in self.entries(segment):
                seen.note(entry.key)

    def __contains__(self, key: bytes) -> bool:
        """Whether a request of this digest was acknowledged lately."""
        return key in self._seen

    def coming(self, key: bytes) -> bool:
        """Whether a request of this digest is on its way to the disk."""
        return key in self._flying

    async def keep(self, entry: Entry) -> None:
        """Return when the entry is durable. Raises SpoolFullError and SpoolError; it is not kept then.

        An entry that is on its way already is not written twice.
        """
        future = self._flying.get(entry.key)
        if future is None:
            if self._closing:
                raise SpoolError("the collector is stopping")
            future = self._flying[entry.key] = asyncio.get_running_loop().create_future()
            # Its sender may be gone by then, and no one wait for it.
            future.add_done_callback(lambda done: done.exception())
            self._waiting.append((entry, future))
            self._some.set()
        await asyncio.shield(future)

    async def run(self) -> None:
        """Write what comes until ``close``; what came before is written and its segment closed."""
        loop = asyncio.get_running_loop()
        due: float | None = None  # when the open segment is to be closed
        behind = False  # it is time, and another one waits to be drained
        while not self._closing or self._waiting:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(None if behind else due):
                    await self._some.wait()
            self._some.clear()
            group, self._waiting = self._waiting, []
            if group:
                await self._write(group)
                due = loop.time() + self._seconds if due is None else due
            if due is not None and loop.time() >= due:
                behind = not await self._in_thread(self._seal_next)
                if not behind:
                    due = None
                    self.sealed.set()
        await self._in_thread(self._spool.seal)
        self.sealed.set()

    def _seal_next(self) -> bool:
        """In the thread: close the open segment unless another one waits to be drained."""
        if self._spool.sealed():
            return False
        self._spool.seal()
        return True

    async def _write(self, group: Sequence[tuple[Entry, "asyncio.Future[None]"]]) -> None:
        def append() -> tuple[list[SpoolError | None], bool]:
            return self._append([entry for entry, _ in group]), bool(self._spool.sealed())

        outcomes, full = await self._in_thread(append)
        if full:
            self.sealed.set()
        for (entry, future), error in zip(group, outcomes, strict=True):
            del self._flying[entry.key]
            if error is None:
                self._seen.note(entry.key)
                future.set_result(None)
            else:
                future.set_exception(error)

    def _append(self, entries: Sequence[Entry]) -> list[SpoolError | None]:
        """In the thread: all in one write, or each for itself when together they do not fit."""
        try:
            self._spool.append(
                [(entry.signal, _HEAD.pack(entry.key, entry.count) + entry.body) for entry in entries],
                sync=self._sync,
            )
        except SpoolFullError as error:
            if len(entries) == 1:
                return [error]
            return [outcome for entry in entries for outcome in self._append([entry])]
        except SpoolError as error:
            return [error] * len(entries)
        return [None] * len(entries)

    def entries(self, segment: str) -> list[Entry]:
        """What a closed segment holds, from any thread. Raises SpoolError."""
        found = []
        for kind, payload in self._spool.read(segment):
            key, count = _HEAD.unpack_from(payload)
            found.append(Entry(Signal(kind), key, count, payload[_HEAD.size :]))
        return found

    async def segments(self) -> list[str]:
        """Closed segments, oldest first."""
        return await self._in_thread(self._spool.sealed)

    async def done(self, segment: str, keys: Sequence[bytes]) -> None:
        """Give up a segment whose entries are stored. Raises SpoolError and OSError."""

        def forget() -> None:
            self._seen.save(keys)
            self._spool.remove(segment)

        await self._in_thread(forget)
        self._some.set()  # the open one may be next

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def close(self) -> None:
        """Take nothing more; ``run`` returns when what waits is written."""
        self._closing = True
        self._some.set()

    def end(self) -> None:
        """Release the thread and the directory, once nothing is drained any more."""
        self._thread.shutdown()
        self._spool.close()
