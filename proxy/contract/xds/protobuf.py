"""Parsing of protobuf messages and durations, with errors for the sender of a bad resource."""

from typing import Final, TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError, Message

M = TypeVar("M", bound=Message)
_NANOS: Final = 1_000_000_000


class BadResourceError(ValueError):
    """A resource that cannot be used: keep the last good one and reject it with this text.

    ``usable`` is what can be used of it all the same, decoded; None for nothing.
    """

    def __init__(self, text: str, usable: object = None) -> None:
        super().__init__(text)
        self.usable = usable


def parse(message: M, body: bytes) -> M:
    """Fill a message from bytes and return it. Raises BadResourceError."""
    try:
        message.ParseFromString(body)
    except DecodeError:
        raise BadResourceError(f"{type(message).__name__} does not parse") from None
    return message


def set_duration(field: Duration, seconds: float) -> None:
    """Set a duration, even one of 0: for an absent one Envoy has a default of its own."""
    field.SetInParent()
    field.FromNanoseconds(round(seconds * _NANOS))


def read_seconds(owner: str, field: Duration) -> float:
    """Return a duration in seconds; ``owner`` is named in the error. Raises BadResourceError."""
    seconds = (field.seconds * _NANOS + field.nanos) / _NANOS
    if not 0 <= seconds <= 86400:
        raise BadResourceError(f"{owner}: a duration of {seconds:g} s is not within 0 to a day")
    return seconds
