"""Recognition of requests that their senders repeat, so that each is counted and stored once.

A sender that lost the answer sends the same bytes once more, perhaps to the collector that started
meanwhile. OTLP gives requests no id, so a digest of the bytes serves as one.
"""

import logging
import os
from collections import OrderedDict
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Final

_log = logging.getLogger(__name__)

DIGEST_BYTES: Final = 16
# At 16 bytes each 3.2 MB on disk. A sender that repeats does so within seconds or minutes, and this many
# requests are hours for most meshes.
_LIMIT: Final = 200_000


def digest(body: bytes) -> bytes:
    """Return the ``DIGEST_BYTES`` bytes that identify a request.

    Cryptographic, since equal digests make a request disappear and anyone may send one: a checksum's
    collisions can be made at will. Half of SHA-256 is enough for 200,000 requests.
    """
    return sha256(body).digest()[:DIGEST_BYTES]


class RecentRequests:
    """Digests of acknowledged requests, the newest ``limit`` of them, through restarts.

    Those of requests in the spool are in the spool, and ``journal`` adds them at the start; ``save`` writes
    those that leave it to a file. ``add`` and ``in`` are for one thread and ``save`` for one thread.
    """

    def __init__(self, path: Path, limit: int = _LIMIT) -> None:
        """Load the file at ``path``; one that cannot be read counts as empty.

        The cost of that is a duplicate where a sender repeats a request across the restart, which is
        less than a collector that does not start.
        """
        self._path = path
        self._limit = limit
        self._digests: OrderedDict[bytes, None] = OrderedDict()
        saved = b""
        try:
            saved = path.read_bytes()
        except FileNotFoundError:
            pass
        except OSError as error:
            _log.warning("%s: %s; requests repeated from before are not recognised", path, error.strerror)
        # Whole digests only: a crash may have left part of the last one, which the next ``save`` overwrites.
        self._size = len(saved) // DIGEST_BYTES * DIGEST_BYTES
        for offset in range(0, self._size, DIGEST_BYTES):
            self.add(saved[offset : offset + DIGEST_BYTES])

    def __contains__(self, key: bytes) -> bool:
        return key in self._digests

    def add(self, key: bytes) -> None:
        """Remember a digest; past the limit the oldest is forgotten."""
        self._digests[key] = None
        if len(self._digests) > self._limit:
            self._digests.popitem(last=False)

    def save(self, keys: Iterable[bytes]) -> None:
        """Append digests to the file. Raises OSError."""
        data = b"".join(keys)
        # Rewritten at twice the limit only, so that most calls are one write of a few hundred bytes.
        if self._size + len(data) > 2 * self._limit * DIGEST_BYTES:
            newest = self._path.read_bytes()[-self._limit * DIGEST_BYTES :]
            replacement = self._path.with_suffix(".new")
            replacement.write_bytes(newest)
            replacement.replace(self._path)
            self._size = len(newest)
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            # At the last whole digest, not at the end: a digest cut off by a full disk is overwritten.
            os.pwrite(file, data, self._size)
        finally:
            os.close(file)
        self._size += len(data)


class UnstoredRequests:
    """Digests of requests that the engine counted and that were not made durable, the newest ``limit``.

    Their senders were asked to repeat them; the engine must not count them a second time.
    """

    # Fewer than of ``RecentRequests``: a request is in here only between a refusal and its repetition.
    def __init__(self, limit: int = 10_000) -> None:
        self._digests: OrderedDict[bytes, None] = OrderedDict()
        self._limit = limit

    def add(self, key: bytes) -> None:
        """Remember a digest; past the limit the oldest is forgotten."""
        self._digests[key] = None
        if len(self._digests) > self._limit:
            self._digests.popitem(last=False)

    def discard(self, key: bytes) -> bool:
        """Forget a digest; True if it was there. A repetition that fails again is added again."""
        # Forgotten at once: the repetition is on its way into the store, which remembers it from then on.
        known = key in self._digests
        self._digests.pop(key, None)
        return known
