"""Records that wait on disk: an append-only log in segments.

A segment is a file: eight bytes that name the format, then records. A record is its header, little
endian: payload length (4 bytes), kind (1 byte), CRC-32 of length, kind and payload (4 bytes); then
the payload. What ``append`` returned for is in the page cache and so outlives the process, also when
it is killed; after ``sync`` it outlives the machine. A segment found at the start is never written to
again, so only the tail of the newest one can be torn.
"""

import errno
import fcntl
import logging
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from struct import Struct
from typing import Final
from zlib import crc32

from proxy.contract.failure import ConfigError
from proxy.contract.option import named

_log = logging.getLogger(__name__)

_MAGIC: Final = b"smspool1"
_BODY: Final = Struct("<IB")
_HEADER: Final = Struct("<IBI")
_SUFFIX: Final = ".seg"
# Nanoseconds of the epoch, then chance: ids sort by age, and no two collectors ever share one.
_NAME: Final = re.compile(r"(\d{20})-[0-9a-f]{8}\.seg")
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class SpoolError(Exception):
    """The disk failed; the same may succeed later."""


class SpoolFullError(SpoolError):
    """There is no room, by the limit or on the disk; the same may succeed later."""


class Spool:
    """The log in one directory, which it has to itself.

    One thread may append, seal and remove while others sync, read segments and look at the properties.
    Raises ConfigError when the directory cannot be used.
    """

    def __init__(
        self,
        directory: Path,
        limit_bytes: int,
        segment_bytes: int = 8 << 20,
        *,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """``clock`` gives nanoseconds since the epoch."""
        self._directory = directory
        self._limit = limit_bytes
        self._segment_bytes = segment_bytes
        self._clock = clock
        self._sizes: dict[str, int] = {}  # by segment, oldest first
        self._current = ""
        self._file = -1
        self._unsynced: set[str] = set()
        self._created = False  # a file whose name is not yet safe on disk
        self._guard = threading.Lock()  # of _unsynced and _created
        self._damaged: set[str] = set()
        self._lost = 0
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(directory)
            self._recover()
        except OSError as error:
            raise ConfigError(
                f"the spool {directory}: {error.strerror}; make it a directory this user can write to, "
                f"or choose another one with {named('spool')}"
            ) from None

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(self._sizes.values())

    @property
    def segments(self) -> int:
        return len(self._sizes)

    @property
    def oldest(self) -> float | None:
        """When the oldest segment was begun, epoch seconds."""
        name = next(iter(self._sizes), None)
        return None if name is None else _begun(name) / 1e9

    @property
    def damaged(self) -> int:
        """Segments found with a record that cannot be read; what followed it is lost."""
        return len(self._damaged)

    @property
    def lost(self) -> int:
        """Bytes that could not be read in damaged segments."""
        return self._lost

    def append(self, records: Sequence[tuple[int, bytes]], sync: bool = False) -> None:
        """Write records (kind 0 to 255, payload under 4 GiB) in one go, with ``sync`` down to the disk.

        Raises SpoolFullError at the limit or on a full disk and SpoolError when the disk fails; then
        none of them is kept. When the process is killed meanwhile the first few of them may be.
        """
        framed = b"".join(part for kind, payload in records for part in (_header(kind, payload), payload))
        if not framed:
            return
        more = len(framed) + (0 if self._current else len(_MAGIC))
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
        """What is not known to be on the disk is not kept, or its sender's next try would be kept beside it.

        What comes next goes to another file: after a failure the system takes all of this one for written.
        Raises SpoolError.
        """
        try:
            self.sync()
        except SpoolError:
            name = self._current
            self._undo(size)
            self.seal()
            with self._guard:
                self._unsynced.discard(name)  # the rest of it was synced before
            raise

    def sync(self) -> None:
        """Make what was appended safe against a loss of power. Raises SpoolError."""
        with self._guard:
            names, self._unsynced = self._unsynced, set()
            created, self._created = self._created, False
        try:
            for name in sorted(names):
                with suppress(FileNotFoundError):  # drained meanwhile
                    _flush(self._directory / f"{name}{_SUFFIX}", os.fdatasync)
            if created:
                _flush(self._directory, os.fsync)
        except OSError as error:
            with self._guard:
                self._unsynced |= names & self._sizes.keys()
                self._created |= created
            raise SpoolError(f"the spool {self._directory}: {error.strerror}") from None

    def seal(self) -> None:
        """End the current segment, so that it can be drained; the next append begins another."""
        if self._current:
            os.close(self._file)
            self._current = ""

    def sealed(self) -> list[str]:
        """Segments nothing is appended to any more, oldest first."""
        return [name for name in self._sizes if name != self._current]

    def read(self, segment: str) -> Iterator[tuple[int, bytes]]:
        """Records (kind, payload) in the order they were appended.

        Ends early at a record that cannot be read, which is logged and counted once. Raises
        SpoolError when the file itself cannot be read.
        """
        path = self._directory / f"{segment}{_SUFFIX}"
        good = len(_MAGIC)
        try:
            for good, kind, payload in _records(path):  # noqa: B007
                yield kind, payload
            rest = path.stat().st_size - good
        except OSError as error:
            raise SpoolError(f"{path}: {error.strerror}") from None
        if rest and segment not in self._damaged:
            self._damaged.add(segment)
            self._lost += rest
            _log.error("%s: the record at byte %d cannot be read; %d bytes are lost", path, good, rest)

    def remove(self, segment: str) -> None:
        """Delete a sealed segment. Raises SpoolError."""
        try:
            (self._directory / f"{segment}{_SUFFIX}").unlink(missing_ok=True)
        except OSError as error:
            raise SpoolError(f"the spool {self._directory}: {error.strerror}") from None
        self._sizes.pop(segment, None)
        with self._guard:
            self._unsynced.discard(segment)

    def close(self) -> None:
        """Seal, and let another process have the directory."""
        self.seal()
        os.close(self._lock)

    def _recover(self) -> None:
        """Take over what an earlier process left. Raises OSError."""
        found = sorted(path.name for path in self._directory.iterdir() if _NAME.fullmatch(path.name))
        for name in found:
            path = self._directory / name
            size = path.stat().st_size
            if name == found[-1]:
                size = _trimmed(path, size)
            if size <= len(_MAGIC):
                path.unlink()
            else:
                self._sizes[name.removesuffix(_SUFFIX)] = size

    def _begin(self) -> None:
        """A new current segment. Raises OSError and then leaves none."""
        newest = _begun(next(reversed(self._sizes))) if self._sizes else 0
        name = f"{max(self._clock(), newest + 1):020d}-{secrets.token_hex(4)}"
        path = self._directory / f"{name}{_SUFFIX}"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o640)
        self._current = name
        self._sizes[name] = 0
        with self._guard:
            self._created = True
        try:
            self._write(_MAGIC)
        except OSError:
            self.seal()
            self._sizes.pop(name)
            path.unlink(missing_ok=True)
            raise

    def _write(self, data: bytes) -> None:
        """All of it at the end of the current segment, or raises OSError and nothing of it."""
        before = self._sizes[self._current]
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            self._undo(before)
            raise
        self._sizes[self._current] = before + len(data)
        with self._guard:
            self._unsynced.add(self._current)

    def _undo(self, size: int) -> None:
        try:
            os.ftruncate(self._file, size)
            self._sizes[self._current] = size
        except OSError:
            # Nothing may follow half a record: readers stop at it.
            _log.exception("the spool %s: half a record stays in %s", self._directory, self._current)
            self.seal()


