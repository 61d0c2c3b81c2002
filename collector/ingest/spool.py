"""A durable queue of records on disk: an append-only log in segments.

``segment_file`` is the format of a segment. What ``append`` returned for is in the page cache and so outlives
the process, also when it is killed; after ``sync`` it outlives a loss of power. A segment found at the
start is never written to again, so only the tail of the newest one can be torn.
"""

import errno
import logging
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from collector.directory_lock import lock_directory
from collector.ingest.segment_file import MAGIC, SUFFIX, cut_torn_tail, flush, header, read_records
from proxy.contract.failure import ConfigError
from proxy.contract.option import named

_log = logging.getLogger(__name__)

# Nanoseconds of the epoch, then random digits. Names sort by age; the digits keep two collectors from ever
# using one name, since deduplication tokens in a store they share are made of it (see ``drain``).
_NAME: Final = re.compile(r"(\d{20})-[0-9a-f]{8}\.seg")
# Senders get another answer for a full disk than for a broken one: 429, with a longer pause.
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class SpoolError(Exception):
    """The disk failed; a later attempt may succeed."""


class SpoolFullError(SpoolError):
    """The spool has reached its limit or the disk is full; a later attempt may succeed."""


class Spool:
    """The log in one directory that no other process uses meanwhile.

    One thread may append, seal and remove while others sync, read segments and read the properties.
    """

    def __init__(
        self,
        directory: Path,
        limit_bytes: int,
        # One segment is one insert: large enough for few parts in ClickHouse, small enough to be decoded in
        # memory.
        segment_bytes: int = 8 << 20,
        *,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """Lock the directory and take over what an earlier process left in it.

        ``limit_bytes`` bounds the spool, ``segment_bytes`` is the size past which a segment is sealed and
        ``clock`` gives nanoseconds since the epoch. Raises ConfigError when the directory cannot be used.
        """
        self._directory = directory
        self._limit = limit_bytes
        self._segment_bytes = segment_bytes
        self._clock = clock
        self._sizes: dict[str, int] = {}  # bytes by segment, oldest first
        self._current = ""  # the segment that is appended to; empty when the next append begins one
        self._file = -1
        self._unsynced: set[str] = set()  # segments with bytes that only the page cache has
        self._created = False  # a segment was created whose directory entry only the page cache has
        self._guard = threading.Lock()  # of _unsynced and _created
        # Segments already reported: one that was found at the start is read twice, then and by the drain.
        self._damaged: set[str] = set()
        self._lost = 0
        try:
            self._lock = _lock(directory)
            self._recover()
        except OSError as error:
            raise ConfigError(
                f"the spool {directory}: {error.strerror}; make it a directory this user can write to, "
                f"or choose another one with {named('spool')}"
            ) from None

    @property
    def size(self) -> int:
        """Bytes of all segments on disk."""
        return sum(self._sizes.values())

    @property
    def segments(self) -> int:
        """The number of segments, the current one included."""
        return len(self._sizes)

    @property
    def oldest(self) -> float | None:
        """The creation time of the oldest segment in epoch seconds; None if the spool is empty."""
        name = next(iter(self._sizes), None)
        return None if name is None else _begun(name) / 1e9

    @property
    def damaged(self) -> int:
        """The number of segments found with a damaged record; the rest of each is lost."""
        return len(self._damaged)

    @property
    def lost(self) -> int:
        """Bytes from the first damaged record to the end, over all damaged segments."""
        return self._lost

    def append(self, records: Sequence[tuple[int, bytes]], sync: bool = False) -> None:
        """Append (kind, payload) records in one write; kinds are 0 to 255, payloads under 4 GiB.

        With ``sync`` they are on the disk on return, not in the page cache alone. Raises SpoolFullError at
        the limit or on a full disk and SpoolError when the disk fails; then none of them is kept, unless the
        process is killed before the write is undone: the first few may be kept in that case.
        """
        # One buffer and one write: many small writes would cost a system call each and could be torn between
        # any two.
        framed = b"".join(part for kind, payload in records for part in (header(kind, payload), payload))
        if not framed:
            return
        more = len(framed) + (0 if self._current else len(MAGIC))
        if self.size + more > self._limit:
            raise SpoolFullError(f"the spool holds {self.size} bytes, its limit is {self._limit}")
        try:
            if not self._current:
                self._begin()
            before = self._sizes[self._current]
            self._write(framed)
        except OSError as error:
            kind = SpoolFullError if error.errno in _FULL else SpoolError
            raise kind(f"the spool {self._directory}: {error.strerror}") from None
        if sync:
            self._sync_or_undo(before)
        if self._sizes[self._current] >= self._segment_bytes:
            self.seal()

    def _sync_or_undo(self, size: int) -> None:
        """Sync, or truncate the current segment to ``size`` and seal it. Raises SpoolError.

        The sender gets an error for its records and sends them again, so they must not stay. The
        segment is sealed because a second fsync on it could not be trusted: Linux reports a failed write-back
        once, marks the pages clean and then answers that all is written (PostgreSQL's "fsyncgate").
        """
        try:
            self.sync()
        except SpoolError:
            name = self._current
            self._undo(size)
            self.seal()
            with self._guard:
                self._unsynced.discard(name)  # what remains of it was synced before
            raise

    def sync(self) -> None:
        """Write everything appended so far to the disk. Raises SpoolError; the next call tries again."""
        with self._guard:
            # Taken out before the sync, so that bytes appended while it runs are marked again and not lost
            # from the set.
            names, self._unsynced = self._unsynced, set()
            created, self._created = self._created, False
        try:
            for name in sorted(names):
                with suppress(FileNotFoundError):  # drained meanwhile
                    # fdatasync: the file's size is written, its times are not, which saves a second
                    # write to the disk's journal.
                    flush(self._directory / f"{name}{SUFFIX}", os.fdatasync)
            # A new file is found after a loss of power only when its directory was synced as well.
            if created:
                flush(self._directory, os.fsync)
        except OSError as error:
            with self._guard:
                # Without the segments that were removed meanwhile: their files are gone.
                self._unsynced |= names & self._sizes.keys()
                self._created |= created
            raise SpoolError(f"the spool {self._directory}: {error.strerror}") from None

    def seal(self) -> None:
        """Close the current segment, so that it can be drained; the next append begins another."""
        if self._current:
            os.close(self._file)
            self._current = ""

    def sealed(self) -> list[str]:
        """Return the segments that are complete, oldest first."""
        return [name for name in self._sizes if name != self._current]

    def read(self, segment: str) -> Iterator[tuple[int, bytes]]:
        """Yield (kind, payload) of a segment in the order of ``append``.

        Ends early at a damaged record, which is logged and counted once: where the next one begins is not
        known then. Raises SpoolError when the file itself cannot be read.
        """
        path = self._directory / f"{segment}{SUFFIX}"
        good = len(MAGIC)
        try:
            for good, kind, payload in read_records(path):  # noqa: B007
                yield kind, payload
            rest = path.stat().st_size - good
        except OSError as error:
            raise SpoolError(f"{path}: {error.strerror}") from None
        if rest and segment not in self._damaged:
            self._damaged.add(segment)
            self._lost += rest
            _log.error("%s: the record at byte %d is damaged; %d bytes are lost", path, good, rest)

    def remove(self, segment: str) -> None:
        """Delete a sealed segment. Raises SpoolError."""
        try:
            (self._directory / f"{segment}{SUFFIX}").unlink(missing_ok=True)
        except OSError as error:
            raise SpoolError(f"the spool {self._directory}: {error.strerror}") from None
        self._sizes.pop(segment, None)
        with self._guard:
            self._unsynced.discard(segment)

    def close(self) -> None:
        """Seal the current segment and release the directory."""
        self.seal()
        os.close(self._lock)

    # Every segment found counts as sealed: none is current until the first append begins a new one.
    def _recover(self) -> None:
        """Take over the segments that an earlier process left. Raises OSError."""
        names = sorted(path.name for path in self._directory.iterdir() if _NAME.fullmatch(path.name))
        for name in names:
            path = self._directory / name
            size = path.stat().st_size
            # Only the newest was being written when the process ended; a bad record in an older one is damage
            # and is reported.
            if name == names[-1]:
                size = cut_torn_tail(path, size)
            if size <= len(MAGIC):
                path.unlink()
            else:
                # In order of name, which is the order of age: ``oldest`` and ``sealed`` rely on it.
                self._sizes[name.removesuffix(SUFFIX)] = size

    def _begin(self) -> None:
        """Create the current segment. Raises OSError and then leaves none.

        Its name is later than the newest one's, also after the clock was set back: names give the order.
        """
        newest = _begun(next(reversed(self._sizes))) if self._sizes else 0
        name = f"{max(self._clock(), newest + 1):020d}-{secrets.token_hex(4)}"
        path = self._directory / f"{name}{SUFFIX}"
        # O_EXCL: an existing file would be another collector's. O_APPEND: after ``_undo`` writes go to the
        # new end.
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o640)
        self._current = name
        self._sizes[name] = 0
        with self._guard:
            self._created = True
        try:
            self._write(MAGIC)
        except OSError:
            self.seal()
            self._sizes.pop(name)
            path.unlink(missing_ok=True)
            raise

    def _write(self, data: bytes) -> None:
        """Append all of ``data`` to the current segment. Raises OSError and then leaves nothing of it."""
        before = self._sizes[self._current]
        rest = memoryview(data)
        try:
            # A write may take less than it was given, on a disk that is nearly full for instance.
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            self._undo(before)
            raise
        self._sizes[self._current] = before + len(data)
        with self._guard:
            self._unsynced.add(self._current)

    def _undo(self, size: int) -> None:
        """Truncate the current segment to ``size`` bytes."""
        try:
            os.ftruncate(self._file, size)
            self._sizes[self._current] = size
        except OSError:
            # Nothing may be appended behind half a record: readers stop at it.
            _log.exception("the spool %s: part of a record stays in %s", self._directory, self._current)
            self.seal()


def _begun(segment: str) -> int:
    """Return when a segment was created, nanoseconds since the epoch."""
    return int(segment[:20])


def _lock(directory: Path) -> int:
    """Return the open lock file of a spool directory. Raises ConfigError and OSError."""
    try:
        return lock_directory(directory, "lock")
    except BlockingIOError:
        raise ConfigError(
            f"the spool {directory} is in use by another collector; stop that one or give this one a "
            f"directory of its own with {named('spool')}"
        ) from None
