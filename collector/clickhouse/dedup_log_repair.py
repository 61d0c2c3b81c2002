"""Repair of the deduplication logs of a data directory, before an engine opens it.

A table that recognises repeated inserts writes the token of a block to its log and then renames the
part into place. An engine killed between the two would take the repeated insert for one it has, and
lose it. Such an entry names a part that neither exists nor was merged into a larger one: it is removed.
"""

import logging
import re
from pathlib import Path
from typing import Final

_log = logging.getLogger(__name__)

_LOGS: Final = "store/*/*/deduplication_logs/*.txt"
_PART: Final = re.compile(r"(.+)_(\d+)_(\d+)_\d+(?:_\d+)?")

Blocks = tuple[str, int, int]  # partition, first and last block


def forget_unfinished(data: Path) -> int:
    """Remove the entries of inserts that were cut off, and return their number. Raises OSError."""
    found = 0
    for log in data.glob(_LOGS):
        table = log.parent.parent
        parts = [blocks for entry in table.iterdir() if (blocks := _blocks(entry.name))]
        lines = log.read_text("utf-8").splitlines(keepends=True)
        kept = [line for line in lines if _known(line, parts)]
        if len(kept) < len(lines):
            found += len(lines) - len(kept)
            fresh = log.with_suffix(".tmp")
            fresh.write_text("".join(kept), "utf-8")
            fresh.replace(log)
    if found:
        _log.info("%d inserts were cut off when the engine ended; they are made again", found)
    return found


def _known(line: str, parts: list[Blocks]) -> bool:
    """True if the part that an entry ("operation, part, token") names exists, alone or merged."""
    fields = line.split("\t")
    named = _blocks(fields[1]) if len(fields) > 2 else None
    if named is None:
        return True
    partition, first, last = named
    return any(other == partition and low <= first and last <= high for other, low, high in parts)


def _blocks(name: str) -> Blocks | None:
    found = _PART.fullmatch(name)
    return (found[1], int(found[2]), int(found[3])) if found and not name.startswith("tmp") else None
