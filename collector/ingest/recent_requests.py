"""Requests that were acknowledged lately, so that one sent again is not stored again.

A sender that lost the answer sends the same bytes once more, perhaps to the collector that started
meanwhile. Digests of requests that wait in the spool are in the spool; those that left it are in a
file, the newest ``limit`` of them.
"""

import logging
import os
from collections import OrderedDict
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Final

_log = logging.getLogger(__name__)

SIZE: Final = 16
LIMIT: Final = 200_000


def digest(body: bytes) -> bytes:
    """What a request is known by: ``SIZE`` bytes."""
    return sha256(body).digest()[:SIZE]


class Seen:
    """Digests, oldest first; ``note`` and ``in`` from one thread, ``save`` from one thread."""

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        """What ``path`` holds from before; a file that cannot be read counts as empty."""
        self._path = path
        self._limit = limit
        self._known: OrderedDict[bytes, None] = OrderedDict()
        saved = b""
        try:
            saved = path.read_bytes()
        except FileNotFoundError:
            pass
        except OSError as error:
            _log.warning("%s: %s; requests repeated from before are not recognised", path, error.strerror)
        self._size = len(saved) // SIZE * SIZE
        for place in range(0, self._size, SIZE):
            self.note(saved[place : place + SIZE])

    def __contains__(self, key: bytes) -> bool:
        return key in self._known

    def note(self, key: bytes) -> None:
        """Remember it; past the limit the oldest is forgotten."""
        self._known[key] = None
        if len(self._known) > self._limit:
            self._known.popitem(last=False)

    def save(self, keys: Iterable[bytes]) -> None:
        """Add to the file. Raises OSError."""
        data = b"".join(keys)
        if self._size + len(data) > 2 * self._limit * SIZE:
            kept = self._path.read_bytes()[-self._limit * SIZE :]
            fresh = self._path.with_suffix(".new")
            fresh.write_bytes(kept)
            fresh.replace(self._path)
            self._size = len(kept)
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            # Where whole digests end: one cut off by a full disk is written over.
            os.pwrite(file, data, self._size)
        finally:
            os.close(file)
        self._size += len(data)
