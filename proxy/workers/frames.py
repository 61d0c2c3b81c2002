"""Messages between the parent of several workers and each of them: framing alone. Pure.

A frame is its length (4 bytes, big endian, of what follows), its kind (1 byte) and a payload. The
payloads are pickled: both ends are one program on one machine, joined by a socket nobody else has.
"""

import pickle
from enum import IntEnum
from struct import Struct
from typing import Any, Final

_HEAD: Final = Struct("!IB")


class Kind(IntEnum):
    """What a frame carries."""

    SPANS = 1  # encoded spans; from a worker
    REPORT = 2  # deltas, gauges and stats since the last one; from a worker
    VIEW = 3  # what the mesh knows; to a worker
    URGENT = 4  # the report before this one has news that others should hear of at once; from a worker


def frame(kind: Kind, content: object) -> bytes:
    """One message, ready to be written."""
    payload = pickle.dumps(content, pickle.HIGHEST_PROTOCOL)
    return _HEAD.pack(len(payload), kind) + payload


class Frames:
    """Bytes as they come, to whole messages."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[tuple[Kind, Any]]:
        """Every message that is complete now, in order."""
        rest = self._rest
        rest += data
        found = []
        start = 0
        while len(rest) - start >= _HEAD.size:
            size, kind = _HEAD.unpack_from(rest, start)
            end = start + _HEAD.size + size
            if len(rest) < end:
                break
            found.append((Kind(kind), pickle.loads(rest[start + _HEAD.size : end])))
            start = end
        del rest[:start]
        return found
