"""Requests that ClickHouse will not take, in files: for someone to look at, within a set size."""

import logging
import os
from pathlib import Path
from typing import Final

_log = logging.getLogger(__name__)

_SUFFIX: Final = ".pb"


class Aside:
    """A directory that holds ``limit`` bytes at most: the oldest files make room for new ones."""

    def __init__(self, directory: Path, limit: int) -> None:
        self._directory = directory
        self._limit = limit

    def put(self, name: str, body: bytes) -> tuple[Path, int]:
        """The file of a request, and how many older ones were deleted for it. Raises OSError.

        A single request that is larger than the limit is kept, alone.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        path = self._directory / f"{name}{_SUFFIX}"
        dropped = self._make_room(len(body), path)
        path.write_bytes(body)
        return path, dropped

    def _make_room(self, more: int, mine: Path) -> int:
        held: list[tuple[int, Path, int]] = []
        for entry in os.scandir(self._directory):
            path = Path(entry.path)
            if path.suffix == _SUFFIX and path != mine:
                about = entry.stat()
                held.append((about.st_mtime_ns, path, about.st_size))
        size, dropped = more + sum(each[2] for each in held), 0
        for _, path, length in sorted(held):
            if size <= self._limit:
                break
            path.unlink(missing_ok=True)
            size -= length
            dropped += 1
            _log.error("%s: deleted, no more than %d bytes are put aside", path, self._limit)
        return dropped
