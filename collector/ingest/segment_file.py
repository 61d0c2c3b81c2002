"""The format of one spool segment, an append-only file of records.

A segment begins with eight bytes that name the format. A record is its header, little endian: payload
length (4 bytes), kind (1 byte), CRC-32 of length, kind and payload (4 bytes); then the payload. The checksum
covers the length too: a flipped bit in it would otherwise make the reader take payload for headers.
"""

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from struct import Struct
from typing import Final
from zlib import crc32

_log = logging.getLogger(__name__)

MAGIC: Final = b"smspool1"
SUFFIX: Final = ".seg"

_LENGTH_AND_KIND: Final = Struct("<IB")
_HEADER: Final = Struct("<IBI")


def header(kind: int, payload: bytes) -> bytes:
    """Return what precedes a payload (under 4 GiB) of a kind from 0 to 255."""
    checked = _LENGTH_AND_KIND.pack(len(payload), kind)
    return _HEADER.pack(len(payload), kind, crc32(payload, crc32(checked)))


def read_records(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Yield (end offset, kind, payload) of each record, up to the first that is cut off or damaged.

    Raises OSError.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if file.read(len(MAGIC)) != MAGIC:
            return
        end = len(MAGIC)
        # A header that is cut short is the end as well: the write of it did not finish.
        while len(head := file.read(_HEADER.size)) == _HEADER.size:
            length, kind, check = _HEADER.unpack(head)
            end += _HEADER.size + length
            # Before the read: a damaged length may ask for 4 GiB of memory.
            if end > size:
                return
            payload = file.read(length)
            if crc32(payload, crc32(head[: _LENGTH_AND_KIND.size])) != check:
                return
            yield end, kind, payload


def cut_torn_tail(path: Path, size: int) -> int:
    """Cut off a last record whose write did not finish; return the size of the file that remains.

    Only a record that ends past the end of the file is cut off. One that is there in full and fails its
    checksum was damaged later: it stays, to be reported by whoever reads the segment. Raises OSError.
    """
    good = len(MAGIC)
    for end, _, _ in read_records(path):
        good = end
    with path.open("rb+") as file:
        magic = file.read(len(MAGIC))
        file.seek(good)
        head = file.read(_HEADER.size)
        whole = len(head) == _HEADER.size and good + _HEADER.size + _HEADER.unpack(head)[0] <= size
        # A foreign file, a damaged record that is complete, or nothing behind the last good record: leave it
        # as it is.
        if magic != MAGIC[: len(magic)] or whole or good >= size:
            return size
        file.truncate(good)
    _log.warning("%s: removed %d bytes of a record whose write did not finish", path, size - good)
    return good


def flush(path: Path, sync: Callable[[int], None]) -> None:
    """Call ``sync`` (os.fsync or os.fdatasync) on a file or directory. Raises OSError."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        sync(file)
    finally:
        os.close(file)