def _header(kind: int, payload: bytes) -> bytes:
    return _HEADER.pack(len(payload), kind, crc32(payload, crc32(_BODY.pack(len(payload), kind))))


def _begun(segment: str) -> int:
    return int(segment[:20])


def _locked(directory: Path) -> int:
    """A file that is locked as long as it is open. Raises OSError, ConfigError."""
    file = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise ConfigError(
            f"the spool {directory} is in use by another collector; stop that one or give this one a "
            f"directory of its own with {named('spool')}"
        ) from None
    return file


def _flush(path: Path, flush: Callable[[int], None]) -> None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        flush(file)
    finally:
        os.close(file)


def _records(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Where a record ends, its kind and payload, up to the first that is cut off or wrong."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if file.read(len(_MAGIC)) != _MAGIC:
            return
        end = len(_MAGIC)
        while len(head := file.read(_HEADER.size)) == _HEADER.size:
            length, kind, check = _HEADER.unpack(head)
            end += _HEADER.size + length
            if end > size:
                return
            payload = file.read(length)
            if crc32(payload, crc32(head[: _BODY.size])) != check:
                return
            yield end, kind, payload


def _trimmed(path: Path, size: int) -> int:
    """Cut off a last record that was not written to its end; the size that is left."""
    good = len(_MAGIC)
    for end, _, _ in _records(path):
        good = end
    with path.open("rb+") as file:
        magic = file.read(len(_MAGIC))
        file.seek(good)
        head = file.read(_HEADER.size)
        whole = len(head) == _HEADER.size and good + _HEADER.size + _HEADER.unpack(head)[0] <= size
        if magic != _MAGIC[: len(magic)] or whole or good >= size:
            return size
        file.truncate(good)
    _log.warning("%s: cut off %d bytes of a record that was not written to its end", path, size - good)
    return good
