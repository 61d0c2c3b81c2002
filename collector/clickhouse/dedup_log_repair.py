"""Repair of the deduplication logs in a data directory after a crash, before the engine opens it.

A table with ``non_replicated_deduplication_window`` writes the token of an insert to its log and then renames
the part into place. Killed in between, the engine would take the repeated insert for a duplicate, and its
rows would be lost. Such a log entry names a part that neither exists nor was merged into a larger one.
"""

import logging
import re
from pathlib import Path
from typing import Final

_log = logging.getLogger(__name__)

_LOGS: Final = "store/*/*/deduplication_logs/*.txt"
_PART: Final = re.compile(r"(.+)_(\d+)_(\d+)_\d+(?:_\d+)?")

Blocks = tuple[str, int, int]  # partition id, first and last block of a part


def forget_unfinished(data: Path) -> int:
    """Remove the entries of unfinished inserts; return how many there were. Raises OSError."""
    removed = 0
    for log in data.glob(_LOGS):
        table = log.parent.parent
        # A part may have been merged since: then a larger part of the same partition covers its blocks.
        parts = [blocks for entry in table.iterdir() if (blocks := _blocks(entry.name))]
        lines = log.read_text("utf-8").splitlines(keepends=True)
        kept = [line for line in lines if _has_part(line, parts)]
        if len(kept) < len(lines):
            removed += len(lines) - len(kept)
            # Renamed into place, so that another crash leaves the old log or the new one.
            repaired = log.with_suffix(".tmp")
            repaired.write_text("".join(kept), "utf-8")
            repaired.replace(log)
    if removed:
        _log.info("%d inserts were cut off when the engine ended; they are made again", removed)
    return removed


def _has_part(line: str, parts: list[Blocks]) -> bool:
    """True if the part of an entry (operation, part and token, by tabs) exists, alone or merged.

    Also true for a line of another form: what is not understood is left alone.
    """
    fields = line.split("\t")
    named = _blocks(fields[1]) if len(fields) > 2 else None
    if named is None:
        return True
    partition, first, last = named
    return any(other == partition and low <= first and last <= high for other, low, high in parts)


def _blocks(name: str) -> Blocks | None:
    """Parse the name of a part, partition_first_last_level[_mutation]; None for other names."""
    match = _PART.fullmatch(name)
    # "tmp" parts are inserts or merges under way; the engine deletes them at its next start.
    return (match[1], int(match[2]), int(match[3])) if match and not name.startswith("tmp") else None
