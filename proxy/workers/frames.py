"""The framing of messages between the supervisor of several workers and each of them. Pure.

A frame is its length (4 bytes, big endian, of what follows), its kind (1 byte) and a payload. The
payloads are pickled, which is safe here alone: both ends are one program on one machine, joined by a
socket pair that nobody else has.
"""

import pickle
from enum import IntEnum
from struct import Struct
from typing import Any, Final

_HEAD: Final = Struct("!IB")


class FrameKind(IntEnum):
    """The content of a frame."""

    SPANS = 1  # encoded spans; from a worker
    REPORT = 2  # deltas, gauges and stats since the last one; from a worker
    VIEW = 3  # the view of the mesh; to a worker
    URGENT = 4  # the report before this one must be passed on at once; from a worker


def encode(kind: FrameKind, content: object) -> bytes:
    """Return one message as the bytes of its frame."""
    payload = pickle.dumps(content, pickle.HIGHEST_PROTOCOL)
    return _HEAD.pack(len(payload), kind) + payload


class FrameDecoder:
    """Cuts the bytes of a connection into whole messages."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[tuple[FrameKind, Any]]:
        """Return every message that is complete now, in order."""
        rest = self._rest
        rest += data
        found = []
        start = 0
        while len(rest) - start >= _HEAD.size:
            size, kind = _HEAD.unpack_from(rest, start)
            end = start + _HEAD.size + size
            # A frame larger than one read: keep what is there until the rest has come.
            if len(rest) < end:
                break
            found.append((FrameKind(kind), pickle.loads(rest[start + _HEAD.size : end])))
            start = end
        del rest[:start]
        return found
