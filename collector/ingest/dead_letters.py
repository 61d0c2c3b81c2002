"""Requests that ClickHouse rejects, kept in files for an operator to look at."""

import logging
import os
from pathlib import Path
from typing import Final

_log = logging.getLogger(__name__)

_SUFFIX: Final = ".pb"


class DeadLetters:
    """A directory of at most ``limit`` bytes: the oldest files are deleted for new ones."""

    def __init__(self, directory: Path, limit: int) -> None:
        self._directory = directory
        self._limit = limit

    def put(self, name: str, body: bytes) -> tuple[Path, int]:
        """Write a request to a file; return its path and how many older files were deleted. Raises OSError.

        A request that alone is larger than the limit is kept, and is then the only one.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        path = self._directory / f"{name}{_SUFFIX}"
        # Room first: with the new file on disk before the old ones go, the directory would exceed its limit.
        dropped = self._make_room(len(body), path)
        path.write_bytes(body)
        return path, dropped

    def _make_room(self, needed: int, new: Path) -> int:
        """Delete the oldest files until ``needed`` bytes fit; return how many were deleted.

        A file of the name ``new`` does not count: after a crash the same request is put again.
        """
        files: list[tuple[int, Path, int]] = []
        for entry in os.scandir(self._directory):
            path = Path(entry.path)
            if path.suffix == _SUFFIX and path != new:
                status = entry.stat()
                files.append((status.st_mtime_ns, path, status.st_size))
        total, dropped = needed + sum(size for _, _, size in files), 0
        # By time of writing, not by name: names begin with the segment's, but a request may be put aside long
        # after its segment was begun.
        for _, path, size in sorted(files):
            if total <= self._limit:
                break
            path.unlink(missing_ok=True)
            total -= size
            dropped += 1
            _log.error("%s: deleted, as rejected requests may take %d bytes", path, self._limit)
        return dropped
